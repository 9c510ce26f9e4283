"""Hosts that accept and say nothing, or stop in mid-picture: real sockets."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from tests.footage import write_clip
from vision.core.clock import SystemClock
from vision.core.errors import SourceError, SourceOpenError, SourceReadError
from vision.sources.opencv import OpenCVSource
from vision.sources.options import PacketOptions, StreamOptions
from vision.sources.packets import PacketSource
from vision.sources.stream import StreamSource

TIMEOUT_S = 0.6
SLACK_S = 1.0

Make = Callable[[str], StreamSource]


def packets(url: str) -> PacketSource:
    options = PacketOptions(
        camera_id="gate",
        url=url,
        period_s=0.2,
        open_timeout_s=TIMEOUT_S,
        read_timeout_s=TIMEOUT_S,
        decode="full",
        live=True,
    )
    return PacketSource(options, clock=SystemClock())


def opencv(url: str) -> OpenCVSource:
    options = StreamOptions(
        camera_id="gate",
        url=url,
        period_s=0.2,
        open_timeout_s=TIMEOUT_S,
        read_timeout_s=TIMEOUT_S,
        live=True,
    )
    return OpenCVSource(options, clock=SystemClock())


both = pytest.mark.parametrize("make", [packets, opencv])


class Host:
    """Accepts, sends what it is given, then falls silent or hangs up."""

    def __init__(self, speech: bytes, *, hang_up: bool) -> None:
        self._speech = speech
        self._hang_up = hang_up
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._guests: list[socket.socket] = []
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._talk, daemon=True).start()

    def _talk(self) -> None:
        try:
            while True:
                guest, _ = self._listener.accept()
                self._guests.append(guest)
                if self._speech:
                    guest.recv(4096)
                    guest.sendall(self._speech)
                if self._hang_up:
                    guest.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        for end in [*self._guests, self._listener]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def host() -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def make(speech: bytes = b"", *, hang_up: bool = False) -> Host:
        hosts.append(Host(speech, hang_up=hang_up))
        return hosts[-1]

    yield make
    for made in hosts:
        made.close()


@pytest.fixture
def half_a_stream(tmp_path: Path) -> bytes:
    """Return an HTTP answer that ends in the middle of a picture."""
    video = write_clip(tmp_path / "clip.ts", seconds=12, gop=25).read_bytes()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n"
    return head + video[: len(video) * 2 // 3 + 77]


@both
@pytest.mark.parametrize("scheme", ["rtsp", "http", "rtmp"])
def test_a_host_that_says_nothing_is_given_up_in_time(
    make: Make, scheme: str, host: Callable[..., Host]
) -> None:
    source = make(f"{scheme}://me:pw@127.0.0.1:{host().port}/cam")
    start_s = time.monotonic()

    with pytest.raises(SourceOpenError) as caught:
        source.open()
    assert time.monotonic() - start_s < TIMEOUT_S + SLACK_S
    assert "127.0.0.1" in str(caught.value)
    assert "pw" not in str(caught.value)
    source.close()


@both
def test_a_port_where_nobody_listens_is_unreachable(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    with pytest.raises(SourceOpenError):
        make(f"rtsp://127.0.0.1:{port}/cam").open()


@both
@pytest.mark.parametrize("hang_up", [False, True])
def test_a_stream_that_stops_in_mid_picture_is_an_error_in_time(
    make: Make, host: Callable[..., Host], half_a_stream: bytes, *, hang_up: bool
) -> None:
    address = host(half_a_stream, hang_up=hang_up)
    source = make(f"http://127.0.0.1:{address.port}/live.ts")
    try:
        source.open()
    except SourceOpenError:
        pytest.fail("half a stream is enough to open it")
    heard_s: list[float] = []

    def read_on() -> None:
        while source.read() is not None:
            heard_s.append(time.monotonic())

    with pytest.raises(SourceReadError):
        read_on()

    assert len(heard_s) > 5
    assert time.monotonic() - heard_s[-1] < TIMEOUT_S + SLACK_S
    source.close()


def test_packets_that_never_become_pictures_are_an_error(
    host: Callable[..., Host], tmp_path: Path
) -> None:
    video = write_clip(tmp_path / "clip.ts", seconds=4, gop=1000).read_bytes()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n"
    options = PacketOptions(
        camera_id="gate",
        url=f"http://127.0.0.1:{host(head + video).port}/live.ts",
        open_timeout_s=TIMEOUT_S,
        read_timeout_s=TIMEOUT_S,
        live=True,
        no_picture_s=0.0,
    )
    source = PacketSource(options, clock=SystemClock())
    source.open()
    first = source.read()

    assert first is not None
    with pytest.raises(SourceReadError, match="packets but no picture"):
        source.read()


def unguided(kind: str, url: str) -> StreamSource:
    """Return a source that has to find out by itself what it reads."""
    if kind == "packets":
        options = PacketOptions(camera_id="gate", url=url, decode="full")
        return PacketSource(options, clock=SystemClock())
    return OpenCVSource(StreamOptions(camera_id="gate", url=url), clock=SystemClock())


@pytest.mark.parametrize("kind", ["packets", "opencv"])
def test_a_recording_served_by_http_ends_as_a_file_does(
    kind: str, tmp_path: Path
) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=4, faststart=True)

    class Quiet(SimpleHTTPRequestHandler):
        @override
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        source = unguided(kind, f"http://127.0.0.1:{port}/clip.mp4")
        source.open()
        frames = []
        while (frame := source.read()) is not None:
            frames.append(frame)
        source.close()
        server.shutdown()

    assert not source.live
    assert [f.media_time_s for f in frames] == pytest.approx([0, 1, 2, 3])


@pytest.mark.parametrize("kind", ["packets", "opencv"])
def test_a_stream_without_an_end_is_live(
    kind: str, host: Callable[..., Host], half_a_stream: bytes
) -> None:
    address = host(half_a_stream, hang_up=True)
    source = unguided(kind, f"http://127.0.0.1:{address.port}/live.ts")
    source.open()

    assert source.live
    source.close()


def test_a_usb_camera_that_is_not_there_is_unreachable(
    capfd: pytest.CaptureFixture[str],
) -> None:
    options = StreamOptions(camera_id="gate", url="63")

    with pytest.raises(SourceOpenError, match="63: OpenCV cannot open it"):
        OpenCVSource(options, clock=SystemClock()).open()
    assert capfd.readouterr() == ("", "")


_LEAVES_WHILE_OPENING = """
import socket, threading, time
from vision.core.clock import SystemClock
from vision.sources.opencv import OpenCVSource
from vision.sources.options import StreamOptions
host = socket.create_server(("127.0.0.1", 0))
url = f"rtsp://127.0.0.1:{host.getsockname()[1]}/cam"
options = StreamOptions(camera_id="gate", url=url, open_timeout_s=0.4)
source = OpenCVSource(options, clock=SystemClock())
def connect():
    try:
        source.open()
    except Exception:
        pass
threading.Thread(target=connect, daemon=True).start()
time.sleep(0.3)
"""


def test_a_program_may_end_while_opencv_still_waits_for_a_camera() -> None:
    program = subprocess.run(
        [sys.executable, "-c", _LEAVES_WHILE_OPENING],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (program.returncode, program.stderr) == (0, "")


@both
def test_giving_up_again_and_again_leaves_few_threads(
    make: Make, host: Callable[..., Host]
) -> None:
    before = threading.active_count()
    source = make(f"rtsp://127.0.0.1:{host().port}/cam")
    for _ in range(4):
        with pytest.raises(SourceError):
            source.open()

    assert threading.active_count() - before <= 3
