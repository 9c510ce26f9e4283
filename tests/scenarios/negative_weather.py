"""How a stream was filmed: time of day, rain, sway, shadows, headlights; one seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8

_SHADOW_ROUND_S = 900.0
_BEAM_S = 20.0


@dataclass(frozen=True, slots=True)
class Weather:
    """What a camera meets.

    Attributes:
        seed: of noise, sway and rain.
        mirrored: the street lies the other way round.
        gain: mean exposure, a factor.
        swing: how far the light goes up and down, a share of it,
        slow_s: and in what time, seconds.
        noise: of the sensor, grey levels.
        sway_px: of the camera, pixels.
        rain: streaks per thousand pixels.
        shadow: whether a house's shadow creeps over the street and back.
        beams: whether headlights fall on it.
    """

    seed: int
    mirrored: bool
    gain: float
    swing: float
    slow_s: float
    noise: float
    sway_px: float
    rain: float
    shadow: bool
    beams: bool

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Self:
        """Return any weather."""
        return cls(
            seed=int(rng.integers(2**31)),
            mirrored=bool(rng.random() < 0.5),
            gain=float(rng.uniform(0.75, 1.2)),
            swing=float(rng.uniform(0, 0.25)),
            slow_s=float(rng.uniform(300, 1800)),
            noise=float(rng.uniform(1, 5)),
            sway_px=float(rng.uniform(0.3, 3) if rng.random() < 0.4 else 0),
            rain=float(rng.uniform(0.2, 0.8) if rng.random() < 0.3 else 0),
            shadow=bool(rng.random() < 0.5),
            beams=bool(rng.random() < 0.4),
        )

    def film(self, pictures: Iterator[ImageU8], period_s: float) -> Iterator[ImageU8]:
        """Yield the pictures, (H, W, 3) uint8 BGR, as this camera takes them."""
        rng = np.random.default_rng(self.seed)
        for i, picture in enumerate(pictures):
            t = i * period_s
            shown = picture[:, ::-1] if self.mirrored else picture
            film = shown * self._light(shown.shape[:2], t)[..., None]
            film += _grain(film.shape, self.noise, rng)
            taken = np.clip(film, 0, 255).astype(np.uint8)
            if self.rain > 0:
                _wet(taken, self.rain, rng)
            yield _swayed(taken, self.sway_px, rng)

    def _light(self, shape: tuple[int, int], t: float) -> FloatArray:
        """Return the light on each pixel, (H, W), a factor."""
        height, width = shape
        level = self.gain * (1 + self.swing * np.sin(2 * np.pi * t / self.slow_s))
        light = np.full(shape, level, np.float32)
        if self.shadow:
            edge = 0.5 + 0.6 * np.sin(2 * np.pi * t / _SHADOW_ROUND_S)
            soft = np.clip((np.linspace(0, 1, width) - edge) / 0.03, 0, 1)
            light *= (0.6 + 0.4 * soft).astype(np.float32)
        if self.beams and int(t / _BEAM_S) % 3 == 0:
            x, y = t % _BEAM_S / _BEAM_S, 0.55 + 0.2 * np.sin(int(t / _BEAM_S))
            across = np.exp(-(((np.linspace(0, 1, width) - x) / 0.12) ** 2))
            down = np.exp(-(((np.linspace(0, 1, height) - y) / 0.07) ** 2))
            light += 0.7 * np.outer(down, across).astype(np.float32)
        return light


def _grain(
    shape: tuple[int, ...], noise: float, rng: np.random.Generator
) -> FloatArray:
    """Return sensor noise, (H, W, 3): drawn at half size, a quarter of the work."""
    half = rng.standard_normal((shape[0] // 2, shape[1] // 2, 3), np.float32)
    size = (shape[1], shape[0])
    whole = cv2.resize(half * noise, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(whole, np.float32)


def _wet(taken: ImageU8, streaks: float, rng: np.random.Generator) -> None:
    height, width = taken.shape[:2]
    for _ in range(round(streaks * width * height / 1000)):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        cv2.line(taken, (x, y), (x + 1, y + 9), (205, 205, 205), 1)


def _swayed(taken: ImageU8, sway_px: float, rng: np.random.Generator) -> ImageU8:
    if sway_px == 0:
        return taken
    dx, dy = rng.normal(0, sway_px / 2, 2)
    move = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
    size = (taken.shape[1], taken.shape[0])
    moved = cv2.warpAffine(taken, move, size, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)
