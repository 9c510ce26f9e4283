"""Where in time a picture is: media time from time stamps that cannot be trusted."""

import math
from dataclasses import dataclass

from vision.core.health import HealthKind
from vision.core.ports import Clock
from vision.sources.pace import Pace
from vision.sources.report import CameraReport

GAP_S = 3.0
"""Missing time that is worth telling, seconds; shorter is ordinary jitter."""

_REORDER_S = 1.0  # B-frames and jitter may step back that far ...
_REORDER_PICTURES = 16  # ... or that many pictures, the most that H.264 allows
_LONGEST_FILE_GAP_S = 24 * 3600.0  # a recorder may pause for a night, not for a month
_FROZEN_S = 2.0  # a live stream's stamps may stand still for one burst, not longer
_WRAPS_S = (2**33 / 90_000, 2**32 / 90_000, 2**32 / 1_000)
"""Where MPEG-TS, RTP and FLV time stamps start again from zero, seconds."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The two time stamps of one packet or picture, as the stream tells them.

    Attributes:
        decoded_s: rises in the order of the stream (dts), seconds, or None.
        shown_s: when to show it (pts), seconds, or None.
    """

    decoded_s: float | None
    shown_s: float | None


class MediaClock:
    """Turns a stream's time stamps into media time that never runs away.

    Wraps are undone; jumps are declared and replaced by the time that really passed;
    gaps are declared and kept. A reconnected live stream continues after as much media
    time as wall time has passed. A live stream that tells no time, or whose stamps turn
    out to run too fast or too slowly, is timed by the wall clock. Rules need nothing
    but the result.
    """

    def __init__(self, *, clock: Clock, live: bool, report: CameraReport) -> None:
        """Start at media time 0.

        Args:
            clock: judges live streams, and fills in where they tell no time.
            live: False for files, whose time stamps are all there is.
            report: told of gaps and jumps.
        """
        self._clock = clock
        self._live = live
        self._report = report
        self._nominal_s = 0.04
        self._pace = Pace()
        self._stamped = True
        self._finite = False
        self._wrong_rate = False  # found out: from then on no stamp is believed
        self._offset_s: float | None = None  # media time = stamp + offset
        self._last_stamp_s = 0.0
        self._still_stamp_s: float | None = None  # the latest ...
        self._still_s = 0.0  # ... and how long it has stood
        self._media_s: float | None = None  # of the latest packet in stream order
        self._wall_s = 0.0
        self._least_s = math.inf  # from media time to the wall's, in this connection
        self._away_s: float | None = None  # until the first packet is back

    def connected(
        self,
        *,
        nominal_s: float,
        began_s: float,
        origin_s: float | None = None,
        stamped: bool = True,
        finite: bool = False,
    ) -> None:
        """Begin a new connection: its time stamps have nothing to do with the last.

        Args:
            nominal_s: usual time between pictures, seconds, > 0.
            began_s: when connecting began, on the clock's monotonic scale. A live
                stream's first pictures were taken then: they wait while the rest of
                the connection is made, and come in a burst.
            origin_s: the stamp that is media time 0 of a file's first connection;
                None: the first stamp seen.
            stamped: False if the stream tells no time and its stamps are made up.
            finite: whether it is a recording, though perhaps read as if live: its
                stamps are the truth at any rate.
        """
        self._nominal_s = nominal_s
        self._stamped, self._finite = stamped, finite
        self._pace.begin()
        self._least_s = math.inf
        if self._media_s is not None:
            self._away_s = max(began_s - self._wall_s, 0.0)
        first_file = not self._live and self._media_s is None
        self._offset_s = -origin_s if first_file and origin_s is not None else None
        self._last_stamp_s = -(self._offset_s or 0.0)
        self._still_stamp_s = None

    def at(self, stamp: Stamp, *, waited: float = 0.0) -> float:
        """Return the media time of the next packet or picture, seconds, >= 0.

        Args:
            stamp: in stream order; either value may be missing.
            waited: share of the time since the last packet that the reader did
                nothing but wait, 0 to 1. A reader that never waits may be too slow
                itself: no camera is told to be slow on its word.
        """
        ordered_s = stamp.shown_s if stamp.decoded_s is None else stamp.decoded_s
        wall_s = self._clock.monotonic_s()
        passed_s = max(wall_s - self._wall_s, 0.0)
        waited_s = waited * passed_s
        away_s, self._away_s = self._away_s, None
        if self._by_wall:
            self._wall_s = wall_s
            return self._walled(passed_s, back=away_s is not None)
        if away_s is not None:
            passed_s = away_s
        self._wall_s = wall_s
        ahead_s = 0.0
        stood_s = self._stood_s(ordered_s, passed_s)
        if ordered_s is None or stood_s:
            media_s = self._without_stamp(stood_s or self._believable_s(passed_s))
        else:
            media_s = self._with_stamp(ordered_s, passed_s)
            if stamp.shown_s is not None:
                ahead_s = stamp.shown_s - ordered_s
        self._media_s = (
            media_s if self._media_s is None else max(media_s, self._media_s)
        )
        self._least_s = min(self._least_s, wall_s - self._media_s)
        self._check_pace(self._media_s, waited_s)
        most_s = self._reorder_s()
        return max(media_s + min(max(ahead_s, -most_s), most_s), 0.0)

    @property
    def _by_wall(self) -> bool:
        """Whether the wall clock alone tells the time."""
        return self._live and (self._wrong_rate or not self._stamped)

    def _walled(self, passed_s: float, *, back: bool) -> float:
        """Go on by the wall clock; `back` after a new connection."""
        if self._media_s is None:
            self._media_s = 0.0
            return 0.0
        if back and passed_s > GAP_S:
            self._tell_gap(self._media_s, passed_s)
        self._media_s += passed_s
        return self._media_s

    def _check_pace(self, media_s: float, waited_s: float) -> None:
        """Give a live stream's stamps up once they run too fast or too slowly."""
        if not self._live or self._finite:
            return
        rate = self._pace.note(media_s, self._wall_s, waited_s)
        if rate is None:
            return
        self._wrong_rate = True
        self._report.tell(
            HealthKind.TIME_JUMP,
            f"time stamps ran at {rate:.2f} s per second of wall time until media time "
            f"{media_s:.1f} s, expected 1.00: the camera counts pictures, or its clock "
            "is wrong; wall time is used from then on. To have its stamps used again, "
            "set it to a fixed frame rate and start the engine anew",
            ok=True,
        )

    def _stood_s(self, ordered_s: float | None, passed_s: float) -> float:
        """Return by how much to go on although the stamps do not, seconds; or 0.

        Equal stamps are believed for a while; what that cost is made up for then.
        """
        if ordered_s is None or ordered_s != self._still_stamp_s:
            self._still_stamp_s, self._still_s = ordered_s, 0.0
            return 0.0
        step_s = self._believable_s(passed_s)
        self._still_s += step_s
        most_s = _FROZEN_S if self._live else self._reorder_s()
        if self._still_s <= most_s:
            return 0.0
        if self._still_s - step_s > most_s:
            return step_s
        self._report.tell(
            HealthKind.TIME_JUMP,
            f"time stamps stand still at media time {self._media_s or 0.0:.1f} s; "
            f"{'wall time' if self._live else 'the usual rate'} is used until they "
            "move",
            ok=True,
        )
        return self._still_s

    def _without_stamp(self, step_s: float) -> float:
        """Fill in: wall time for live streams, the nominal rate for files."""
        if self._media_s is None:
            return 0.0
        media_s = self._media_s + step_s
        # A later stamp is read against this moment, not against the last good one.
        if self._offset_s is not None:
            self._last_stamp_s = media_s - self._offset_s
        return media_s

    def _with_stamp(self, ordered_s: float, passed_s: float) -> float:
        if self._offset_s is None:
            return self._first(ordered_s, passed_s)
        before_s = self._media_s if self._media_s is not None else 0.0
        step_s = ordered_s - self._last_stamp_s
        unwrapped_s = _unwrapped(step_s)
        if self._is_jump(unwrapped_s, max(passed_s, self._lag_s(before_s))):
            step_s = self._believable_s(passed_s)
            self._report.tell(
                HealthKind.TIME_JUMP,
                f"time stamps jumped by {unwrapped_s:+.1f} s at media time "
                f"{before_s:.1f} s; went on with {step_s:.2f} s instead",
                ok=True,
            )
            self._offset_s = before_s + step_s - ordered_s
        elif unwrapped_s != step_s:
            self._offset_s += unwrapped_s - step_s
            step_s = unwrapped_s
        self._last_stamp_s = ordered_s
        if step_s > self._gap_s():
            self._tell_gap(before_s, step_s)
        return ordered_s + self._offset_s

    def _first(self, ordered_s: float, passed_s: float) -> float:
        """Tie a connection's first stamp to media time."""
        if self._media_s is None:
            media_s = 0.0
        else:
            media_s = self._media_s + self._believable_s(passed_s)
            if media_s - self._media_s > GAP_S:
                self._tell_gap(self._media_s, media_s - self._media_s)
        self._offset_s = media_s - ordered_s
        self._last_stamp_s = ordered_s
        return media_s

    def _lag_s(self, before_s: float) -> float:
        """Return how much time a live stream must skip to be read as it comes.

        A camera skips what nobody fetched in time, long after it happened.
        """
        return self._wall_s - before_s - self._least_s

    def _is_jump(self, step_s: float, passed_s: float) -> bool:
        if step_s < -self._reorder_s():
            return True
        if self._live:
            # A burst after a stall steps less than the wall clock: that is no jump.
            return step_s > passed_s + self._gap_s()
        return step_s > _LONGEST_FILE_GAP_S

    def _believable_s(self, passed_s: float) -> float:
        return passed_s if self._live else self._nominal_s

    def _gap_s(self) -> float:
        return max(GAP_S, 5 * self._nominal_s)

    def _reorder_s(self) -> float:
        return max(_REORDER_S, _REORDER_PICTURES * self._nominal_s)

    def _tell_gap(self, before_s: float, gap_s: float) -> None:
        self._report.tell(
            HealthKind.STREAM_GAP,
            f"no pictures for {gap_s:.1f} s after media time {before_s:.1f} s",
            ok=True,
        )


def _unwrapped(step_s: float) -> float:
    """Return a step with a wrap of the counter undone, if that explains it."""
    for wrap_s in _WRAPS_S:
        if abs(step_s + wrap_s) < GAP_S:
            return step_s + wrap_s
        if abs(step_s - wrap_s) < _REORDER_S:  # reordered around the wrap
            return step_s - wrap_s
    return step_s
