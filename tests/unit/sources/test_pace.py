"""Cameras that count pictures where they should tell the time, over real HTTP."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import cv2
import numpy as np
import pytest
from typing_extensions import override

from tests.fakes import START, ManualClock
from tests.footage import picture
from vision.core.arrays import ImageU8
from vision.core.clock import SystemClock
from vision.core.health import HealthEvent, HealthKind
from vision.sources.opencv import OpenCVSource
from vision.sources.options import PacketOptions, StreamOptions
from vision.sources.packets import PacketSource
from vision.sources.position import Stamp
from vision.sources.stream import Facts, StreamSource, Timeline


class Camera(BaseHTTPRequestHandler):
    """Sends JPEGs one after the other, as mjpg-streamer does: they bear no time."""

    fps: ClassVar[float] = 10.0

    def do_GET(self) -> None:
        self.send_response(200)
        kind = "multipart/x-mixed-replace; boundary=next"
        self.send_header("Content-Type", kind)
        self.end_headers()
        began_s = time.monotonic()
        try:
            for i in range(100_000):
                _, jpeg = cv2.imencode(".jpg", picture(i % 4096))
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
                self.wfile.write(f"--next\r\n{head}\r\n\r\n".encode())
                self.wfile.write(jpeg.tobytes() + b"\r\n")
                due_s = began_s + (i + 1) / self.fps
                time.sleep(max(0.0, due_s - time.monotonic()))
        except OSError:
            pass  # hung up

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


class FastCamera(Camera):
    """As many pictures in a second as a slow camera sends in forty."""

    fps = 200.0


@pytest.fixture(params=[Camera])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), request.param) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/?action=stream"
        server.shutdown()


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


@pytest.mark.parametrize("url", [FastCamera], indirect=True)
def test_opencv_notices_stamps_that_are_made_up(url: str) -> None:
    told: list[HealthEvent] = []
    clock = HurriedClock()
    options = StreamOptions(camera_id="gate", url=url, period_s=1.0)
    source = OpenCVSource(options, clock=clock, on_health=told.append)
    source.open()
    began_s, at = clock.monotonic_s(), {}
    while (passed_s := clock.monotonic_s() - began_s) < 150:
        frame = source.read()
        assert frame is not None
        at[passed_s] = frame.media_time_s
    source.close()

    settled = [(wall_s, media_s) for wall_s, media_s in at.items() if wall_s > 110]
    wall_s, media_s = (b - a for a, b in zip(settled[0], settled[-1], strict=True))
    assert media_s == pytest.approx(wall_s, abs=8)
    assert [event.kind for event in told] == [HealthKind.TIME_JUMP]
    assert "wall time is used" in told[0].detail


class TrueCamera:
    """A camera that tells the time, read by a machine that is too slow for it."""

    facts = Facts(live=True, nominal_s=0.04)

    def __init__(self, clock: ManualClock, decoding_s: float) -> None:
        self._clock = clock
        self._decoding_s = decoding_s
        self._number = 0

    def next_picture(self, timeline: Timeline) -> tuple[ImageU8, float] | None:
        while self._number < 25 * 600:
            taken_s = 0.04 * self._number
            self._number += 1
            self._clock.advance(max(0.001, taken_s - self._clock.monotonic_s()))
            media_s = timeline.at(Stamp(taken_s, taken_s))
            if timeline.due(media_s) and not timeline.spare(media_s):
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
