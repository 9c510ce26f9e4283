"""A real RTSP camera that dies, freezes, comes back, and never takes us with it."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.footage import number_of, write_clip
from tests.service.rtsp import Line, RtspServer, why_no_server
from vision.core.backoff import Backoff
from vision.core.clock import SystemClock
from vision.core.errors import SourceOpenError, SourceReadError
from vision.core.feed import FeedState
from vision.core.frame import Frame
from vision.core.health import HealthEvent, HealthKind
from vision.core.packets import EncodedPacket
from vision.sources.feed import FeedOptions, ReaderFeed
from vision.sources.opencv import OpenCVSource
from vision.sources.options import PacketOptions, StreamOptions
from vision.sources.packets import PacketSource
from vision.sources.stream import StreamSource

pytestmark = pytest.mark.rtsp

GOP_S = 0.48
Make = Callable[[str], StreamSource]


@pytest.fixture(scope="module", autouse=True)
def _server_is_installed() -> None:
    reason = why_no_server()
    if reason is not None and os.environ.get("CI"):
        pytest.fail(f"CI must test real cameras: {reason}")
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rtsp")
    return write_clip(folder / "loop.h264", seconds=40, gop=12)


@pytest.fixture
def server(clip: Path) -> Iterator[RtspServer]:
    with RtspServer(clip) as server:
        yield server


def packets(url: str) -> PacketSource:
    options = PacketOptions(
        camera_id="gate",
        url=url,
        period_s=0.4,
        open_timeout_s=3,
        read_timeout_s=1,
        decode="key",
    )
    return PacketSource(options, clock=SystemClock())


def opencv(url: str) -> OpenCVSource:
    options = StreamOptions(
        camera_id="gate", url=url, period_s=0.4, open_timeout_s=3, read_timeout_s=1
    )
    return OpenCVSource(options, clock=SystemClock())


both = pytest.mark.parametrize("make", [packets, opencv])


def read_on(source: StreamSource) -> None:
    while source.read() is not None:
        pass


class Watch:
    """A feed on a camera, and what it told."""

    def __init__(self, source: StreamSource) -> None:
        self.told: list[HealthEvent] = []
        self.frames: list[Frame] = []
        self._arrived = threading.Event()
        self.feed = ReaderFeed(
            source,
            FeedOptions(camera_id="gate", backoff=Backoff(first_s=0.2, cap_s=0.5)),
            clock=SystemClock(),
            rng=random.Random(1),
            on_health=self.told.append,
            on_arrival=self._arrived.set,
        )
        self.feed.start()

    def until(self, done: Callable[[], object], *, within_s: float = 20) -> None:
        ends_s = time.monotonic() + within_s
        while not done():
            assert time.monotonic() < ends_s, (self.feed.status(), self.told)
            self._arrived.wait(0.1)
            self._arrived.clear()
            while (frame := self.feed.take()) is not None:
                self.frames.append(frame)

    def see(self, more: int) -> None:
        """Wait for some more frames."""
        goal = len(self.frames) + more
        self.until(lambda: len(self.frames) >= goal)

    def was_told(self, kind: HealthKind, *, ok: bool) -> bool:
        return (kind, ok) in [(event.kind, event.ok) for event in self.told]


@pytest.fixture
def watch() -> Iterator[Callable[[StreamSource], Watch]]:
    watches: list[Watch] = []

    def make(source: StreamSource) -> Watch:
        watches.append(Watch(source))
        return watches[-1]

    yield make
    for made in watches:
        made.feed.stop(3)


@both
def test_a_camera_is_seen_in_order_and_in_time(make: Make, server: RtspServer) -> None:
    source = make(server.url)
    source.open()
    frames = [source.read() for _ in range(6)]
    source.close()

    assert source.live
    seen = [frame for frame in frames if frame is not None]
    assert len(seen) == 6
    numbers = [number_of(frame.image) for frame in seen]
    assert numbers == sorted(set(numbers))
    # The number of a picture tells when the camera took it, 25 to the second.
    shown_s = [(n - numbers[0]) / 25 for n in numbers]
    assert [f.media_time_s for f in seen] == pytest.approx(shown_s, abs=0.06)


def test_every_encoded_packet_is_handed_out(server: RtspServer) -> None:
    got: list[EncodedPacket] = []
    options = PacketOptions(camera_id="gate", url=server.url, period_s=0.4)
    source = PacketSource(options, clock=SystemClock(), on_packet=got.append)
    source.open()
    for _ in range(4):
        source.read()
    source.close()

    keys = [i for i, packet in enumerate(got) if packet.is_keyframe]
    assert {after - before for before, after in pairwise(keys)} == {12}
    assert (got[0].stream.codec, got[0].stream.width) == ("h264", 192)


def test_a_camera_that_is_too_much_to_decode_is_seen_as_it_is_now(
    server: RtspServer,
) -> None:
    told: list[HealthEvent] = []
    options = PacketOptions(
        camera_id="gate", url=server.url, period_s=0.04, decode="full"
    )
    source = PacketSource(options, clock=SystemClock(), on_health=told.append)
    source.open()
    began_s, late_s, frames = time.monotonic(), [], []
    while time.monotonic() - began_s < 12:
        frame = source.read()
        assert frame is not None
        late_s.append(time.monotonic() - began_s - frame.media_time_s)
        frames.append(frame)
        time.sleep(0.1)  # what decoding would take: two and a half times too long
    source.close()

    assert max(late_s) > 2
    assert max(late_s[-5:]) < 2
    assert [(event.kind, event.ok) for event in told] == [(HealthKind.OVERLOAD, False)]
    numbers = [number_of(frame.image) for frame in frames]
    assert {number % 12 for number in numbers[-5:]} == {0}
    assert source.shed > 20


@both
def test_a_camera_that_dies_is_told_and_found_again(
    make: Make, server: RtspServer, watch: Callable[[StreamSource], Watch]
) -> None:
    w = watch(make(server.url))
    w.see(2)
    before = w.frames[-1]
    server.kill()
    w.until(lambda: w.was_told(HealthKind.CAMERA_UNREACHABLE, ok=False))
    server.start()
    w.see(2)
    after = w.frames[-1]

    assert w.was_told(HealthKind.CAMERA_UNREACHABLE, ok=True)
    assert w.feed.status().state is FeedState.STREAMING
    assert w.feed.status().reconnects >= 1
    wall_s = (after.captured_at - before.captured_at).total_seconds()
    media_s = after.media_time_s - before.media_time_s
    assert media_s == pytest.approx(wall_s, abs=1.2)  # frames of a burst are late
    assert [frame.index for frame in w.frames] == sorted(
        {frame.index for frame in w.frames}
    )


@both
def test_a_camera_that_freezes_costs_no_more_than_the_time_out(
    make: Make, server: RtspServer
) -> None:
    source = make(server.url)
    source.open()
    source.read()
    server.freeze()
    start_s = time.monotonic()

    with pytest.raises(SourceReadError):
        read_on(source)
    assert time.monotonic() - start_s < 1 + 0.9  # what was on its way comes first
    source.close()
    server.thaw()


def test_a_frozen_camera_is_watched_again_when_it_thaws(
    server: RtspServer, watch: Callable[[StreamSource], Watch]
) -> None:
    w = watch(packets(server.url))
    w.see(2)
    server.freeze()
    w.until(lambda: w.was_told(HealthKind.CAMERA_STALLED, ok=False))
    server.thaw()
    w.see(2)

    assert w.was_told(HealthKind.CAMERA_STALLED, ok=True)


@both
def test_a_line_that_is_cut_is_reconnected_once_it_is_mended(
    make: Make, server: RtspServer, watch: Callable[[StreamSource], Watch]
) -> None:
    line = Line(server.port)
    w = watch(make(f"rtsp://127.0.0.1:{line.port}/cam"))
    w.see(2)
    line.cut()
    w.until(lambda: w.was_told(HealthKind.CAMERA_UNREACHABLE, ok=False))
    line.mend()
    w.see(2)
    line.close()

    times = [frame.media_time_s for frame in w.frames]
    assert times == sorted(times)
    assert w.was_told(HealthKind.CAMERA_STALLED, ok=True)


def test_a_dead_camera_does_not_disturb_a_living_one(
    server: RtspServer, watch: Callable[[StreamSource], Watch]
) -> None:
    dead = watch(packets("rtsp://127.0.0.1:9/cam"))
    alive = watch(packets(server.url))
    alive.see(4)

    gaps = [b.media_time_s - a.media_time_s for a, b in pairwise(alive.frames)]
    assert max(gaps) < 2.5 * GOP_S
    assert dead.feed.status().frames_in == 0
    assert dead.feed.status().last_error is not None


@both
def test_wrong_credentials_are_refused_and_never_shown(make: Make, clip: Path) -> None:
    with RtspServer(clip, login=("watch", "S3cret@9")) as server:
        right = make(f"rtsp://watch:S3cret@9@127.0.0.1:{server.port}/cam")
        right.open()
        frame = right.read()
        right.close()
        wrong = make(f"rtsp://watch:Wr0ng@9@127.0.0.1:{server.port}/cam")

        with pytest.raises(SourceOpenError, match="credentials") as caught:
            wrong.open()
    assert frame is not None
    assert "Wr0ng" not in str(caught.value)
    assert "@9" not in str(caught.value)
