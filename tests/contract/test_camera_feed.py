"""What every camera feed promises, around every kind of source."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import pytest

from tests.fakes import ManualClock
from tests.footage import picture, write_clip
from vision.core.feed import FeedState
from vision.core.health import HealthEvent
from vision.core.ports import CameraFeed
from vision.sources.feed import FeedOptions, ReaderFeed
from vision.sources.images import ImageSource
from vision.sources.opencv import OpenCVSource
from vision.sources.options import PacketOptions, StreamOptions
from vision.sources.packets import PacketSource

FRAMES = 6


@dataclass
class Bench:
    """Where feeds come from, and what they told."""

    folder: Path
    arrived: threading.Event = field(default_factory=threading.Event)
    told: list[HealthEvent] = field(default_factory=list)

    def around(self, source: PacketSource | OpenCVSource | ImageSource) -> CameraFeed:
        return ReaderFeed(
            source,
            FeedOptions(camera_id="gate"),
            clock=ManualClock(),
            rng=random.Random(1),
            on_health=self.told.append,
            on_arrival=self.arrived.set,
        )

    def options(self, name: str) -> StreamOptions:
        url = str(self.folder / name)
        return StreamOptions(camera_id="gate", url=url, period_s=0.2)

    def packets(self, name: str) -> CameraFeed:
        url = str(self.folder / name)
        options = PacketOptions(camera_id="gate", url=url, period_s=0.2, decode="full")
        return self.around(PacketSource(options, clock=ManualClock()))

    def opencv(self, name: str) -> CameraFeed:
        return self.around(OpenCVSource(self.options(name), clock=ManualClock()))

    def images(self, name: str) -> CameraFeed:
        name = "shots" if name == "clip.mp4" else name
        return self.around(ImageSource(self.options(name), clock=ManualClock()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feeds")
    write_clip(folder / "clip.mp4", seconds=0.2 * FRAMES)
    (folder / "shots").mkdir()
    for i in range(FRAMES):
        cv2.imwrite(str(folder / "shots" / f"{i}.png"), picture(i))
    return folder


@pytest.fixture
def bench(folder: Path) -> Bench:
    return Bench(folder)


@pytest.fixture(params=["packets", "opencv", "images"])
def make(request: pytest.FixtureRequest, bench: Bench) -> Callable[[str], CameraFeed]:
    made: Callable[[str], CameraFeed] = getattr(bench, str(request.param))
    return made


@pytest.fixture
def feed(make: Callable[[str], CameraFeed]) -> Iterator[CameraFeed]:
    feed = make("clip.mp4")
    yield feed
    feed.stop(5)


def all_frames(feed: CameraFeed) -> list[int]:
    """Take until the end, however long each frame keeps one waiting."""
    taken: list[int] = []
    ends_s = time.monotonic() + 10
    while time.monotonic() < ends_s:
        got = feed.take()
        if got is not None:
            taken.append(got.index)
            continue
        status = feed.status()
        if status.state in {FeedState.ENDED, FeedState.FAILED} and not status.queued:
            return taken
        threading.Event().wait(0.005)
    pytest.fail(f"no end in 10 s: {feed.status()}")


def test_it_hands_out_every_frame_of_a_file_and_ends(feed: CameraFeed) -> None:
    feed.start()

    assert all_frames(feed) == list(range(FRAMES))
    assert feed.status().state is FeedState.ENDED
    assert feed.status().last_error is None


def test_it_counts_what_it_buffered(feed: CameraFeed) -> None:
    feed.start()
    all_frames(feed)
    status = feed.status()

    assert (status.frames_in, status.dropped, status.queued) == (FRAMES, 0, 0)
    assert status.oldest_age_s == 0.0


def test_taking_never_blocks(feed: CameraFeed) -> None:
    start_s = time.monotonic()
    feed.take()
    feed.start()
    for _ in range(100):
        feed.take()

    assert time.monotonic() - start_s < 1


def test_a_source_that_cannot_be_read_fails_with_the_reason(
    make: Callable[[str], CameraFeed],
) -> None:
    feed = make("nowhere")
    feed.start()

    assert all_frames(feed) == []
    assert feed.status().state is FeedState.FAILED
    assert "nowhere" in str(feed.status().last_error)
    feed.stop(5)


def test_stopping_midway_is_quick_and_final(feed: CameraFeed) -> None:
    feed.start()
    start_s = time.monotonic()
    feed.stop(5)

    assert time.monotonic() - start_s < 3
    assert feed.status().state is FeedState.STOPPED


def test_a_reader_feed_wakes_its_consumer(bench: Bench) -> None:
    feed = bench.packets("clip.mp4")
    feed.start()

    assert bench.arrived.wait(5)
    feed.stop(5)


def test_one_failing_camera_does_not_disturb_another(bench: Bench) -> None:
    bad, good = bench.packets("nowhere"), bench.opencv("clip.mp4")
    bad.start()
    good.start()

    assert all_frames(good) == list(range(FRAMES))
    assert bad.status().state is FeedState.FAILED
    bad.stop(5)
    good.stop(5)
