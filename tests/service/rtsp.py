"""A real RTSP camera to break: kill it, restart it, freeze it, cut its line."""

import signal
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_PYTHON = "/usr/bin/python3"  # the one that has GStreamer's bindings
_SERVER = Path(__file__).with_name("rtsp_server.py")
_PROBE = "import gi; gi.require_version('GstRtspServer', '1.0')"


def why_no_server() -> str | None:
    """Return why GStreamer's RTSP server cannot run here, or None if it can."""
    try:
        probe = subprocess.run(
            [_PYTHON, "-c", _PROBE], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return f"{_PYTHON} is missing"
    if probe.returncode:
        return f"install gir1.2-gst-rtsp-server-1.0: {probe.stderr.splitlines()[-1]}"
    return None


class RtspServer:
    """One camera at `url`, on a port that it keeps over restarts."""

    def __init__(self, clip: Path, *, login: tuple[str, str] | None = None) -> None:
        """Start serving `clip`, raw H.264, and wait until it listens."""
        self._clip = clip
        self._login = login
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/cam"

    def start(self) -> None:
        """Start, or start again at the same port."""
        command = [_PYTHON, str(_SERVER), str(self._clip), "--port", str(self.port)]
        if self._login is not None:
            user, password = self._login
            command += ["--user", user, "--password", password]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        answer = self._process.stdout.readline().split()
        assert answer[:1] == ["ready"], f"the RTSP server did not start: {answer}"
        self.port = int(answer[1])

    def kill(self) -> None:
        """Die at once, as a camera without power does."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def freeze(self) -> None:
        """Keep every connection and say nothing more."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


class Line:
    """A TCP line to a port that can be cut: everything on it is lost."""

    def __init__(self, to_port: int) -> None:
        """Listen on a free port and pass everything on to `to_port`."""
        self._to_port = to_port
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._whole = threading.Event()
        self._whole.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._whole.clear()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def mend(self) -> None:
        """Let connections through again."""
        self._whole.set()

    def close(self) -> None:
        """Cut for good."""
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _connect(self) -> socket.socket | None:
        if not self._whole.is_set():
            return None
        try:
            return socket.create_connection(("127.0.0.1", self._to_port))
        except OSError:
            return None

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = self._connect()
                if far is None:
                    near.close()
                    continue
                self._ends += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=pair, daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
    source.close()
