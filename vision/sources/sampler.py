"""Which pictures are analysed: one per period of media time."""

import math


class Sampler:
    """Picks the first picture at or after each due time.

    Due times lie `period_s` apart, counted from the first picture, whatever the
    stream's frame rate: 0.5, 25 or 29.97 pictures a second give the same samples to
    within one picture.
    """

    def __init__(self, period_s: float) -> None:
        """Sample every `period_s` seconds of media time."""
        self._period_s = period_s
        self._first_s: float | None = None
        self._due_s = -math.inf

    def due(self, media_time_s: float) -> bool:
        """Return whether a picture of this media time is to be taken."""
        # Sums of decimal fractions miss their target by some 1e-12 s.
        return media_time_s >= self._due_s - 1e-6

    def passed_over(self, media_time_s: float) -> int:
        """Return how many pictures were due before the one that is due now."""
        if math.isinf(self._due_s):
            return 0
        return max(0, int((media_time_s - self._due_s + 1e-6) // self._period_s))

    def took(self, media_time_s: float) -> None:
        """Remember that the picture of this media time was taken."""
        if self._first_s is None:
            self._first_s = media_time_s
        periods = (media_time_s - self._first_s + 1e-6) // self._period_s
        self._due_s = self._first_s + (periods + 1) * self._period_s
