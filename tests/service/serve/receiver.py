"""A work-order system that takes webhooks, and can be told to fail."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: str
    sender: tuple[str, int]


@dataclass
class Receiver:
    """What arrived, and how the next requests are answered."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    judge: Callable[[Received], int] | None = None
    endless: bool = False
    drips: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int, timeout_s: float = 15) -> list[Received]:
        """Return the requests once there are so many."""
        with self.changed:
            enough = self.changed.wait_for(
                lambda: len(self.requests) >= count, timeout_s
            )
            assert enough, f"{len(self.requests)} of {count} requests came"
            return list(self.requests)


def _answer(
    handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str]
) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _pour(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):  # until the sender has had enough
        while True:
            handler.wfile.write(b"x" * 65536)


def _drip(handler: BaseHTTPRequestHandler) -> None:
    """Begin an answer and never come to its end, though something always comes."""
    handler.close_connection = True
    with suppress(OSError):  # until the sender has had enough
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.05)


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver on a free port, with TLS where a context is given."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            request = Received(
                self.path,
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length).decode(),
                (self.client_address[0], self.client_address[1]),
            )
            with receiver.changed:
                receiver.requests.append(request)
                status = 204
                headers: dict[str, str] = {}
                if receiver.answers:
                    status, headers = receiver.answers.pop(0)
                elif receiver.judge is not None:
                    status = receiver.judge(request)
                receiver.changed.notify_all()
            if receiver.drips:
                _drip(self)
            elif receiver.endless:
                _pour(self)
            else:
                _answer(self, status, headers)

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    receiver.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
