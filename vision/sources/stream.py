"""What all sources share: bounded calls, one clock, one numbering."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vision.core.address import is_live
from vision.core.arrays import ImageU8
from vision.core.damage import Damage
from vision.core.errors import SourceOpenError, SourceReadError
from vision.core.frame import Frame, Picture, TimeSource
from vision.core.ports import Clock, HealthListener
from vision.sources import address
from vision.sources.damage import DamageLog
from vision.sources.lane import Lane, LaneClosedError, Lanes
from vision.sources.options import StreamOptions
from vision.sources.picks import Picks
from vision.sources.position import MediaClock, Stamp
from vision.sources.report import CameraReport
from vision.sources.stamp import FrameStamper

_CLOSE_S = 1.0
_GRACE_S = 0.5  # a library's own time-outs go first: they let go of their sockets


@dataclass(frozen=True, slots=True)
class Facts:
    """What an open connection knows about its video.

    Attributes:
        live: False if it has an end.
        nominal_s: usual time between two pictures, seconds, > 0.
        origin_s: the time stamp that is a file's media time 0; None: the first one.
        written_at: when a file was last written, aware UTC; None for streams.
        stamped: False if the stream tells no time and FFmpeg makes its stamps up.
    """

    live: bool
    nominal_s: float
    origin_s: float | None = None
    written_at: datetime | None = None
    stamped: bool = True


class Timeline:
    """Media time and sampling, as seen by one connection.

    Every call first makes sure that the connection was not given up meanwhile, so a
    call that hung and returns late cannot disturb its successor.
    """

    def __init__(
        self,
        lane: Lane["Connection"],
        media: MediaClock,
        picks: Picks,
        damage: DamageLog,
    ) -> None:
        """Bind a camera's clock and choice of pictures to one connection.

        Args:
            lane: the connection's.
            media: the camera's clock.
            picks: its choice of pictures.
            damage: to be told of broken and whole pictures.
        """
        self.damage = damage
        self._lane = lane
        self._media = media
        self._picks = picks

    def at(self, stamp: Stamp, *, waited: float = 0.0) -> float:
        """Return the media time of the next packet or picture, seconds.

        Args:
            stamp: in stream order; either value may be missing.
            waited: share of the time since the last packet that the reader did
                nothing but wait, 0 to 1.

        Raises:
            LaneClosedError: the connection was given up.
        """
        self._lane.progressed()
        media_time_s = self._media.at(stamp, waited=waited)
        self._picks.note(media_time_s)
        return media_time_s

    def due(self, media_time_s: float) -> bool:
        """Return whether a picture of this media time is to be taken."""
        return self._picks.due(media_time_s)

    def spare(self, media_time_s: float) -> bool:
        """Return whether a due picture must be left out, and leave it out then."""
        return self._picks.spare(media_time_s)

    def hurried(self, *, waited: float, whole: bool) -> bool:
        """Return whether only key frames are to be decoded, from this packet on.

        Args:
            waited: as for `at`.
            whole: whether more than key frames is decoded now.
        """
        return self._picks.hurried(waited=waited, whole=whole)

    def alive(self) -> None:
        """Say that the connection lives though it brought nothing of use.

        Raises:
            LaneClosedError: the connection was given up.
        """
        self._lane.progressed()


class Connection(Protocol):
    """An open camera, file or folder; used by its lane's thread only."""

    @property
    def facts(self) -> Facts:
        """What is known about the video."""
        ...

    def next_picture(
        self, timeline: Timeline
    ) -> tuple[ImageU8 | Picture, float] | None:
        """Return the next due picture and its media time, or None at the end.

        Raises:
            SourceReadError: the stream broke.
        """
        ...

    def close(self) -> None:
        """Let go."""
        ...


