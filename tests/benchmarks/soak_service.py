"""Whether the service's memory stays flat under a long load.

    python -m tests.benchmarks.soak_service --minutes 20

A service runs as a process of its own while one client reports events (new, updated,
cleared, by the batch), one reads lists and maps, and a few listen to the stream and
come and go. Its own memory is written down every few seconds; the figure is how
much it grew from the end of the first quarter to the end, by a straight line.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from serve.app import create_app
from serve.people.roles import Scope
from serve.services import Services
from serve.settings import Settings
from tests.benchmarks.million import message
from tests.benchmarks.service_process import own_process

EVERY_S = 5.0


def report(client: httpx.Client, numbers: Iterator[int]) -> None:
    """Report one event alone and a few by the batch."""
    client.post("/api/v1/events", json=message(next(numbers))).raise_for_status()
    batch = [message(next(numbers)) for _ in range(5)]
    client.post("/api/v1/events/batch", json=batch).raise_for_status()


def read(client: httpx.Client) -> None:
    """Look at what a desk looks at."""
    for path in ("/api/v1/events", "/events.geojson?limit=200", "/api/v1/cases",
                 "/metrics", "/api/v1/indicators"):  # fmt: skip
        client.get(path).raise_for_status()


def listen(client: httpx.Client, until: threading.Event) -> None:
    """Hear some of the stream and go."""
    with client.stream("GET", "/api/v1/stream") as answer:
        for _, _ in zip(range(30), answer.iter_lines(), strict=False):
            if until.is_set():
                return


def keep_on(
    work: Callable[[httpx.Client], None], client: httpx.Client, until: threading.Event
) -> threading.Thread:
    """Do something again and again in a thread."""

    def run() -> None:
        while not until.is_set():
            work(client)
            until.wait(0.02)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def memory_mib(pid: int) -> float:
    """Return the memory that is a process's own, MiB (Linux).

    What SQLite maps of its file is left out: it is the disk's cache and given back.
    """
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    msg = f"process {pid} has ended"
    raise SystemExit(msg)


def main() -> None:
    """Load, watch, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        app = create_app(Settings(home=home))
        services: Services = app.state.services
        services.database.migrate()
        key = services.keys.create("soak", [Scope.INGEST, Scope.READ])
        numbers = itertools.count()
        headers = {"Authorization": f"Bearer {key}"}
        until = threading.Event()
        samples: list[tuple[float, float]] = []
        with own_process("service", services.settings.database, home) as server:
            clients = [
                httpx.Client(base_url=server.url, headers=headers, timeout=60)
                for _ in range(4)
            ]
            works = [
                lambda one: report(one, numbers),
                read,
                lambda one: listen(one, until),
                lambda one: listen(one, until),
            ]
            threads = [
                keep_on(work, client, until)
                for work, client in zip(works, clients, strict=True)
            ]
            started_s = time.perf_counter()
            while time.perf_counter() - started_s < given.minutes * 60:
                until.wait(EVERY_S)
                samples.append(
                    (time.perf_counter() - started_s, memory_mib(server.process.pid))
                )
            until.set()
            for thread in threads:
                thread.join()
        late = samples[len(samples) // 4 :]
        slope, _ = statistics.linear_regression(
            [at for at, _ in late], [size for _, size in late]
        )
        quarters = [samples[len(samples) * part // 4 - 1][1] for part in (1, 2, 3, 4)]
        figures = {
            "minutes": given.minutes,
            "events": next(numbers),
            "mib_at_quarters": [round(size, 1) for size in quarters],
            "growth_mib_per_hour": round(slope * 3600, 2),
        }
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
