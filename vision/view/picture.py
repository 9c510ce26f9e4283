"""A reduced picture of the background, for everything that judges a view."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8
from vision.core.memory import Picture

_SMALL_WIDTH = 320
_CORNERS = 80
_CORNER_QUALITY = 0.01
_CORNER_GAP_PX = 8
_OBJECT_MARGIN = 0.1  # of a box: shadows and wheels move with it
_MOST_STEPS = 3.0  # between neighbouring pixels, as far as one pixel's change counts
_MARGIN = 0.18  # of a picture's height: the time, the name of the street


@dataclass(frozen=True, eq=False)
class Shot:
    """A reduced grey picture and which part of it is background.

    Attributes:
        grey: (h, w) uint8.
        mask: (h, w) uint8: 255 background, 0 objects.
    """

    grey: ImageU8
    mask: ImageU8

    @cached_property
    def corners(self) -> FloatArray:
        """Points of the background that can be found again, (N, 1, 2) float32.

        The margins have their share of them and no more: writing stands out most.
        """
        margins = cv2.subtract(self.mask, self.inner.mask)
        few = round(2 * _MARGIN * _CORNERS)
        inner = _corners(self.grey, self.inner.mask, _CORNERS - few)
        outer = _corners(self.grey, np.asarray(margins, np.uint8), few)
        return np.concatenate((inner, outer))

    @cached_property
    def kept(self) -> tuple[Picture, Picture]:
        """Grey and mask as they outlive this run, encoded once."""
        return _encoded(self.grey), _encoded(self.mask)

    @cached_property
    def inner(self) -> "Shot":
        """It without top and bottom, where the camera writes into it."""
        top = _margin(self.mask)
        mask = self.mask.copy()
        mask[:top] = mask[len(mask) - top :] = 0
        return Shot(self.grey, mask)

    def stretched(self, shape: tuple[int, ...]) -> "Shot":
        """Return it stretched to (height, width), what it shows unchanged.

        Points keep their shares of the picture, not their angles: so do two streams
        of one camera whose pixels are not equally square.
        """
        size = (shape[1], shape[0])
        grey = cv2.resize(self.grey, size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(self.mask, size, interpolation=cv2.INTER_NEAREST)
        return Shot(np.asarray(grey, np.uint8), np.asarray(mask, np.uint8))

    @cached_property
    def texture(self) -> float:
        """Mean step between neighbouring pixels, grey levels: what a motion changes.

        Not in the margins: no motion changes what is written there.
        """
        top = _margin(self.grey)
        grey = self.grey[top : len(self.grey) - top]
        across = cv2.absdiff(grey[:, 1:], grey[:, :-1])
        down = cv2.absdiff(grey[1:], grey[:-1])
        return min(cv2.mean(across)[0], cv2.mean(down)[0])


def _encoded(image: ImageU8) -> Picture:
    _, png = cv2.imencode(".png", image)
    return Picture(png.tobytes())


def reduce(image: ImageU8) -> ImageU8:
    """Return a picture 320 pixels wide, (h, 320, 3) uint8 BGR."""
    height, width = image.shape[:2]
    size = (_SMALL_WIDTH, max(1, round(height * _SMALL_WIDTH / width)))
    # Averaging four samples is enough here and a quarter of the work of averaging all:
    # between the pixels of a picture twice as wide or more, bilinear is just that.
    wide = width >= 2 * size[0]
    how = cv2.INTER_LINEAR if wide else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def to_luma(small: ImageU8) -> ImageU8:
    """Return a picture's luma, (h, w) uint8."""
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def shoot(luma: ImageU8, boxes: FloatArray) -> Shot:
    """Return a reduced picture with its objects left out.

    Args:
        luma: (h, w) uint8.
        boxes: (N, 4) in its pixels.
    """
    # A little blur: sensor noise at night is finer than anything worth following.
    soft = cv2.GaussianBlur(luma, (3, 3), 0)
    grey = np.asarray(soft, np.uint8)
    mask = np.full(grey.shape, 255, np.uint8)
    for x1, y1, x2, y2 in boxes.tolist():
        dx, dy = (x2 - x1) * _OBJECT_MARGIN, (y2 - y1) * _OBJECT_MARGIN
        left, top = max(0, int(x1 - dx)), max(0, int(y1 - dy))
        mask[top : max(0, int(y2 + dy) + 1), left : max(0, int(x2 + dx) + 1)] = 0
    return Shot(grey, mask)


def most_moved_px(before: Shot, shot: Shot) -> float:
    """Return how far a picture has moved at most since another, reduced pixels.

    A motion of one pixel changes each pixel by the step to its neighbour, on average;
    what changes less was not moved that far. That is told in a twentieth of the time in
    which a motion is measured.
    """
    texture = max(before.texture, 1.0)
    # An object that the detector missed changes few pixels, though much.
    change = cv2.absdiff(before.grey, shot.grey)
    _, change = cv2.threshold(change, _MOST_STEPS * texture, 0, cv2.THRESH_TRUNC)
    both = cv2.bitwise_and(before.inner.mask, shot.mask)
    return cv2.mean(change, both)[0] / texture


def _margin(image: ImageU8) -> int:
    """Return the height of each margin, pixels."""
    return round(_MARGIN * len(image))


def _corners(grey: ImageU8, mask: ImageU8, most: int) -> FloatArray:
    """Return the points that stand out most where the mask is, (N, 1, 2) float32."""
    points = cv2.goodFeaturesToTrack(
        grey, most, _CORNER_QUALITY, _CORNER_GAP_PX, mask=mask
    )
    found = np.asarray(points, np.float32)
    # OpenCV answers None, a scalar here, when it finds no corner at all.
    return found if found.ndim == 3 else np.empty((0, 1, 2), np.float32)  # noqa: PLR2004 OpenCV's (N, 1, 2)
