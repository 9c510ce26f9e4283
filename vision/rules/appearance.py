"""What an object looks like, small enough to keep and robust to light."""

import math

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.geometry import Xyxy

LOOK_SIZE_PX = 32
_SIZE = (LOOK_SIZE_PX, LOOK_SIZE_PX)
_SAMPLES = (2 * LOOK_SIZE_PX, 2 * LOOK_SIZE_PX)
_TINY = 1e-6
_FLAT_STD = 3.0  # grey levels; below it a crop is noise and resembles anything


def look_at(image: ImageU8, xyxy: Xyxy) -> ImageU8 | None:
    """Return a small luma picture of what lies inside a box.

    The box is cut at the picture's edge here, and only here: the part outside has no
    pixels. As a place's anchor is fixed, the same part is cut every time.

    Args:
        image: (H, W, 3) uint8 BGR.
        xyxy: pixels; may reach outside the picture.

    Returns:
        (32, 32) uint8, or None when less than 4 x 4 pixels are inside the picture or
        the crop is too flat to be told from another.
    """
    height, width = image.shape[:2]
    x1, y1 = max(0, int(xyxy[0])), max(0, int(xyxy[1]))
    x2, y2 = min(width, int(xyxy[2])), min(height, int(xyxy[3]))
    if x2 - x1 < 4 or y2 - y1 < 4:  # noqa: PLR2004 pixels; less shows nothing
        return None
    # Four samples a pixel: a car that fills the picture costs no more than a far one.
    crop = cv2.resize(image[y1:y2, x1:x2], _SAMPLES, interpolation=cv2.INTER_NEAREST)
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    look = np.asarray(cv2.resize(grey, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)
    return None if is_flat(look) else look


def is_flat(look: ImageU8) -> bool:
    """Return whether a small picture has too little structure to resemble anything."""
    return _spread(look) < _FLAT_STD


def is_nearly_flat(look: ImageU8) -> bool:
    """Return whether noise or a few raindrops alone can be its structure."""
    return _spread(look) < 2 * _FLAT_STD


def _spread(look: ImageU8) -> float:
    _, spread = cv2.meanStdDev(look)
    return float(spread[0, 0])


def similarity(a: ImageU8 | None, b: ImageU8 | None) -> float | None:
    """Return the normalised cross-correlation of two looks.

    Gain and offset cancel, so exposure and slow light do not matter.

    Args:
        a: (32, 32) uint8, or None where nothing could be seen.
        b: likewise.

    Returns:
        [-1, 1], or None when either is missing: no evidence either way.
    """
    if a is None or b is None:
        return None
    x, y = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    mean, other_mean = float(x.sum()) / x.size, float(y.sum()) / y.size
    # Sums first, means taken off afterwards: half the passes over the pixels.
    both = float(x @ y) - x.size * mean * other_mean
    spread = float(x @ x) - x.size * mean * mean
    other_spread = float(y @ y) - y.size * other_mean * other_mean
    return both / max(math.sqrt(max(spread * other_spread, 0.0)), _TINY)


def blend(old: ImageU8 | None, new: ImageU8 | None, share: float) -> ImageU8 | None:
    """Return a look that moved from `old` towards `new`.

    Args:
        old: (32, 32) uint8 or None.
        new: likewise.
        share: how far, [0, 1].
    """
    if old is None or new is None:
        return new if old is None else old
    return np.asarray(cv2.addWeighted(old, 1 - share, new, share, 0), dtype=np.uint8)
