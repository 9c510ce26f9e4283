"""How fast the event service is, beside a bare endpoint on the same machine.

    python -m tests.benchmarks.bench_service [--database postgresql] [--keep FOLDER]

Ingest is measured against a FastAPI endpoint that does one SQLAlchemy insert into the
same database; each server is a process of its own, asked in turn in one run. Queries
are measured over a database filled with made-up events, which `--keep` leaves for the
next run. Figures are printed as JSON.
"""

import argparse
import itertools
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from serve.app import create_app
from serve.people.roles import Scope
from serve.services import Services
from serve.settings import Settings
from tests.benchmarks.million import fill, message
from tests.benchmarks.own_postgres import own_postgres

CLIENTS = 4
ROUNDS = 5
IN_A_BATCH = 100
START_S = 120
SINGLE, BATCH = "/api/v1/events", "/api/v1/events/batch"
FIGURES = {"/bare": "bare", "/raw": "raw", SINGLE: "service", BATCH: "batched"}
BARE, OURS = ("/bare", "/raw"), (SINGLE, BATCH)


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an app in this process until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        thread.join(0.05)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


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


@dataclass(frozen=True, slots=True)
class Round:
    """What one server did in one round: events per second, its CPU per event."""

    per_s: float
    cpu_ms: float


def load(server: Server, path: str, headers: dict[str, str], bodies: list[bytes],
         each: int = 1) -> Round:  # fmt: skip
    """Post bodies of `each` events and return how that went."""
    before_s = server.cpu_s()
    per_s = rate(server.url + path, headers, bodies) * each
    spent_s = server.cpu_s() - before_s
    return Round(per_s, spent_s * 1000 / (len(bodies) * each))


def rate(url: str, headers: dict[str, str], bodies: list[bytes]) -> float:
    """Return how many posts per second several clients get through."""
    parts = [bodies[index::CLIENTS] for index in range(CLIENTS)]

    def post(part: list[bytes]) -> None:
        with httpx.Client(headers=headers, timeout=60) as client:
            for body in part:
                client.post(url, content=body).raise_for_status()

    started_s = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(post, parts))
    return len(bodies) / (time.perf_counter() - started_s)


def compare_ingest(services: Services, home: Path, requests: int) -> dict[str, float]:
    """Return rates and CPU per event, medians of several rounds taken in turn."""
    key = services.keys.create("bench", [Scope.INGEST])
    database = services.settings.database
    plain = {"Content-Type": "application/json"}
    ours = {**plain, "Authorization": f"Bearer {key}"}
    numbers = itertools.count(secrets.randbelow(4 * 10**8) + 10**7)
    rounds: dict[str, list[Round]] = {name: [] for name in (*BARE, *OURS)}
    with (
        own_process("service", database, home) as service,
        own_process("bare", database, home) as bare,
    ):
        for _ in range(ROUNDS):
            for path in (*BARE, *OURS):
                bodies = _bodies(path, numbers, requests)
                server, headers = (bare, plain) if path in BARE else (service, ours)
                each = IN_A_BATCH if path == BATCH else 1
                rounds[path].append(load(server, path, headers, bodies, each))
    report: dict[str, float] = {}
    for path, name in FIGURES.items():
        report[f"{name}_per_s"] = _median(one.per_s for one in rounds[path])
        report[f"{name}_cpu_ms"] = _median(one.cpu_ms for one in rounds[path])
    for bare_path in BARE:
        pairs = list(zip(rounds[SINGLE], rounds[bare_path], strict=True))
        name = FIGURES[bare_path]
        report[f"share_of_{name}"] = _median(o.per_s / b.per_s for o, b in pairs)
        report[f"cpu_share_of_{name}"] = _median(b.cpu_ms / o.cpu_ms for o, b in pairs)
    return report


def _bodies(path: str, numbers: Iterator[int], requests: int) -> list[bytes]:
    if path != BATCH:
        return [json.dumps(message(next(numbers))).encode() for _ in range(requests)]
    return [
        json.dumps([message(next(numbers)) for _ in range(IN_A_BATCH)]).encode()
        for _ in range(max(CLIENTS, requests // IN_A_BATCH))
    ]


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


QUERIES = {
    "newest": "/api/v1/events",
    "slug": "/api/v1/events?slug=garbage_pile",
    "camera": "/api/v1/events?camera=cam-77",
    "open": "/api/v1/events?state=open",
    "camera+state": "/api/v1/events?camera=cam-70&state=open",
    "camera+slug": "/api/v1/events?camera=cam-70&slug=street_vending",
    "slug+state": "/api/v1/events?slug=street_vending&state=open",
    "old day": "/api/v1/events?until=2026-11-12T00:00:00Z",
    "small box": "/api/v1/events?bbox=114.20,30.50,114.21,30.51",
    "small box, open": "/api/v1/events?bbox=114.20,30.50,114.21,30.51&state=open",
    "map of a corner": "/events.geojson?bbox=114.20,30.50,114.202,30.502&limit=200",
    "map of a quarter": "/events.geojson?bbox=114.20,30.50,114.25,30.55&limit=200",
    "map, open, one kind": (
        "/events.geojson?bbox=114.20,30.50,114.30,30.60&state=open"
        "&slug=garbage_pile&limit=200"
    ),
    "map of the city": "/events.geojson?limit=200",
}


def p95_ms(ask: Callable[[], httpx.Response], times: int) -> float:
    """Return the time that 95 of 100 requests stay below, milliseconds."""
    spent = []
    for _ in range(times):
        started_s = time.perf_counter()
        ask().raise_for_status()
        spent.append((time.perf_counter() - started_s) * 1000)
    return round(statistics.quantiles(spent, n=20)[-1], 1)


def measure_queries(services: Services, url: str, times: int) -> dict[str, float]:
    """Return the 95th percentile of each query."""
    key = services.keys.create("bench", [Scope.READ])
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        found = {}
        for name, path in QUERIES.items():
            client.get(path).raise_for_status()

            def ask(path: str = path) -> httpx.Response:
                return client.get(path)

            found[name] = p95_ms(ask, times)
        return found


def measure(database: str, home: Path, given: argparse.Namespace) -> dict[str, object]:
    """Return every figure for one database."""
    home.mkdir(parents=True, exist_ok=True)
    app = create_app(Settings(home=home, database_url=database))
    services: Services = app.state.services
    services.database.migrate()
    report: dict[str, object] = {"database": services.database.dialect}
    if given.requests:
        report["ingest"] = compare_ingest(services, home, given.requests)
    if given.events:
        fill(services, given.events)
        with running(app) as url:
            report["events"] = given.events
            report["p95_ms"] = measure_queries(services, url, given.times)
    services.database.close()
    return report


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    both = ("sqlite", "postgresql")
    parser.add_argument("--database", choices=both, action="append")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=400, help="0: no ingest")
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="folder that keeps the databases")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = given.keep
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        folder = folder.resolve()
        for database in given.database or both[:1]:
            url = ""
            if database == "postgresql":
                url = stack.enter_context(own_postgres(folder / "postgres"))
            report = measure(url, folder / database, given)
            sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
