"""A feed reconnects, tells each trouble once and never disturbs anybody."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.fakes import ManualClock, frame
from vision.core.backoff import Backoff
from vision.core.damage import Damage
from vision.core.errors import SourceOpenError, SourceReadError
from vision.core.feed import FeedState
from vision.core.frame import Frame
from vision.core.health import HealthEvent, HealthKind
from vision.sources.feed import FeedOptions, ReaderFeed

Step = Frame | Exception | None


@dataclass
class Script:
    """A source that plays given connections: what `open` and each `read` bring."""

    live: bool
    connections: list[list[Step]]
    deaf: bool = False  # goes on reading when it is closed
    opened: int = 0
    closed: threading.Event = field(default_factory=threading.Event)
    steps: Iterator[Step] = field(default_factory=lambda: iter(()))

    def open(self) -> None:
        self.closed.clear()
        steps = self.connections[min(self.opened, len(self.connections) - 1)]
        self.opened += 1
        if steps and isinstance(steps[0], SourceOpenError):
            raise steps[0]
        self.steps = iter(steps)

    @property
    def shed(self) -> int:
        return 0

    @property
    def damage(self) -> Damage:
        return Damage()

    def read(self) -> Frame | None:
        for step in self.steps:
            if isinstance(step, Exception):
                raise step
            return step
        self.closed.wait(20)  # silent until closed, as a dead camera is
        msg = "closed while it was being read"
        raise SourceReadError(msg)

    def close(self) -> None:
        if not self.deaf:
            self.closed.set()


class Rig:
    """A feed around a script, with all that it told."""

    def __init__(self, source: Script, *, stall_s: float = 60.0) -> None:
        self.told: list[HealthEvent] = []
        self.arrived = threading.Event()
        self.source = source
        self.feed = ReaderFeed(
            source,
            FeedOptions(camera_id="gate", stall_s=stall_s, backoff=Backoff(0.01, 0.02)),
            clock=ManualClock(),
            rng=random.Random(1),
            on_health=self.told.append,
            on_arrival=self.arrived.set,
        )

    def until(self, done: Callable[[], object]) -> None:
        """Let the feed work until `done`, woken by its arrivals."""
        ends_s = time.monotonic() + 5
        while not done():
            assert time.monotonic() < ends_s, self.feed.status()
            self.arrived.wait(0.05)
            self.arrived.clear()

    def stories(self) -> list[tuple[HealthKind, bool]]:
        return [(event.kind, event.ok) for event in self.told]


@pytest.fixture
def rig() -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(source: Script, *, stall_s: float = 60.0) -> Rig:
        rigs.append(Rig(source, stall_s=stall_s))
        rigs[-1].feed.start()
        return rigs[-1]

    yield make
    for made in rigs:
        made.feed.stop(5)


def drain(feed: ReaderFeed) -> list[int]:
    taken = []
    while (got := feed.take()) is not None:
        taken.append(got.index)
    return taken


def test_a_file_ends_without_error_and_loses_no_frame(rig: Callable[..., Rig]) -> None:
    frames: list[Step] = [frame(index=i) for i in range(20)]
    r = rig(Script(live=False, connections=[[*frames, None]]))
    taken: list[int] = []

    def all_taken() -> bool:
        taken.extend(drain(r.feed))
        return len(taken) == 20

    r.until(all_taken)
    r.until(lambda: r.feed.status().state is FeedState.ENDED)

    assert taken == list(range(20))
    status = r.feed.status()
    assert (status.frames_in, status.dropped, status.last_error) == (20, 0, None)
    assert r.stories() == [(HealthKind.CAMERA_ENDED, True)]


def test_a_file_that_cannot_be_opened_fails_once_with_its_reason(
    rig: Callable[..., Rig],
) -> None:
    source = Script(live=False, connections=[[SourceOpenError("x.mp4: no such file")]])
    r = rig(source)
    r.until(lambda: r.feed.status().state is FeedState.FAILED)

    assert source.opened == 1
    assert r.feed.status().last_error == "x.mp4: no such file"
    assert r.stories() == [(HealthKind.CAMERA_UNREACHABLE, False)]


def test_a_file_that_breaks_midway_delivers_what_it_had_and_fails(
    rig: Callable[..., Rig],
) -> None:
    steps: list[Step] = [frame(index=0), frame(index=1), SourceReadError("cut short")]
    r = rig(Script(live=False, connections=[steps]))
    r.until(lambda: r.feed.status().state is FeedState.FAILED)

    assert drain(r.feed) == [0, 1]
    assert r.feed.status().last_error == "cut short"
    assert r.stories() == [(HealthKind.CAMERA_ENDED, False)]


def test_an_unreachable_camera_is_told_once_and_once_more_when_back(
    rig: Callable[..., Rig],
) -> None:
    down: list[Step] = [SourceOpenError("connection refused")]
    source = Script(live=True, connections=[down, down, down, [frame(index=7)]])
    r = rig(source)
    r.until(lambda: r.feed.status().frames_in == 1)

    assert source.opened == 4
    assert drain(r.feed) == [7]
    assert r.stories() == [
        (HealthKind.CAMERA_UNREACHABLE, False),
        (HealthKind.CAMERA_UNREACHABLE, True),
    ]


def test_a_stalled_camera_is_connected_anew(rig: Callable[..., Rig]) -> None:
    first: list[Step] = [frame(index=0), SourceReadError("silent for 10 s")]
    source = Script(live=True, connections=[first, [SourceReadError("silent")], first])
    r = rig(source)
    r.until(lambda: r.feed.status().frames_in == 2)

    assert r.feed.status().reconnects >= 2
    assert r.stories()[:2] == [
        (HealthKind.CAMERA_STALLED, False),
        (HealthKind.CAMERA_STALLED, True),
    ]


def test_a_live_stream_that_ends_is_connected_anew(rig: Callable[..., Rig]) -> None:
    r = rig(Script(live=True, connections=[[frame(), None], [frame(index=1)]]))
    r.until(lambda: r.feed.status().frames_in == 2)

    assert r.feed.status().reconnects == 1
    assert r.feed.status().state is FeedState.STREAMING


def test_live_frames_nobody_takes_are_dropped_and_counted(
    rig: Callable[..., Rig],
) -> None:
    frames: list[Step] = [frame(index=i) for i in range(9)]
    r = rig(Script(live=True, connections=[frames]))
    r.until(lambda: r.feed.status().frames_in == 9)
    status = r.feed.status()

    assert (status.dropped, status.queued) == (8, 1)
    assert drain(r.feed) == [8]


def test_a_read_that_outlives_every_bound_is_broken_by_the_watchdog(
    rig: Callable[..., Rig],
) -> None:
    source = Script(live=True, connections=[[frame()], [frame(index=1)]])
    r = rig(source, stall_s=0.05)
    r.until(lambda: r.feed.status().frames_in == 2)

    assert source.opened == 2
    assert (HealthKind.CAMERA_STALLED, False) in r.stories()
    assert (HealthKind.CAMERA_STALLED, True) in r.stories()


def test_an_error_nobody_foresaw_is_survived(rig: Callable[..., Rig]) -> None:
    surprise: list[Step] = [frame(), RuntimeError("driver: rtsp://me:pw@cam/1")]
    r = rig(Script(live=True, connections=[surprise, [frame(index=1)]]))
    r.until(lambda: r.feed.status().frames_in == 2)

    assert r.feed.status().last_error == "driver: rtsp://***@cam/1"


def test_credentials_appear_nowhere(
    rig: Callable[..., Rig], caplog: pytest.LogCaptureFixture
) -> None:
    url = "rtsp://admin:Secret7@10.0.0.9/ch1?token=Secret7"
    failing: list[Step] = [SourceOpenError(f"{url}: refused")]
    with caplog.at_level("DEBUG"):
        r = rig(Script(live=True, connections=[failing]))
        r.until(lambda: r.source.opened >= 2)
        r.feed.stop(5)

    seen = caplog.text + repr(r.told) + repr(r.feed.status())
    assert "10.0.0.9" in seen
    assert "Secret7" not in seen


@pytest.mark.parametrize("live", [True, False])
def test_stopping_is_bounded_even_if_reading_hangs(live: bool) -> None:  # noqa: FBT001 parametrised
    source = Script(live=live, connections=[[frame()]], deaf=True)
    rig = Rig(source)
    rig.feed.start()
    rig.until(lambda: rig.feed.status().frames_in == 1)
    start_s = time.monotonic()
    rig.feed.stop(0.2)

    assert time.monotonic() - start_s < 1
    assert rig.feed.status().state is FeedState.STOPPED
    assert rig.feed.take() is None
    source.closed.set()


def test_a_feed_that_was_never_started_can_be_stopped() -> None:
    rig = Rig(Script(live=True, connections=[[]]))
    rig.feed.stop(1)

    assert rig.feed.status().state is FeedState.STOPPED
