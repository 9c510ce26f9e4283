"""Notice pictures that cannot be decoded; decoders often drop them without a word."""

import math
from collections import deque

from vision.core.damage import Damage
from vision.core.health import HealthKind
from vision.sources.position import GAP_S
from vision.sources.report import CameraReport

_SILENT_S = 1.0
_FEW = 16  # packets in a row that are meant to give no picture of their own, at most
_MOST_KEPT = 4096  # beyond, the count is a lower bound


class DamageLog:
    """What of one camera's video could not be decoded, over all its connections."""

    def __init__(self, report: CameraReport) -> None:
        """Start with nothing broken.

        Args:
            report: told when nothing could be decoded for long.
        """
        self._report = report
        self._total = Damage()
        self._seen_s: float | None = None  # latest whole picture
        self._fed_s = 0.0
        self._torn_s = -math.inf
        # Media times without a picture so far: of all packets, of refused ones.
        self._owed: deque[float] = deque(maxlen=_MOST_KEPT)
        self._broken: deque[float] = deque(maxlen=_MOST_KEPT)

    @property
    def total(self) -> Damage:
        """All that was broken so far."""
        return self._total

    def begin(self, *, live: bool) -> None:
        """Begin a connection.

        Args:
            live: whether it may begin amid pictures that depend on earlier ones.
        """
        self._seen_s = None if live else self._fed_s
        self._torn_s = -math.inf
        self._owed.clear()
        self._broken.clear()

    def fed(self, media_time_s: float, *, owed: bool, torn: bool) -> None:
        """Take note of a packet.

        Args:
            media_time_s: of its picture, seconds.
            owed: whether it is decoded at any rate.
            torn: whether bytes are missing in it, before it or after it.
        """
        self._fed_s = media_time_s
        if owed:
            self._owed.append(media_time_s)
        if torn:
            self._torn_s = media_time_s

    def broken(self, pictures: int = 1) -> None:
        """Take note of pictures that the decoder or the container refused."""
        self._broken.extend([self._fed_s] * pictures)

    def decoded(self, media_time_s: float) -> None:
        """Take note of a whole picture, in the order in which they are shown."""
        self._settle(media_time_s)
        self._seen_s = media_time_s

    def ended(self) -> None:
        """Take note of the end of a file."""
        self._settle(math.nextafter(self._fed_s, math.inf))

    def _settle(self, now_s: float) -> None:
        """Count what should have been seen before now."""
        lost, owed = _before(now_s, self._broken), _before(now_s, self._owed)
        if self._seen_s is None:
            return
        gap_s = max(now_s - self._seen_s, 0.0)
        # Pictures may be whole, and what came soon after them be torn away.
        torn = self._seen_s - self._torn_s <= _SILENT_S
        if gap_s > _SILENT_S and (owed > _FEW or torn):
            lost = max(lost, owed, 1)
        if not lost:
            return
        self._total = Damage(self._total.pictures + lost, self._total.unseen_s + gap_s)
        if gap_s > GAP_S:
            self._report.tell(
                HealthKind.STREAM_GAP,
                f"no picture could be decoded for {gap_s:.1f} s after media time "
                f"{self._seen_s:.1f} s, at least {lost} damaged; check the file or the "
                "connection",
                ok=True,
            )


def _before(now_s: float, times_s: deque[float]) -> int:
    """Remove the times up to now; return how many were before it."""
    before = sum(time_s < now_s for time_s in times_s)
    later = [time_s for time_s in times_s if time_s > now_s]
    times_s.clear()
    times_s.extend(later)
    return before
