"""Whether a stream shows one picture again and again."""

import numpy as np

from vision.core.arrays import ImageU8


class FrozenWatch:
    """Tells for how long pictures have been the same, to the bit."""

    def __init__(self) -> None:
        """Start without a picture."""
        self._small: ImageU8 | None = None
        self._changed_s = 0.0

    def note(self, small: ImageU8, now_s: float) -> float:
        """Take one picture.

        Args:
            small: (h, w, 3) uint8 BGR, reduced.
            now_s: media time, seconds.

        Returns:
            Since when nothing in it has changed, seconds, >= 0.
        """
        same = self._small is not None and _identical(self._small, small)
        if not same or now_s < self._changed_s:
            self._small, self._changed_s = small, now_s
        return now_s - self._changed_s

    def forget(self) -> None:
        """Begin anew with the next picture: the same one may be right."""
        self._small = None


def _identical(before: ImageU8, small: ImageU8) -> bool:
    """Return whether two pictures are the same, to the bit; one row mostly tells."""
    if before.shape != small.shape:
        return False
    middle = len(small) // 2
    if not np.array_equal(before[middle], small[middle]):
        return False
    return np.array_equal(before, small)
