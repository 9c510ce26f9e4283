"""How fast the event service takes events in, beside a bare endpoint.

    python -m tests.benchmarks.bench_service [--database postgresql]

Measured against a FastAPI endpoint that does one SQLAlchemy insert into the same
database; each server is a process of its own, asked in turn in one run, on SQLite and
PostgreSQL. Figures are printed as JSON.
"""

import argparse
import itertools
import json
import secrets
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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

CLIENTS = 4
ROUNDS = 5
IN_A_BATCH = 100
START_S = 120
SINGLE, BATCH = "/api/v1/events", "/api/v1/events/batch"
FIGURES = {"/bare": "bare", "/raw": "raw", SINGLE: "service", BATCH: "batched"}
BARE, OURS = ("/bare", "/raw"), (SINGLE, BATCH)


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


def measure(database: str, home: Path, given: argparse.Namespace) -> dict[str, object]:
    """Return every figure for one database."""
    home.mkdir(parents=True, exist_ok=True)
    app = create_app(Settings(home=home, database_url=database))
    services: Services = app.state.services
    services.database.migrate()
    report = compare_ingest(services, home, given.requests)
    services.database.close()
    return {"database": services.database.dialect, "ingest": report}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--requests", type=int, default=400)
    given = parser.parse_args()
    for database in given.database or DATABASES:
        with database_of(database) as (url, home):
            report = measure(url, home, given)
        sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
