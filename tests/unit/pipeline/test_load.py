"""A machine that is too small says so, once, and says when it is over."""

from dataclasses import dataclass, field

from tests.fakes import ManualClock
from vision.core.feed import FeedState, FeedStatus
from vision.core.frame import Frame
from vision.core.health import HealthEvent, HealthKind
from vision.pipeline.load import LoadWatch


@dataclass
class CountedFeed:
    """A live feed of which only the counters matter."""

    camera_id: str = "gate"
    live: bool = True
    frames_in: int = 0
    dropped: int = 0
    shed: int = 0

    def start(self) -> None: ...

    def take(self) -> Frame | None:
        return None

    def status(self) -> FeedStatus:
        return FeedStatus(
            FeedState.STREAMING, self.frames_in, dropped=self.dropped, shed=self.shed
        )

    def stop(self, timeout_s: float) -> None: ...


@dataclass
class Street:
    """A load watch, its feeds and time."""

    feeds: list[CountedFeed]
    clock: ManualClock = field(default_factory=ManualClock)
    told: list[HealthEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.load = LoadWatch(self.feeds, clock=self.clock, on_health=self.told.append)

    def go(self, seconds: int, *, missed: int = 0, shed: int = 0) -> None:
        for _ in range(seconds):
            for feed in self.feeds:
                feed.frames_in += 1 - shed
                feed.dropped += missed
                feed.shed += shed
            self.load.tick()
            self.clock.advance(1)


def test_a_machine_that_keeps_up_says_nothing() -> None:
    street = Street([CountedFeed("a"), CountedFeed("b")])
    street.go(60)

    assert street.told == []
    assert street.load.stretch == 1.0
    assert not street.load.overloaded


def test_overload_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    street = Street([CountedFeed("a"), CountedFeed("b")])
    street.go(40)
    for _ in range(30):  # every other picture is replaced unseen
        street.go(1, missed=1)
        street.go(1)

    (begun,) = street.told
    assert (begun.kind, begun.ok, begun.camera_id) == (HealthKind.OVERLOAD, False, None)
    assert "too small for 2 cameras" in begun.detail
    assert 1.9 < street.load.stretch < 2.1
    street.go(60)
    assert [event.ok for event in street.told] == [False, True]


def test_pictures_that_were_not_even_decoded_count_as_missed() -> None:
    street = Street([CountedFeed()])
    for _ in range(30):
        street.go(1, shed=1)
        street.go(1)

    assert street.load.overloaded


def test_files_wait_and_never_overload_a_machine() -> None:
    street = Street([CountedFeed(live=False)])
    street.go(60, missed=1)

    assert street.told == []
