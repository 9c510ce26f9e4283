"""What a camera adds to a clean render: grain, grey infrared, rain, sway."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.street_scene.schema import Scenario
from datasets.street_scene.seeds import seed_of


def greyed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, 3) as a sensor without its infrared filter sees it."""
    weights = np.array([[0.45], [0.4], [0.15]], np.float32)
    return np.repeat((picture @ weights).astype(np.uint8), 3, axis=2)


def sensor(
    picture: NDArray[np.uint8], scenario: Scenario, frame: int
) -> NDArray[np.uint8]:
    """Make a clean render look as a camera delivers it.

    Args:
        picture: (H, W, 3) uint8 RGB.
        scenario: light and weather decide grain, greyness and rain.
        frame: frame number, so that the grain moves.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    rng = np.random.default_rng(seed_of(f"grain{frame}", scenario.seed))
    out = _shaken(picture, scenario, rng).astype(np.float32)
    height, width = out.shape[:2]
    if scenario.light == "ir":
        out = greyed(out.astype(np.uint8)).astype(np.float32)
    grain = {"day": 1.2, "overcast": 1.5, "dusk": 3.0, "night": 4.0, "ir": 4.5}
    noise = rng.normal(size=(height, width, 1)) * grain[scenario.light]
    out = out + noise.astype(np.float32)
    if scenario.weather == "rain":
        out = 0.9 * out + 14.0
        for x, y in rng.integers(0, (width, height), size=(width // 3, 2)):
            streak = slice(y, y + int(rng.integers(5, 14)))
            out[streak, x] += 22.0
    return np.clip(out, 0, 255).astype(np.uint8)


def _shaken(
    picture: NDArray[np.uint8], scenario: Scenario, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Shift the picture as a swaying pole does; the rim is repeated."""
    if scenario.view.shake_px == 0:
        return picture
    dx, dy = (float(v) for v in rng.normal(size=2) * scenario.view.shake_px)
    pad = math.ceil(4 * scenario.view.shake_px)
    wide = Image.fromarray(np.pad(picture, ((pad, pad), (pad, pad), (0, 0)), "edge"))
    size = picture.shape[1], picture.shape[0]
    dx, dy = (min(pad, max(-pad, v)) for v in (dx, dy))
    matrix = (1.0, 0.0, pad + dx, 0.0, 1.0, pad + dy)
    moved = wide.transform(
        size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    return np.asarray(moved)
