"""Colour by day, infra-red by night: which of the two a camera shows."""

import cv2
import numpy as np

from vision.core.arrays import ImageU8

COLOUR = "colour"
INFRARED = "infrared"
_COLOURED = 6.0  # mean spread of the channels, grey levels
_GREY = 2.5
_EVERY = 4  # pixels; a mean needs no more


class LightMeter:
    """Tells colour from infra-red pictures, with two limits against flicker."""

    def __init__(self) -> None:
        """Start without a verdict."""
        self.light: str | None = None

    def read(self, small: ImageU8) -> bool:
        """Take one picture.

        Args:
            small: (h, w, 3) uint8 BGR, reduced.

        Returns:
            Whether the camera has just switched.
        """
        few = np.ascontiguousarray(small[::_EVERY, ::_EVERY])
        gaps = cv2.mean(cv2.absdiff(few, np.roll(few, 1, axis=2)))
        spread = sum(gaps) / 2  # of three gaps, the widest is half the sum
        before = self.light
        if spread >= _COLOURED:
            self.light = COLOUR
        elif spread <= _GREY or before is None:
            self.light = INFRARED
        return before is not None and before != self.light
