"""Whether the service's memory stays flat under a long load.

    python -m tests.benchmarks.soak_service --minutes 20 [--database postgresql]

A service runs as a process of its own while one client reports events (new, updated,
cleared, by the batch), one reads lists and maps, and a few listen to the stream and
come and go. Its own memory is written down every few seconds; the figure is how
much it grew from the end of the first quarter to the end, by a straight line, with an
interval that minds that neighbouring samples are alike.
"""

import argparse
import itertools
import json
import sys
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
from tests.benchmarks.service_process import (
    DATABASES,
    Server,
    database_of,
    own_process,
)
from tests.benchmarks.soak_figures import slope

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


def memory_mib(pid: int, part: str = "RssAnon") -> float:
    """Return a process's memory, MiB (Linux).

    Args:
        pid: which.
        part: `RssAnon`, what is its own; `VmRSS`, with the files that it maps.
    """
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith(f"{part}:"):
            return int(line.split()[1]) / 1024
    msg = f"process {pid} has ended"
    raise SystemExit(msg)


def watch(
    server: Server, key: str, numbers: Iterator[int], minutes: float
) -> list[tuple[float, float, float]]:
    """Load a server; return (seconds, own MiB, all MiB) from time to time."""
    headers = {"Authorization": f"Bearer {key}"}
    until = threading.Event()
    works: list[Callable[[httpx.Client], None]] = [
        lambda one: report(one, numbers),
        read,
        lambda one: listen(one, until),
        lambda one: listen(one, until),
    ]
    threads = [
        keep_on(
            work, httpx.Client(base_url=server.url, headers=headers, timeout=60), until
        )
        for work in works
    ]
    samples = []
    started_s = time.perf_counter()
    while (now_s := time.perf_counter() - started_s) < minutes * 60:
        until.wait(EVERY_S)
        pid = server.process.pid
        samples.append((now_s, memory_mib(pid), memory_mib(pid, "VmRSS")))
    until.set()
    for thread in threads:
        thread.join()
    return samples


def main() -> None:
    """Load, watch, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--database", choices=DATABASES, default=DATABASES[0])
    given = parser.parse_args()
    numbers = itertools.count()
    with database_of(given.database) as (url, home):
        app = create_app(Settings(home=home, database_url=url))
        services: Services = app.state.services
        services.database.migrate()
        key = services.keys.create("soak", [Scope.INGEST, Scope.READ])
        services.database.close()
        with own_process("service", services.settings.database, home) as server:
            samples = watch(server, key, numbers, given.minutes)
    late = samples[len(samples) // 4 :]
    quarters = [samples[len(samples) * part // 4 - 1] for part in (1, 2, 3, 4)]
    figures = {
        "database": given.database,
        "minutes": given.minutes,
        "events": next(numbers),
        "own_mib_at_quarters": [round(own, 1) for _, own, _ in quarters],
        "rss_mib_at_quarters": [round(rss, 1) for _, _, rss in quarters],
        "own_growth_mib_per_hour": _growth([(at, own) for at, own, _ in late]),
        "rss_growth_mib_per_hour": _growth([(at, rss) for at, _, rss in late]),
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


def _growth(samples: list[tuple[float, float]]) -> str:
    found = slope([at for at, _ in samples], [size for _, size in samples])
    if found is None:
        return "too few samples"
    return f"{found.per_hour:.2f} ({found.low:.2f} to {found.high:.2f})"


if __name__ == "__main__":
    main()
