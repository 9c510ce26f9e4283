"""Cameras that count pictures where they should tell the time, over real HTTP."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from typing_extensions import override

from tests.fakes import START, ManualClock
from tests.footage import write_clip
from tests.http_camera import Camera, serving
from vision.core.arrays import ImageU8
from vision.core.clock import SystemClock
from vision.core.health import HealthEvent, HealthKind
from vision.sources.opencv import OpenCVSource
from vision.sources.options import PacketOptions, StreamOptions
from vision.sources.packets import PacketSource
from vision.sources.position import Stamp
from vision.sources.stream import Facts, StreamSource, Timeline


@pytest.fixture(params=[Camera])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with serving(request.param) as address:
        yield address


class HurriedClock:
    """A clock that goes forty times as fast as ours: minutes in seconds."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        return 40 * (time.monotonic() - self._began_s)


def test_pictures_over_http_are_timed_by_the_wall_clock(url: str) -> None:
    options = PacketOptions(camera_id="gate", url=url, period_s=0.3, decode="auto")
    source = PacketSource(options, clock=SystemClock())
    source.open()
    began_s, times, passed_s = time.monotonic(), [], 0.0
    while passed_s < 2.0:
        frame = source.read()
        assert frame is not None
        passed_s = time.monotonic() - began_s
        times.append(frame.media_time_s)
    source.close()

    assert times[-1] - times[0] == pytest.approx(passed_s, abs=0.5)
    assert len(times) >= 5
    assert source.shed == 0


class Recorder(BaseHTTPRequestHandler):
    """Sends a stamped stream of 150 s in the given time; in none, all of it waits."""

    clip: ClassVar[bytes] = b""
    lasts_s: ClassVar[float] = 0.0

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "video/mp2t")
        self.end_headers()
        began_s, size = time.monotonic(), 5 * 188
        try:
            for start in range(0, len(self.clip), size):
                due_s = began_s + self.lasts_s * start / len(self.clip)
                if (early_s := due_s - time.monotonic()) > 0:
                    time.sleep(early_s)
                self.wfile.write(self.clip[start : start + size])
        except OSError:
            pass  # hung up

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


class SlowRecorder(Recorder):
    """A camera whose clock, by the hurried one, runs at 0.8 s per second."""

    lasts_s = 150 / 0.8 / 40


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("pace") / "clip.ts"
    write_clip(path, fps=5, seconds=150, gop=1)
    return path


def packet_source(
    url: str, clock: HurriedClock, told: list[HealthEvent]
) -> StreamSource:
    options = PacketOptions(camera_id="gate", url=url, period_s=0.2, decode="full")
    return PacketSource(options, clock=clock, on_health=told.append)


def opencv_source(
    url: str, clock: HurriedClock, told: list[HealthEvent]
) -> StreamSource:
    options = StreamOptions(camera_id="gate", url=url, period_s=0.2)
    return OpenCVSource(options, clock=clock, on_health=told.append)


@pytest.fixture
def busy() -> Iterator[None]:
    """Keep a processor occupied, as a model that looks at pictures does."""
    over = threading.Event()

    def work() -> None:
        block = bytes(1 << 20)
        while not over.is_set():
            hashlib.sha256(block)  # lets other threads run, in Python's sense

    worker = threading.Thread(target=work)
    worker.start()
    yield
    over.set()
    worker.join()


Make = Callable[[str, HurriedClock, list[HealthEvent]], StreamSource]


def blamed(make: Make, url: str, *, tending_s: float = 0.0) -> bool:
    """Read for two minutes and more; return whether the camera's clock is wrong."""
    told: list[HealthEvent] = []
    clock = HurriedClock()
    source = make(url, clock, told)
    source.open()
    began_s = clock.monotonic_s()
    while clock.monotonic_s() - began_s < 140:
        assert source.read() is not None
        time.sleep(tending_s)
    source.close()
    return HealthKind.TIME_JUMP in [event.kind for event in told]


@pytest.mark.parametrize("make", [packet_source, opencv_source])
@pytest.mark.parametrize(
    ("url", "tending_s", "slow"),
    [
        pytest.param(SlowRecorder, 0.0, True, id="slow camera"),
        pytest.param(Recorder, 150 / 0.8 / 40 / 750, False, id="slow reader"),
    ],
    indirect=["url"],
)
def test_a_slow_camera_is_told_from_a_slow_reader(
    url: str,
    tending_s: float,
    make: Make,
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    slow: bool,
) -> None:
    monkeypatch.setattr(Recorder, "clip", clip.read_bytes())

    assert blamed(make, url, tending_s=tending_s) is slow


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("make", [packet_source, opencv_source])
@pytest.mark.parametrize("url", [SlowRecorder], indirect=True)
def test_a_slow_camera_is_told_whatever_else_the_process_does(
    url: str, make: Make, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recorder, "clip", clip.read_bytes())

    assert blamed(make, url)


class TrueCamera:
    """A camera that tells the time, read by a machine that is too slow for it."""

    facts = Facts(live=True, nominal_s=0.04)

    def __init__(
        self, clock: ManualClock, decoding_s: float, *, sheds: bool = True
    ) -> None:
        self._clock = clock
        self._decoding_s = decoding_s
        self._sheds = sheds
        self._had_s = 0.0  # the last packet
        self._number = 0

    def next_picture(self, timeline: Timeline) -> tuple[ImageU8, float] | None:
        while self._number < 25 * 600:
            taken_s = 0.04 * self._number
            self._number += 1
            wait_s = max(0.0, taken_s - self._clock.monotonic_s())
            self._clock.advance(max(0.001, wait_s))
            asked_s, self._had_s = self._had_s, self._clock.monotonic_s()
            waited = wait_s / (self._had_s - asked_s)
            media_s = timeline.at(Stamp(taken_s, taken_s), waited=waited)
            if timeline.due(media_s) and not (self._sheds and timeline.spare(media_s)):
                self._clock.advance(self._decoding_s)
                return np.zeros((2, 2, 3), np.uint8), media_s
        return None

    def close(self) -> None:
        """Nothing to let go."""


@pytest.mark.parametrize("period_s", [0.5, 1.0, 2.0])
def test_a_machine_that_is_too_slow_does_not_blame_the_camera(period_s: float) -> None:
    told: list[HealthEvent] = []
    clock = ManualClock()
    options = StreamOptions(camera_id="gate", url="rtsp://gate", period_s=period_s)
    source = StreamSource(
        options,
        lambda: TrueCamera(clock, 1.3 * period_s),
        clock=clock,
        on_health=told.append,
    )
    source.open()
    while source.read() is not None:
        pass

    assert source.shed > 20
    assert told == []


@pytest.mark.parametrize("busy", [1.1, 3.0])
def test_a_machine_that_decodes_all_the_same_does_not_blame_the_camera(
    busy: float,
) -> None:
    told: list[HealthEvent] = []
    clock = ManualClock()
    options = StreamOptions(camera_id="gate", url="rtsp://gate", period_s=0.04)
    source = StreamSource(
        options,
        lambda: TrueCamera(clock, 0.04 * busy, sheds=False),
        clock=clock,
        on_health=told.append,
    )
    source.open()
    media_time_s = 0.0
    while clock.monotonic_s() < 240:
        frame = source.read()
        assert frame is not None
        media_time_s = frame.media_time_s

    assert told == []
    # Pictures are as old as they are: a millisecond goes into reading each.
    assert media_time_s == pytest.approx(240 * 0.04 / (0.04 * busy + 0.001), abs=1)
