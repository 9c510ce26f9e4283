"""A line to a service that breaks where it is told to."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Line:
    """Passes bytes on, and cuts a connection after so many of a caller's.

    Attributes:
        cuts: how many bytes the next connections let through, in order; with none
            left they hold.
        sent: bytes that callers sent and that were passed on.
    """

    def __init__(self, port: int) -> None:
        self.cuts: list[int] = []
        self.sent = 0
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                left = self.cuts.pop(0) if self.cuts else None
                for work, of in (
                    (self._out, (near, far, left)),
                    (self._back, (far, near)),
                ):
                    threading.Thread(target=work, args=of, daemon=True).start()

    def _out(self, near: socket.socket, far: socket.socket, left: int | None) -> None:
        with contextlib.suppress(OSError):
            while left != 0 and (some := near.recv(min(left or 65536, 65536))):
                far.sendall(some)
                self.sent += len(some)
                left = None if left is None else left - len(some)
        _shut(near, far)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while some := far.recv(65536):
                near.sendall(some)
        _shut(near, far)


def _shut(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    line = Line(port)
    try:
        yield line
    finally:
        line.close()