class StreamSource:
    """A `FrameSource` around any connection.

    `open` may be called again after `close`: numbering and media time continue, a live
    stream's after as much media time as wall time has passed.
    """

    def __init__(
        self,
        options: StreamOptions,
        connect: Callable[[], Connection],
        *,
        clock: Clock,
        on_health: HealthListener | None = None,
        ways: int = 1,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            options: where and how.
            connect: makes a connection; may block or raise SourceOpenError.
            clock: wall time.
            on_health: told of gaps, jumps and changes of size.
            ways: how many addresses `connect` may try, each with its own time-out.
        """
        self._options = options
        self._connect = connect
        self._clock = clock
        self._open_bound_s = ways * options.open_timeout_s
        self._report = CameraReport(options.camera_id, clock=clock, listener=on_health)
        self._label = address.label(options.url)
        self._lanes: Lanes[Connection] = Lanes(f"source-{options.camera_id}")
        self._lane: Lane[Connection] | None = None
        self._timeline: Timeline | None = None
        self._media: MediaClock | None = None
        self._picks = Picks(options.period_s, clock, self._report)
        self._damage = DamageLog(self._report)
        self._live = options.live
        self._starts_at: datetime | None = None
        self._time_source = TimeSource.HOST
        self._stamper = FrameStamper(
            camera_id=options.camera_id, clock=clock, report=self._report
        )

    @property
    def live(self) -> bool:
        """Whether the newest frame matters more than every frame."""
        return is_live(self._options.url) if self._live is None else self._live

    @property
    def shed(self) -> int:
        """Due pictures that were not decoded because reading lagged behind."""
        return self._picks.shed

    @property
    def damage(self) -> Damage:
        """Pictures that could not be decoded because they are broken."""
        return self._damage.total

    def open(self) -> None:
        """Connect.

        Raises:
            SourceOpenError: not reachable, not readable or no video, in time.
        """
        self.close()
        began_s = self._clock.monotonic_s()
        lane = self._lanes.next()
        self._lane = lane
        try:
            lane.open(self._connect, timeout_s=self._open_bound_s + _GRACE_S)
            facts = lane.use(lambda connection: connection.facts, timeout_s=_GRACE_S)
        except TimeoutError as error:
            self.close()
            msg = (
                f"{self._label}: no answer within {self._open_bound_s:g} s; "
                "check the address and that the camera is on"
            )
            raise SourceOpenError(msg) from error
        except LaneClosedError as error:
            msg = f"{self._label}: closed while it was being opened"
            raise SourceOpenError(msg) from error
        except SourceOpenError:
            self.close()
            raise
        self._settle(lane, facts, began_s)

    def read(self) -> Frame | None:
        """Return the next sampled frame, or None at the end of a file.

        Raises:
            SourceReadError: the stream broke or fell silent for too long.
        """
        lane, timeline = self._lane, self._timeline
        if lane is None or timeline is None:
            msg = f"{self._label}: not open; call open first"
            raise SourceReadError(msg)
        bound_s = self._options.read_timeout_s + _GRACE_S
        try:
            taken = lane.use(lambda c: c.next_picture(timeline), timeout_s=bound_s)
        except TimeoutError as error:
            self.close()
            msg = (
                f"{self._label}: silent for {self._options.read_timeout_s:g} s, "
                "expected pictures; check the camera and the network"
            )
            raise SourceReadError(msg) from error
        except LaneClosedError as error:
            msg = f"{self._label}: closed while it was being read"
            raise SourceReadError(msg) from error
        if taken is None:
            return None
        picture, media_time_s = taken
        self._picks.took(media_time_s)
        return self._stamper.frame(
            picture,
            media_time_s=media_time_s,
            starts_at=self._starts_at,
            time_source=self._time_source,
        )

    def close(self) -> None:
        """Let go of everything; a call that hangs lets go when it returns."""
        lane, self._lane, self._timeline = self._lane, None, None
        if lane is not None:
            self._lanes.leave(lane, wait_s=_CLOSE_S)

    def _beginning(self, facts: Facts) -> tuple[datetime, TimeSource]:
        """Return the wall time of a recording's first picture, and who says so."""
        if self._options.starts_at is not None:
            return self._options.starts_at, TimeSource.STATED
        if facts.written_at is not None:
            return facts.written_at, TimeSource.FILE
        return self._clock.now(), TimeSource.ASSUMED

    def _settle(self, lane: Lane[Connection], facts: Facts, began_s: float) -> None:
        """Tie a new connection to the camera's clock and calendar."""
        if self._options.live is None:
            self._live = facts.live
        if self.live:
            self._starts_at = None
        elif self._starts_at is None:
            self._starts_at, self._time_source = self._beginning(facts)
        if self._media is None:
            self._media = MediaClock(
                clock=self._clock, live=self.live, report=self._report
            )
        self._media.connected(
            nominal_s=facts.nominal_s,
            began_s=began_s,
            origin_s=facts.origin_s,
            stamped=facts.stamped,
            finite=not facts.live,
        )
        self._picks.begin(live=self.live)
        self._damage.begin(live=self.live)
        self._timeline = Timeline(lane, self._media, self._picks, self._damage)
