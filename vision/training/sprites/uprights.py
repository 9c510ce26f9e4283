"""Cylinders and boxes that stand in a street: the bodies of bins and their like."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.core.arrays import FloatArray
from vision.training.chance import happens
from vision.training.sprites.easel import FLOOR, Easel, Rng, any_paint


@dataclass(frozen=True, slots=True)
class Shape:
    """Outline of a body, in pixels of the sprite.

    Attributes:
        round: a cylinder; else a box seen from its front and a little above.
        width: at the rim.
        top: row of the rim.
        bottom: row of the foot.
        foot: width at the foot, in widths at the rim.
        tilt: height of the top as it is seen, in widths.
    """

    round: bool
    width: int
    top: int
    bottom: int
    foot: float = 1.0
    tilt: float = 0.1


class Upright(Easel):
    """A body in the making."""

    def __init__(self, shape: Shape, rng: Rng) -> None:
        """Choose a paint; nothing shows yet."""
        super().__init__(shape.width, rng)
        self.form = shape
        self.paint = any_paint(rng)

    def stand(self) -> None:
        """Draw what it stands on: wheels, a post, or two legs."""
        shape, rng, x = self.form, self.rng, self.middle
        shade = np.full(3, rng.uniform(0.03, 0.5), np.float32)
        if shape.bottom < FLOOR:
            apart = 0 if happens(rng, 0.6) else shape.width // 3
            half = max(2, round(shape.width * rng.uniform(0.03, 0.09)))
            for leg in (x - apart, x + apart):
                self.trapeze((leg, FLOOR), half, half, FLOOR - shape.top, shade)
        elif not shape.round:
            for side in (-1, 1):
                at = (x + side * round(shape.width * shape.foot * 0.38), FLOOR + 3)
                self.ellipse(at, (7, 8), shade * 0.3)

    def body(self, *, plain: bool = False) -> None:
        """Draw the shaded front, textured unless ``plain``."""
        shape = self.form
        y, x = np.mgrid[: self.shape[0], : self.shape[1]]
        tall = shape.bottom - shape.top
        # 0 at the rim, 1 at the foot
        down = ((y - shape.top) / tall).astype(np.float32)
        half = shape.width / 2 * (1 + (shape.foot - 1) * down.clip(0, 1))
        across = ((x - self.middle) / half).astype(np.float32)
        # The foot of a cylinder bulges towards the viewer as its top does.
        bulge = np.sqrt((1 - across**2).clip(0)) if shape.round else 0.0 * across
        sag = shape.tilt * shape.width / 2 / tall * shape.foot
        inside = (abs(across) <= 1) & (down >= 0) & (down <= 1 + sag * bulge)
        turned = np.arcsin(across.clip(-1, 1)) if shape.round else across
        sun = float(self.rng.uniform(-1.2, 1.2))
        light = 0.45 + 0.6 * np.cos(turned - sun) if shape.round else 1 - 0.1 * sun
        shaded = light * (1 - 0.25 * down.clip(0, 1))  # the ground darkens the foot
        factor = shaded if plain else shaded * self._texture(turned, down)
        self.surface(inside, (self.paint * factor[..., None]).astype(np.float32))

    def sticker(self) -> None:
        """Put a plate or a poster on the front."""
        rng, shape = self.rng, self.form
        tall = shape.bottom - shape.top
        x = self.middle + round(rng.uniform(-0.15, 0.15) * shape.width)
        y = shape.top + round(rng.uniform(0.3, 0.9) * tall)
        half = round(rng.uniform(0.08, 0.25) * shape.width)
        shade = rng.uniform(0.3, 1.0, 3)
        self.trapeze((x, y), half, half, round(rng.uniform(0.1, 0.3) * tall), shade)

    def _texture(self, turned: FloatArray, down: FloatArray) -> FloatArray:
        """Return a factor per pixel: slats, holes, rings, rough concrete, or none."""
        rng = self.rng
        kind = rng.choice(("plain", "slats", "holes", "rings", "rough"))
        count, depth = float(rng.integers(5, 16)), float(rng.uniform(0.3, 0.9))
        if kind == "rough":
            coarse = rng.normal(1, 0.25, (max(2, self.form.width // 3), 60))
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
