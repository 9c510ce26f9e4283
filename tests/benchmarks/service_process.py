"""The service, or another server, as a process of its own; and its database."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.own_postgres import own_postgres

START_S = 120
DATABASES = ("sqlite", "postgresql")


@contextmanager
def database_of(kind: str, keep: Path | None = None) -> Iterator[tuple[str, Path]]:
    """Yield a database's address and a home folder for the service.

    Args:
        kind: `sqlite` or `postgresql`.
        keep: where both stay for the next run; None throws them away.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if keep is None else keep.resolve()
        if keep is None:
            folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        home = folder / kind
        home.mkdir(parents=True, exist_ok=True)
        if kind == "sqlite":
            yield "", home
        else:
            with own_postgres(folder / "postgres") as url:
                yield url, home


@dataclass(frozen=True, slots=True)
class Server:
    """One of the two servers, a process of its own."""

    url: str
    process: subprocess.Popen[bytes]

    def cpu_s(self) -> float:
        """Return the processor time it has used so far, seconds (Linux)."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text("ascii")
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def own_process(kind: str, database: str, home: Path) -> Iterator[Server]:
    """Run one of the two servers in a process of its own until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.ingest_servers", kind, database,
         str(home), str(port)]
    )  # fmt: skip
    try:
        for _ in range(START_S * 10):
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Server(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(START_S)
