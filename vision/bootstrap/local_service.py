"""An event service of our own on this machine, for as long as it is needed."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from vision.core.errors import SinkError

_START_S = 30.0
_STOP_S = 10.0
_LOG_TAIL = 2_000  # characters of its log that an error repeats


class LocalService:
    """Starts `python -m serve` on a loopback port and stops it again.

    Attributes:
        url: where it listens.
    """

    def __init__(self, home: Path, *, port: int, api_key: str) -> None:
        """Prepare a service.

        Args:
            home: its state folder; the log goes there, too.
            port: loopback port, 0 for a free one.
            api_key: the key that engines must show; handed over by environment.
        """
        self._port = port or _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._home = home
        self._log = home / "serve.log"
        self._environment = os.environ | {"STREETWARDEN_API_KEY": api_key}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        _check_free(self._port)
        command = [sys.executable, "-m", "serve", "--host", "127.0.0.1"]
        command += ["--port", str(self._port), "--home", str(self._home)]
        command += ["--open-reads"]
        self._home.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 our own module, no shell
                command, env=self._environment, stdout=log, stderr=log
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s:
            if process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        tail = self._log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:]
        msg = (
            f"the event service did not get ready on {self.url} within {_START_S:g} s; "
            f"its log, {self._log}, ends:\n{tail}"
        )
        raise SinkError(msg)

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _check_free(port: int) -> None:
    """Refuse a port where somebody else would answer instead of our service.

    Raises:
        SinkError: it is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            msg = (
                f"port {port}: {error.strerror}; end what listens there, or name "
                "another with --port (0: any free one)"
            )
            raise SinkError(msg) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
