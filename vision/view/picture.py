"""A reduced picture of the background, for everything that judges a view."""

from dataclasses import dataclass

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8

_SMALL_WIDTH = 320
_OBJECT_MARGIN = 0.1  # of a box: shadows and wheels move with it


@dataclass(frozen=True, eq=False, slots=True)
class Shot:
    """A reduced grey picture and which part of it is background.

    Attributes:
        grey: (h, w) uint8.
        mask: (h, w) uint8: 255 background, 0 objects.
    """

    grey: ImageU8
    mask: ImageU8


def reduce(image: ImageU8) -> ImageU8:
    """Return a picture about 320 pixels wide, (h, 320, 3) uint8 BGR."""
    height, width = image.shape[:2]
    step = max(1, width // (2 * _SMALL_WIDTH))
    coarse = np.ascontiguousarray(image[::step, ::step])
    size = (_SMALL_WIDTH, max(1, round(height * _SMALL_WIDTH / width)))
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), np.uint8)


def shoot(small: ImageU8, boxes: FloatArray) -> Shot:
    """Return a reduced picture with its objects left out.

    Args:
        small: (h, w, 3) uint8 BGR.
        boxes: (N, 4) in its pixels.
    """
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    mask = np.full(grey.shape, 255, np.uint8)
    for x1, y1, x2, y2 in boxes:
        dx, dy = (x2 - x1) * _OBJECT_MARGIN, (y2 - y1) * _OBJECT_MARGIN
        left, top = max(0, int(x1 - dx)), max(0, int(y1 - dy))
        mask[top : max(0, int(y2 + dy) + 1), left : max(0, int(x2 + dx) + 1)] = 0
    return Shot(grey, mask)
