"""What no clip shows from the road: ground, house fronts, trees, a switch box."""

from collections.abc import Callable, Mapping
from functools import cache

import cv2
import numpy as np

from tests.scenarios.patrol.street import FAR_FRONTS_M, FAR_KERB_M, FRONTS_M, KERB_M
from vision.core.arrays import FloatArray, ImageU8

GROUND_M = 12.0  # of one piece of street; two lane marks
HOUSE_M, HOUSE_TALL_M = 8.0, 7.0
_GROUND_PX_PER_M, _HOUSE_PX_PER_M, _THING_PX_PER_M = 40, 48, 64
_WALLS = ((128, 140, 150), (96, 112, 140), (150, 150, 146), (110, 120, 124))
_SIGNS = ((40, 40, 190), (30, 150, 215), (60, 120, 40), (150, 70, 40), (120, 40, 110))
_GREEN = (52, 88, 58)


@cache
def ground(variant: int) -> ImageU8:
    """Return a piece of street from above: rows across from left, columns along."""
    rng = np.random.default_rng((11, variant))
    k = _GROUND_PX_PER_M
    wide, tall = round(GROUND_M * k), round((FRONTS_M - FAR_FRONTS_M) * k)
    image: FloatArray = np.full((tall, wide, 3), (84, 82, 80), np.float32)
    for first, last in ((FAR_FRONTS_M, FAR_KERB_M), (KERB_M, FRONTS_M)):
        _slabs(image[_row(first) : _row(last)], rng)
    for kerb, side in ((FAR_KERB_M, 1), (KERB_M, -1)):
        image[_row(kerb) - 6 : _row(kerb) + 6] = (150, 152, 154)
        line = _row(kerb + side * 0.3)
        image[line - 2 : line + 2] = (60, 165, 205)
    for across in (-1.9, -1.6):
        image[_row(across) - 2 : _row(across) + 2] = (60, 165, 205)
    for start in (0.5, 6.5):
        dash = slice(round(start * k), round((start + 2.5) * k))
        image[_row(1.85) - 3 : _row(1.85) + 3, dash] = (205, 208, 210)
    return _grained(image, rng, patches=0.10)


@cache
def house(variant: int) -> ImageU8:
    """Return a house front: a shop below, windows above, noise all over."""
    rng = np.random.default_rng((12, variant))
    k = _HOUSE_PX_PER_M
    wide, tall = round(HOUSE_M * k), round(HOUSE_TALL_M * k)
    image: FloatArray = np.empty((tall, wide, 3), np.float32)
    image[:] = _WALLS[variant % len(_WALLS)]
    image[::8] *= 0.93
    for left in np.arange(0.6, HOUSE_M - 1.2, 1.9):  # windows upstairs
        x = round(left * k)
        image[round(0.5 * k) : round(2.0 * k), x : x + round(1.2 * k)] = (66, 60, 54)
        image[round(1.2 * k) : round(1.26 * k), x : x + round(1.2 * k)] = 140
    sign = np.array(_SIGNS[int(rng.integers(len(_SIGNS)))], np.float32)
    image[round(2.6 * k) : round(3.5 * k), 12:-12] = sign
    for left in np.arange(1.2, HOUSE_M - 1.5, 0.9):  # strokes for letters
        for _ in range(4):
            x, y = left + rng.uniform(0, 0.5), 2.75 + rng.uniform(0, 0.5)
            far = (round((x + rng.uniform(-0.2, 0.3)) * k), round((y + 0.1) * k))
            cv2.line(image, (round(x * k), round(y * k)), far, (225, 232, 235), 4)
    image[round(3.8 * k) : tall - 14, 20:-20] = (52, 50, 48)
    for left in np.arange(0.6, HOUSE_M - 1, 1.7):  # doors, and papers on the panes
        x = round(left * k)
        image[round(3.8 * k) : tall - 14, x : x + 5] = (120, 120, 118)
        y, size = round(rng.uniform(4.3, 5.4) * k), round(rng.uniform(0.3, 0.7) * k)
        image[y : y + size, x + 14 : x + 14 + size] = rng.uniform(90, 210, 3)
    return _grained(image, rng, patches=0.06)


