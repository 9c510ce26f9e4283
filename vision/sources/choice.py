"""Choose how much to decode from how often pictures are needed."""

from typing import Literal

from vision.sources.options import DecodeMode

Reach = Literal["full", "nonref", "key"]
"""What is decoded: everything, what others refer to, or key frames only."""

_REFERENCE_PICTURES = 8  # encoders put no more pictures between two references
_SURE = 2  # key frames in a row that must come often enough
_JITTER = 1.05  # of the time stamps of live streams


class ModeChoice:
    """Key frames only where they come at least once per period, else more.

    Costs differ by a factor of five, so this decides how many cameras a machine
    carries. It starts with more than key frames: nothing is missed while the distance
    of key frames is still unknown. It depends on media time only, so a replay decides
    the same.
    """

    def __init__(self, mode: DecodeMode, *, period_s: float, nominal_s: float) -> None:
        """Begin a connection.

        Args:
            mode: `auto`, or what to decode whatever the stream is like.
            period_s: pictures are needed this often, seconds.
            nominal_s: usual time between two pictures, seconds.
        """
        self._fixed = mode != "auto"
        self._period_s = period_s
        often: Reach = (
            "nonref" if _REFERENCE_PICTURES * nominal_s <= period_s else "full"
        )
        self._often = often
        self.reach: Reach = often if mode == "auto" else mode
        self._key_s: float | None = None
        self._near = 0

    def at_key_frame(self, media_time_s: float) -> Reach:
        """Return what to decode from this key frame on."""
        if self._fixed:
            return self.reach
        if self._key_s is not None:
            near = media_time_s - self._key_s <= self._period_s * _JITTER
            self._near = self._near + 1 if near else 0
            self.reach = "key" if self._near >= _SURE else self._often
        self._key_s = media_time_s
        return self.reach
