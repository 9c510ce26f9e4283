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
    carries. It starts with key frames, in the hope that they come often enough; the
    decoder keeps what lies between until that is known, so nothing is missed when they
    do not. It depends on media time only, so a replay decides the same.
    """

    def __init__(self, mode: DecodeMode, *, period_s: float, nominal_s: float) -> None:
        """Begin a connection.

        Args:
            mode: `auto`, or what to decode whatever the stream is like.
            period_s: pictures are needed this often, seconds.
            nominal_s: usual time between two pictures, seconds.
        """
        self._fixed = mode != "auto"
        self._longest_s = period_s * _JITTER
        self._often: Reach = (
            "nonref" if _REFERENCE_PICTURES * nominal_s <= period_s else "full"
        )
        self.reach: Reach = "key" if mode == "auto" else mode
        self._key_s: float | None = None
        self._near = _SURE

    @property
    def hopeful(self) -> bool:
        """Whether key frames only are decoded until they turn out to be too rare."""
        return not self._fixed and self.reach == "key"

    def too_late(self, media_time_s: float) -> bool:
        """Return whether the next key frame should have come by this time."""
        return (
            self.hopeful
            and self._key_s is not None
            and media_time_s - self._key_s > self._longest_s
        )

    def give_up_hope(self) -> Reach:
        """Return what to decode now that a key frame is overdue."""
        self._near = 0
        self.reach = self._often
        return self.reach

    def at_key_frame(self, media_time_s: float) -> Reach:
        """Return what to decode from this key frame on."""
        if self._fixed:
            return self.reach
        if self._key_s is not None:
            near = media_time_s - self._key_s <= self._longest_s
            self._near = self._near + 1 if near else 0
            self.reach = "key" if self._near >= _SURE else self._often
        self._key_s = media_time_s
        return self.reach
