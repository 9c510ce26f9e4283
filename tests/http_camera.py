"""Real cameras over HTTP that send one picture after another."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import cv2
from typing_extensions import override

from tests.footage import picture


class Camera(BaseHTTPRequestHandler):
    """Sends JPEGs one after the other, as mjpg-streamer does: they bear no time."""

    fps: ClassVar[float] = 10.0
    kind: ClassVar[str] = "multipart/x-mixed-replace; boundary=next"

    def due_s(self, number: int) -> float:
        """Return when picture `number` is sent, seconds after the first."""
        return number / self.fps

    def framed(self, jpeg: bytes) -> bytes:
        """Return a picture as it is sent."""
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
        return f"--next\r\n{head}\r\n\r\n".encode() + jpeg + b"\r\n"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", self.kind)
        self.end_headers()
        began_s = time.monotonic()
        try:
            for i in range(100_000):
                _, jpeg = cv2.imencode(".jpg", picture(i % 4096))
                self.wfile.write(self.framed(jpeg.tobytes()))
                due_s = began_s + self.due_s(i + 1)
                time.sleep(max(0.0, due_s - time.monotonic()))
        except OSError:
            pass  # hung up

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(camera: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve a camera on a free port; yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), camera) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/?action=stream"
        server.shutdown()
