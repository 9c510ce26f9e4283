"""Draw litter bins of other cities: cylinders, hooded boxes, containers.

Our pictures of bins are of one country's: green boxes on wheels. Elsewhere they
are slatted steel cylinders, baskets on a post, concrete pots. Shape, texture,
colour and light are drawn at random, far wider than reality, so that what stays
in common is learnt (Tobin et al. 2017, "Domain Randomization").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import FloatArray, ImageU8
from vision.training.chance import happens

Rng = np.random.Generator

_HEIGHT_PX = 160
_MARGIN_PX = 24  # room for a lid, and for refuse that sticks out
_FLOOR = _MARGIN_PX + _HEIGHT_PX
_DARK = 0.12
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
    """A drawn bin, cut out.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        alpha: (H, W) float32 in [0, 1].
        overflowing: whether refuse stands over its rim.
    """

    image: ImageU8
    alpha: FloatArray
    overflowing: bool


@dataclass(frozen=True, slots=True)
class _Shape:
    """Outline of a bin, in pixels of the sprite.

    Attributes:
        round: a cylinder; else a box seen from its front and a little above.
        width: at the rim.
        top: row of the rim.
        bottom: row of the foot.
        foot: width at the foot, in widths at the rim.
        tilt: height of the open top, in widths.
    """

    round: bool
    width: int
    top: int
    bottom: int
    foot: float
    tilt: float


def draw_bin(rng: Rng) -> Sprite:
    """Draw one bin.

    Args:
        rng: source of chance.

    Returns:
        The sprite, cut to what shows.
    """
    easel = _Easel(_shape(rng), rng)
    overflowing = happens(rng, 0.3)
    easel.stand()
    easel.body()
    easel.mouth()
    if overflowing:
        easel.refuse()
    elif happens(rng, 0.65):
        easel.hood()
    if happens(rng, 0.4):
        easel.sticker()
    image, alpha = easel.cut_out()
    return Sprite(image, alpha, overflowing)


def _shape(rng: Rng) -> _Shape:
    top = _MARGIN_PX + int(rng.uniform(0.0, 0.15) * _HEIGHT_PX)
    raised = happens(rng, 0.2)  # a basket on a post
    bottom = _FLOOR - (int(rng.uniform(0.25, 0.5) * _HEIGHT_PX) if raised else 0)
    wide = not raised and happens(rng, 0.15)  # a container
    aspect = rng.uniform(1.0, 1.7) if wide else rng.uniform(0.42, 0.9)
    return _Shape(
        round=not wide and happens(rng, 0.65),
        width=int((bottom - top) * aspect),
        top=top,
        bottom=bottom,
        foot=float(rng.uniform(0.7, 1.0) if happens(rng, 0.5) else 1.0),
        tilt=float(rng.uniform(0.04, 0.35)),
    )


class _Easel:
    """A sprite in the making; parts are drawn from the back to the front."""

    def __init__(self, shape: _Shape, rng: Rng) -> None:
        """Choose a paint; nothing shows yet."""
        size = _HEIGHT_PX + 2 * _MARGIN_PX, shape.width + 2 * _MARGIN_PX
        self._colour = np.zeros((*size, 3), np.float32)
        self._alpha = np.zeros(size, np.float32)
        self._shape, self._rng = shape, rng
        self._middle = size[1] // 2
        base = np.array(_PAINTS[int(rng.integers(len(_PAINTS)))], np.float32)
        varied = base * rng.uniform(0.7, 1.3) + rng.normal(0, 0.04, 3)
        self._paint = varied.clip(0.02, 1).astype(np.float32)

    def stand(self) -> None:
        """Draw what it stands on: wheels, a post, or two legs."""
        shape, rng, x = self._shape, self._rng, self._middle
        shade = np.full(3, rng.uniform(0.03, 0.5), np.float32)
        if shape.bottom < _FLOOR:
            apart = 0 if happens(rng, 0.6) else shape.width // 3
            half = max(2, round(shape.width * rng.uniform(0.03, 0.09)))
            for leg in (x - apart, x + apart):
                self._trapeze((leg, _FLOOR), half, half, _FLOOR - shape.top, shade)
        elif not shape.round:
            for side in (-1, 1):
                at = (x + side * round(shape.width * shape.foot * 0.38), _FLOOR + 3)
                self._ellipse(at, (7, 8), shade * 0.3)

    def body(self) -> None:
        """Draw the shaded and textured front."""
        shape = self._shape
        y, x = np.mgrid[: self._alpha.shape[0], : self._alpha.shape[1]]
        tall = shape.bottom - shape.top
        down = ((y - shape.top) / tall).astype(
            np.float32
        )  # 0 at the rim, 1 at the foot
        half = shape.width / 2 * (1 + (shape.foot - 1) * down.clip(0, 1))
        across = ((x - self._middle) / half).astype(np.float32)
        # The foot of a cylinder bulges towards the viewer as its top does.
        bulge = np.sqrt((1 - across**2).clip(0)) if shape.round else 0.0 * across
        sag = shape.tilt * shape.width / 2 / tall * shape.foot
        inside = (abs(across) <= 1) & (down >= 0) & (down <= 1 + sag * bulge)
        turned = np.arcsin(across.clip(-1, 1)) if shape.round else across
        sun = float(self._rng.uniform(-1.2, 1.2))
        light = 0.45 + 0.6 * np.cos(turned - sun) if shape.round else 1 - 0.1 * sun
        shaded = light * (1 - 0.25 * down.clip(0, 1))  # the ground darkens the foot
        factor = shaded * self._texture(turned, down)
        self._colour[inside] = (self._paint * factor[..., None])[inside]
        self._alpha[inside] = 1.0

    def _texture(self, turned: FloatArray, down: FloatArray) -> FloatArray:
        """Return a factor per pixel: slats, holes, rings, rough concrete, or none."""
        rng = self._rng
        kind = rng.choice(("plain", "slats", "holes", "rings", "rough"))
        count, depth = float(rng.integers(5, 16)), float(rng.uniform(0.3, 0.9))
        if kind == "rough":
            coarse = rng.normal(1, 0.25, (max(2, self._shape.width // 3), 60))
            size = (down.shape[1], down.shape[0])
            rough = cv2.resize(coarse.astype(np.float32), size)
            return rough.clip(0.3, 1.7).astype(np.float32)
        gap = np.zeros(down.shape, bool)
        if kind == "slats":
            gap = np.sin(turned * count * 2) > rng.uniform(0.2, 0.8)
        elif kind == "holes":
            both = np.sin(turned * count * 2.5) * np.sin(down * count * 6)
            gap = both > rng.uniform(0.1, 0.5)
        elif kind == "rings":
            bands = np.sin(down * float(rng.integers(2, 7)) * np.pi * 2)
            gap = bands > rng.uniform(0.3, 0.9)
        return (1 - depth * gap).astype(np.float32)

    def mouth(self) -> None:
        """Draw the open top: dark, within a rim."""
        shape = self._shape
        rim = self._paint * self._rng.uniform(0.8, 1.3)
        for grow, shade in ((1.0, rim), (0.86, rim * _DARK)):
            a = round(shape.width / 2 * grow)
            b = max(1, round(a * shape.tilt))
            if shape.round:
                self._ellipse((self._middle, shape.top), (a, b), shade)
            else:
                at = (self._middle, shape.top)
                self._trapeze(at, a, round(a * 0.9), 2 * b, shade)

    def hood(self) -> None:
        """Close the top by a dome or a roof, mostly with a dark slot."""
        rng, x, y = self._rng, self._middle, self._shape.top
        half = round(self._shape.width / 2 * rng.uniform(0.95, 1.08))
        tall = min(round(half * rng.uniform(0.25, 0.9)), y - 1)
        roof = self._paint * rng.uniform(0.7, 1.5)
        if happens(rng, 0.5):
            self._ellipse((x, y), (half, tall), roof, half_only=True)
        else:
            self._trapeze((x, y), half, round(half * rng.uniform(0.1, 0.9)), tall, roof)
        self._trapeze((x, y + 8), half, half, 8, roof * 0.85)
        if happens(rng, 0.7):
            slot = round(half * rng.uniform(0.4, 0.8)), max(2, round(tall * 0.3))
            at = (x, y - round(tall * rng.uniform(0.0, 0.5)))
            self._ellipse(at, slot, roof * _DARK)

    def refuse(self) -> None:
        """Heap bags, cups and papers onto the mouth until they stand over the rim."""
        rng, width = self._rng, self._shape.width
        for _ in range(int(rng.integers(4, 12))):
            middle = self._middle + rng.normal(0, 0.25) * width
            above = self._shape.top - rng.uniform(0.0, _MARGIN_PX - 2)
            turn = rng.uniform(0, np.pi) + np.arange(7) * (2 * np.pi / 7)
            reach = width * rng.uniform(0.07, 0.2) * rng.uniform(0.6, 1.0, 7)
            outline = np.stack(
                (middle + reach * np.cos(turn), above + 0.7 * reach * np.sin(turn)), 1
            )
            shade = (rng.uniform(0.03, 1.0) + rng.normal(0, 0.12, 3)).clip(0.02, 1)
            self._fill(outline, shade)
            self._fill(outline[:4] - 2, shade * 1.25)

    def sticker(self) -> None:
        """Put a plate or a poster on the front."""
        rng, shape = self._rng, self._shape
        tall = shape.bottom - shape.top
        x = self._middle + round(rng.uniform(-0.15, 0.15) * shape.width)
        y = shape.top + round(rng.uniform(0.3, 0.9) * tall)
        half = round(rng.uniform(0.08, 0.25) * shape.width)
        shade = rng.uniform(0.3, 1.0, 3)
        self._trapeze((x, y), half, half, round(rng.uniform(0.1, 0.3) * tall), shade)

    def cut_out(self) -> tuple[ImageU8, FloatArray]:
        """Return the picture and how opaque it is, cut to what shows."""
        rng = self._rng
        grain = rng.normal(0, 0.015, self._colour.shape)
        exposed = self._colour * rng.uniform(0.75, 1.2) + grain
        image = (exposed.clip(0, 1) * 255).astype(np.uint8)
        y, x = (np.flatnonzero(self._alpha.any(axis=axis)) for axis in (1, 0))
        cut = slice(y[0], y[-1] + 1), slice(x[0], x[-1] + 1)
        return image[cut], self._alpha[cut]

    def _ellipse(
        self,
        at: tuple[int, int],
        axes: tuple[int, int],
        shade: NDArray[Any],
        *,
        half_only: bool = False,
    ) -> None:
        start = 180 if half_only else 0
        outline = cv2.ellipse2Poly(at, axes, 0, start, 360, 10)
        self._fill(np.asarray(outline), shade)

    def _trapeze(
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
        self._fill(np.array([*corners, (x - ridge, y - tall)]), shade)

    def _fill(self, outline: NDArray[Any], shade: NDArray[Any]) -> None:
        points = [outline.astype(np.int32)]
        cv2.fillPoly(self._colour, points, [float(v) for v in shade])
        cv2.fillPoly(self._alpha, points, [1.0])
