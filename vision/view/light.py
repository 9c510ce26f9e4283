"""Colour by day, infra-red by night: which of the two a camera shows."""

import numpy as np

from vision.core.arrays import ImageU8

COLOUR = "colour"
INFRARED = "infrared"
_COLOURED = 6.0  # mean spread of the channels, grey levels
_GREY = 2.5
_EVERY = 4


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
        few = small[::_EVERY, ::_EVERY]
        spread = float(np.mean(few.max(axis=2) - few.min(axis=2)))
        before = self.light
        if spread >= _COLOURED:
            self.light = COLOUR
        elif spread <= _GREY or before is None:
            self.light = INFRARED
        return before is not None and before != self.light
