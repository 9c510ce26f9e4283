"""Colour by day, infra-red by night: which of the two a camera shows."""

import numpy as np

from vision.core.arrays import ImageU8

COLOUR = "colour"
INFRARED = "infrared"
_COLOURED = 10  # grey levels between the channels of the most colourful pixels
_GREY = 5
_COLOURFUL_SHARE = 0.05  # a grey street has some colour; an infra-red picture none
_EVERY = 4  # pixels
_LASTS_S = 3.0  # a coloured lorry drives by in less


class LightMeter:
    """Tells colour from infra-red pictures; what passes quickly is no switch."""

    def __init__(self) -> None:
        """Start without a verdict."""
        self.light: str | None = None
        self._since_s: float | None = None

    def read(self, small: ImageU8, now_s: float) -> bool:
        """Take one picture.

        Args:
            small: (h, w, 3) uint8 BGR, reduced.
            now_s: media time, seconds.

        Returns:
            Whether the camera has just switched.
        """
        seen = self._judge(small)
        if self.light is None:
            self.light = seen or COLOUR
        if seen is None or seen == self.light:
            self._since_s = None
            return False
        if self._since_s is None or now_s < self._since_s:
            self._since_s = now_s
        if now_s - self._since_s < _LASTS_S:
            return False
        self.light, self._since_s = seen, None
        return True

    def _judge(self, small: ImageU8) -> str | None:
        """Return what one picture looks like; None between the limits."""
        few = small[::_EVERY, ::_EVERY]
        blue, green, red = few[..., 0], few[..., 1], few[..., 2]
        high = np.maximum(np.maximum(blue, green), red)
        spread = high - np.minimum(np.minimum(blue, green), red)
        if np.count_nonzero(spread >= _COLOURED) >= _COLOURFUL_SHARE * spread.size:
            return COLOUR
        grey = np.count_nonzero(spread > _GREY) < _COLOURFUL_SHARE * spread.size
        return INFRARED if grey else None
