"""What an object looks like, small enough to keep and robust to light."""

from typing import TypeAlias

import cv2
import numpy as np

from vision.core.arrays import ImageU8

Xyxy: TypeAlias = tuple[float, float, float, float]

LOOK_SIZE_PX = 32
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
    if x2 - x1 < 4 or y2 - y1 < 4:  # noqa: PLR2004
        return None
    # Every k-th pixel first: a car that fills the picture costs no more than a far one.
    step = max(1, min(x2 - x1, y2 - y1) // (2 * LOOK_SIZE_PX))
    crop = np.ascontiguousarray(image[y1:y2:step, x1:x2:step])
    small = cv2.resize(crop, (LOOK_SIZE_PX, LOOK_SIZE_PX), interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    return grey if float(grey.std()) >= _FLAT_STD else None


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
    x = a.astype(np.float32) - a.mean(dtype=np.float32)
    y = b.astype(np.float32) - b.mean(dtype=np.float32)
    return float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))


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
