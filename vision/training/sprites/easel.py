"""A sprite in the making: parts are drawn from the back to the front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import BoolArray, FloatArray, ImageU8

Rng = np.random.Generator

HEIGHT_PX = 160
MARGIN_PX = 24  # room for a lid, and for what sticks out
FLOOR = MARGIN_PX + HEIGHT_PX
#: BGR in [0, 1]: dark green, black, grey, steel, brown, blue, red, yellow, orange.
_PAINTS = (
    (0.16, 0.24, 0.12),
    (0.08, 0.08, 0.08),
    (0.4, 0.4, 0.4),
    (0.72, 0.7, 0.68),
    (0.15, 0.22, 0.32),
    (0.6, 0.3, 0.12),
    (0.15, 0.13, 0.6),
    (0.2, 0.7, 0.85),
    (0.15, 0.4, 0.85),
)


@dataclass(frozen=True, eq=False, slots=True)
class Sprite:
    """A drawn thing, cut out.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        alpha: (H, W) float32 in [0, 1].
        label: its class; None for what is none of ours.
    """

    image: ImageU8
    alpha: FloatArray
    label: str | None


class Easel:
    """Where one sprite is drawn; the ground is at row ``FLOOR``."""

    def __init__(self, width: int, rng: Rng) -> None:
        """Start empty, ``width`` pixels between the margins."""
        size = HEIGHT_PX + 2 * MARGIN_PX, width + 2 * MARGIN_PX
        self.rng = rng
        self.middle = size[1] // 2
        self._colour = np.zeros((*size, 3), np.float32)
        self._alpha = np.zeros(size, np.float32)

    def polygon(self, outline: NDArray[Any], shade: NDArray[Any]) -> None:
        """Fill a polygon (N, 2) of pixels with BGR in [0, 1]."""
        points = [np.asarray(outline).astype(np.int32)]
        cv2.fillPoly(self._colour, points, [float(v) for v in shade])
        cv2.fillPoly(self._alpha, points, [1.0])

    def ellipse(
        self,
        at: tuple[int, int],
        axes: tuple[int, int],
        shade: NDArray[Any],
        *,
        half_only: bool = False,
    ) -> None:
        """Fill an ellipse around ``at``, or its upper half."""
        start = 180 if half_only else 0
        outline = cv2.ellipse2Poly(at, axes, 0, start, 360, 10)
        self.polygon(np.asarray(outline), shade)

    def trapeze(
        self,
        foot: tuple[int, int],
        half: int,
        ridge: int,
        tall: int,
        shade: NDArray[Any],
    ) -> None:
        """Fill between half-widths ``half`` at the foot and ``ridge`` above it."""
        x, y = foot
        corners = [(x - half, y), (x + half, y), (x + ridge, y - tall)]
        self.polygon(np.array([*corners, (x - ridge, y - tall)]), shade)

    def surface(self, inside: BoolArray, colour: FloatArray) -> None:
        """Paint what a mask (H, W) shows of a picture (H, W, 3)."""
        self._colour[inside] = colour[inside]
        self._alpha[inside] = 1.0

    def crumple(self, outline: NDArray[Any], shade: NDArray[Any], depth: float) -> None:
        """Fill a polygon that is lit from one side and folded, as foil and paper.

        Args:
            outline: (N, 2) pixels.
            shade: (3,) BGR in [0, 1].
            depth: of the folds: standard deviation, in shares of the shade.
        """
        height, width = self.shape
        x, y, w, h = cv2.boundingRect(np.asarray(outline).astype(np.int32))
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if x1 <= x0 or y1 <= y0:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [(np.asarray(outline) - (x0, y0)).astype(np.int32)], 1)
        lit = self._folds((y1 - y0, x1 - x0), depth)[..., None]
        inside = mask > 0
        part = (lit * np.asarray(shade)).astype(np.float32)
        self._colour[y0:y1, x0:x1][inside] = part[inside]
        self._alpha[y0:y1, x0:x1][inside] = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels, margins included."""
        height, width = self._alpha.shape
        return height, width

    def cut_out(self, label: str | None) -> Sprite:
        """Return what shows, exposed at random, with a little grain."""
        grain = self.rng.normal(0, 0.015, self._colour.shape)
        exposed = self._colour * self.rng.uniform(0.75, 1.2) + grain
        image = (exposed.clip(0, 1) * 255).astype(np.uint8)
        y, x = (np.flatnonzero(self._alpha.any(axis=axis)) for axis in (1, 0))
        cut = slice(y[0], y[-1] + 1), slice(x[0], x[-1] + 1)
        return Sprite(image[cut], self._alpha[cut], label)

    def _folds(self, shape: tuple[int, int], depth: float) -> FloatArray:
        """Return a factor per pixel: lit from above and one side, with folds."""
        height, width = shape
        down = np.linspace(0.15, -0.25, height, dtype=np.float32)[:, None]
        slope = np.float32(self.rng.uniform(-0.25, 0.25))
        field = 1 + down + np.linspace(-slope, slope, width, dtype=np.float32)
        for cell, part in ((12, depth), (4, depth / 2)):
            few = self.rng.normal(0, part, (height // cell + 2, width // cell + 2))
            field += cv2.resize(few.astype(np.float32), (width, height))
        return np.asarray(field.clip(0.25, 2.0), np.float32)


def any_paint(rng: Rng) -> FloatArray:
    """Return a street colour (3,), BGR in [0, 1]."""
    base = np.array(_PAINTS[int(rng.integers(len(_PAINTS)))], np.float32)
    varied = base * rng.uniform(0.7, 1.3) + rng.normal(0, 0.04, 3)
    return varied.clip(0.02, 1).astype(np.float32)
