"""Old encoders send JPEGs one after the other, with nothing between them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path

import av
import cv2
import pytest
from typing_extensions import override

from tests.fakes import ManualClock
from tests.footage import number_of, picture, write_clip
from tests.http_camera import serving
from vision.sources.options import PacketOptions
from vision.sources.packets import PacketSource

FIRST = 12  # pictures that the camera sends before it waits to be asked for more
PATIENCE_S = 20.0


def by_opencv(_: Path) -> Iterator[bytes]:
    """Return JPEGs with a JFIF head."""
    for i in count():
        yield cv2.imencode(".jpg", picture(i % 4096))[1].tobytes()


def by_ffmpeg(folder: Path) -> Iterator[bytes]:
    """Return JPEGs with a comment instead, which FFmpeg's probes take for little."""
    clip = write_clip(folder / "shots.avi", codec="mjpeg", seconds=8)
    with av.open(str(clip)) as container:
        for packet in container.demux(video=0):
            if packet.size:
                yield bytes(packet)


@dataclass
class Encoder:
    """Sends a few pictures, then none until somebody made a picture of them."""

    pictures: Iterator[bytes]
    seen: threading.Event = field(default_factory=threading.Event)
    in_time: bool = True

    def send(self, line: socket.socket) -> None:
        with suppress(OSError):
            for number, jpeg in enumerate(self.pictures):
                if number == FIRST:
                    self.in_time = self.seen.wait(PATIENCE_S)
                line.sendall(jpeg)

    def by_tcp(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def serve() -> None:
                with suppress(OSError):
                    line, _ = server.accept()
                    with line:
                        self.send(line)

            threading.Thread(target=serve, daemon=True).start()
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"

    def by_http(self) -> Iterator[str]:
        encoder = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "image/jpeg")
                self.end_headers()
                encoder.send(self.connection)

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        with serving(Handler) as url:
            yield url


@pytest.mark.parametrize("way", ["by_tcp", "by_http"])
@pytest.mark.parametrize("made", [by_opencv, by_ffmpeg])
def test_packets_show_the_first_picture_after_a_few(
    made: Callable[[Path], Iterator[bytes]], way: str, tmp_path: Path
) -> None:
    encoder = Encoder(made(tmp_path))
    urls: Iterator[str] = getattr(encoder, way)()
    source = PacketSource(
        PacketOptions(
            camera_id="gate",
            url=next(urls),
            period_s=0.01,
            decode="auto",
            open_timeout_s=60,
        ),
        clock=ManualClock(),
    )
    source.open()
    frame = source.read()
    encoder.seen.set()

    assert frame is not None
    assert number_of(frame.image) < FIRST
    assert encoder.in_time
    assert source.live
    source.close()
    next(urls, None)
