"""How a vehicle looks, so that the next one in its bay is told apart."""

import cv2
import numpy as np

from vision.core.frame import Frame
from vision.core.geometry import Xyxy
from vision.patrol.pose import Vector

_INNER = 0.15  # of the box on each side is mostly street
_BINS = (8, 4, 4)  # hue, saturation, value
_LEAST_PX = 6


def look_of(frame: Frame, box: Xyxy) -> Vector | None:
    """Return the colours of what stands in a box, or None where it is too small.

    Args:
        frame: the picture.
        box: pixels of the full picture.

    Returns:
        (128,) square roots of a histogram of hue, saturation and value: length 1.
    """
    image = frame.reduced
    scale = image.shape[1] / frame.width
    x1, y1, x2, y2 = (side * scale for side in box)
    dx, dy = (x2 - x1) * _INNER, (y2 - y1) * _INNER
    left, top = max(0, round(x1 + dx)), max(0, round(y1 + dy))
    crop = image[top : max(top, round(y2 - dy)), left : max(left, round(x2 - dx))]
    if min(crop.shape[:2]) < _LEAST_PX:
        return None
    hsv = cv2.cvtColor(crop, cv2.COLOR_BGR2HSV)
    ranges = [0.0, 180.0, 0.0, 256.0, 0.0, 256.0]
    counts = cv2.calcHist([hsv], [0, 1, 2], None, list(_BINS), ranges).ravel()
    shares = counts.astype(np.float64) / max(float(counts.sum()), 1.0)
    return np.asarray(np.sqrt(shares))


def likeness(one: Vector | None, other: Vector | None) -> float | None:
    """Return how alike two looks are, [0, 1] (Bhattacharyya), None where one lacks."""
    if one is None or other is None:
        return None
    return float(one @ other)