def _tree(variant: int) -> ImageU8:
    rng = np.random.default_rng((13, variant))
    k = _THING_PX_PER_M
    image = np.zeros((round(6.5 * k), round(4.2 * k), 4), np.uint8)
    middle = image.shape[1] // 2
    trunk = (middle - 7, round(2.6 * k)), (middle + 7, image.shape[0] - 1)
    cv2.rectangle(image, *trunk, (44, 58, 74, 255), -1)
    for _ in range(260):
        turn, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 1))
        at = (
            round(middle + 1.7 * k * reach * np.cos(turn)),
            round(1.9 * k + 1.6 * k * reach * np.sin(turn)),
        )
        shade = np.array((35, 78, 40)) * rng.uniform(0.5, 1.5)
        axes = (int(rng.integers(6, 20)), int(rng.integers(4, 12)))
        colour = (*(float(v) for v in shade), 255.0)
        cv2.ellipse(image, at, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
    return image


def _pole() -> ImageU8:
    k = _THING_PX_PER_M
    image = np.zeros((7 * k, k // 2, 4), np.uint8)
    cv2.rectangle(image, (12, 0), (20, 7 * k), (120, 122, 120, 255), -1)
    cv2.rectangle(image, (17, 0), (20, 7 * k), (92, 92, 90, 255), -1)
    return image


def _cabinet() -> ImageU8:
    rng = np.random.default_rng(14)
    k = _THING_PX_PER_M
    image: FloatArray = np.empty((round(1.3 * k), round(1.0 * k), 4), np.float32)
    image[:] = (*_GREEN, 255)
    tall, wide = image.shape[:2]
    image[:6, :, :3] *= 1.35
    image[-6:, :, :3] *= 0.45
    image[6:-6, wide // 2 - 1 : wide // 2 + 1, :3] *= 0.5
    for row in range(16, tall // 3, 5):
        image[row : row + 2, 8 : wide // 2 - 8, :3] *= 0.55
    image[tall // 2 : tall // 2 + 5, wide // 2 + 5 : wide // 2 + 9, :3] *= 1.9
    image[..., :3] += rng.normal(0, 4, (tall, wide, 1))
    return image.clip(0, 255).astype(np.uint8)


#: Name of a look to what draws it, (H, W, 4) uint8 BGR and opacity.
DRAWN: Mapping[str, Callable[[], ImageU8]] = {
    "tree 0": lambda: _tree(0),
    "tree 1": lambda: _tree(1),
    "tree 2": lambda: _tree(2),
    "pole": _pole,
    "cabinet": _cabinet,
}


def _row(across_m: float) -> int:
    """Return the row of a piece of street that lies across, from our lane's middle."""
    return round((across_m - FAR_FRONTS_M) * _GROUND_PX_PER_M)


def _slabs(part: FloatArray, rng: np.random.Generator) -> None:
    """Pave a strip with slabs of half a metre, each of a grey of its own."""
    size = _GROUND_PX_PER_M // 2
    rows, columns = -(-part.shape[0] // size), -(-part.shape[1] // size)
    grey = rng.normal(132, 6, (rows, columns)).repeat(size, 0).repeat(size, 1)
    part[:] = grey[: part.shape[0], : part.shape[1], None] * (0.97, 1.0, 1.02)
    part[::size] *= 0.8
    part[:, ::size] *= 0.8


def _grained(image: FloatArray, rng: np.random.Generator, patches: float) -> ImageU8:
    """Return a picture (H, W, 3) with noise, fine and coarse, as real surfaces have."""
    height, width = image.shape[:2]
    light = np.ones((height, width), np.float32)
    for cell, depth in ((120, patches), (24, patches / 2), (3, patches / 2)):
        few = rng.normal(0, depth, (height // cell + 2, width // cell + 2))
        light += cv2.resize(few.astype(np.float32), (width, height))
    grain = rng.normal(0, 3.0, (height, width, 1))
    return (image * light[..., None] + grain).clip(0, 255).astype(np.uint8)
