"""Which pictures of a camera are taken: what is due, unless it is too late."""

from vision.core.ports import Clock
from vision.sources.lag import Lag
from vision.sources.report import CameraReport
from vision.sources.retreat import Retreat
from vision.sources.sampler import Sampler


class Picks:
    """One camera's choice of pictures, over all its connections."""

    def __init__(self, period_s: float, clock: Clock, report: CameraReport) -> None:
        """Take one picture per period.

        Args:
            period_s: media time between two pictures, seconds.
            clock: tells how late a live picture is.
            report: told when decoding falls behind and when it is back.
        """
        self._sampler = Sampler(period_s)
        self._lag = Lag(period_s)
        self._retreat = Retreat(report)
        self._clock = clock
        self._noted_s = 0.0
        self.live = False
        self.shed = 0

    def begin(self, *, live: bool) -> None:
        """Begin a connection.

        Args:
            live: whether its pictures can be too late.
        """
        self.live = live
        self._lag.begin()
        self._retreat.begin()

    def note(self, media_time_s: float) -> None:
        """Take the time of a packet that was read."""
        if self.live:
            self._noted_s = self._clock.monotonic_s()
            self._lag.note(media_time_s, self._noted_s)

    def hurried(self, *, waited: float, whole: bool) -> bool:
        """Return whether only key frames are to be decoded, from this packet on.

        Args:
            waited: share of the time since the last packet that the reader did
                nothing but wait, 0 to 1.
            whole: whether more than key frames is decoded now.
        """
        return self.live and self._retreat.note(
            self._lag.behind_s, self._noted_s, waited=waited, whole=whole
        )

    def due(self, media_time_s: float) -> bool:
        """Return whether a picture of this media time is to be taken."""
        return self._sampler.due(media_time_s)

    def spare(self, media_time_s: float) -> bool:
        """Return whether a due picture must be left out, and leave it out then."""
        if not (self.live and self._lag.too_far):
            return False
        self.shed += 1
        self.took(media_time_s)
        return True

    def took(self, media_time_s: float) -> None:
        """Remember that the picture of this media time was taken, or left out."""
        if self._retreat.on:
            self.shed += self._sampler.passed_over(media_time_s)
        self._sampler.took(media_time_s)
