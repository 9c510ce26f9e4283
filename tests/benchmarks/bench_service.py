"""How fast the event service is, beside a bare endpoint on the same machine.

    python -m tests.benchmarks.bench_service --events 1000000 --requests 2000

Ingest is measured against a FastAPI endpoint that does one SQLAlchemy insert into the
same kind of database, both in turn in one run. Queries are measured over a database
filled with made-up events. Figures are printed as JSON.
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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI, Request
from sqlalchemy import insert
from starlette.concurrency import run_in_threadpool

from serve.app import create_app
from serve.people.roles import Scope
from serve.services import Services
from serve.settings import Settings
from serve.store.database import Database
from serve.store.tables import EventRow, MessageRow

BATCH = 5000
CLIENTS = 4
ROUNDS = 5
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLUGS = ("garbage_pile", "overflowing_bin", "street_vending", "illegal_parking")


def message(number: int, lat: float = 30.5, lon: float = 114.3) -> dict[str, object]:
    """Return an event as an engine sends it."""
    at = (NOON - timedelta(seconds=number)).isoformat()
    return {
        "specversion": "1.0",
        "type": "org.streetwarden.violation.opened.v1",
        "id": f"bench-{number}.1",
        "source": "/cameras/c",
        "subject": "places/p",
        "time": at,
        "data": {
            "schema_version": "1",
            "event_id": f"bench-{number}",
            "sequence": 1,
            "lifecycle": "opened",
            "slug": SLUGS[number % 4],
            "scheme": "GB/T 47678.5-2026",
            "code": "09009",
            "code_name": "机动车乱停放",
            "camera": {"id": f"cam-{number % 500}", "name": "Kerb", "gb_id": None},
            "location": {"lat": lat, "lon": lon, "crs": "wgs84", "address": "武珞路"},
            "zone": "kerb",
            "started": at,
            "ended": None,
            "observed_s": 187.0,
            "elapsed_s": 190.0,
            "confidence": "high",
            "severity": 2,
            "reasons": [
                {"name": "observed_s", "value": 187.0, "unit": "s", "bound": ">= 180",
                 "holds": True, "text": "observed_s 187 s >= 180 s"},
                {"name": "overlap", "value": 0.7, "unit": "1", "bound": ">= 0.5",
                 "holds": True, "text": "overlap 0.7 >= 0.5"},
            ],
            "place": {"id": "p", "kind": "vehicle", "label": "car", "score": 0.8,
                      "xyxy": [1.0, 2.0, 3.0, 4.0], "baseline": False},
            "rule": "illegal_parking/1",
            "evidence": [],
            "provenance": {"engine_version": "0.1.0", "model_id": "street-n/1"},
        },
    }  # fmt: skip


def bare_app(home: Path) -> FastAPI:
    """Return an app with one endpoint that does one insert."""
    database = Database(f"sqlite:///{home / 'bare.db'}")
    database.migrate()
    app = FastAPI()
    numbers = itertools.count()

    def store(body: str) -> None:
        with database.write() as session:
            session.execute(
                insert(MessageRow).values(
                    message_id=f"m-{next(numbers)}",
                    content_sha256="0" * 64,
                    type="bench",
                    event_id="e",
                    sequence=1,
                    time=NOON,
                    received_at=NOON,
                    body=body,
                )
            )

    @app.post("/bare", status_code=201)
    async def take(request: Request) -> dict[str, str]:
        await run_in_threadpool(store, (await request.body()).decode())
        return {"result": "new"}

    return app


@contextmanager
def running(app: FastAPI, port: int) -> Iterator[str]:
    """Serve an app on a port until the block ends."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


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


def compare_ingest(
    home: Path, key: str, app: FastAPI, requests: int
) -> dict[str, float]:
    """Return both rates, the median of several rounds taken in turn."""
    json_type = {"Content-Type": "application/json"}
    ours = {**json_type, "Authorization": f"Bearer {key}"}
    rounds: list[tuple[float, float]] = []
    numbers = itertools.count(10**7)
    with running(app, 8141) as url, running(bare_app(home), 8142) as bare:
        for _ in range(ROUNDS):
            bodies = [
                json.dumps(message(next(numbers))).encode() for _ in range(requests)
            ]
            rounds.append(
                (rate(f"{bare}/bare", json_type, bodies),
                 rate(f"{url}/api/v1/events", ours, bodies))
            )  # fmt: skip
    shares = [service / bare for bare, service in rounds]
    return {
        "bare_per_s": round(statistics.median(bare for bare, _ in rounds), 1),
        "service_per_s": round(statistics.median(one for _, one in rounds), 1),
        "share": round(statistics.median(shares), 3),
    }


def fill(services: Services, events: int) -> None:
    """Put made-up events in, all over a city."""
    for start in range(0, events, BATCH):
        rows = []
        for number in range(start, min(start + BATCH, events)):
            lat, lon = 30.4 + number % 997 / 3000, 114.1 + number % 1009 / 2500
            at = NOON - timedelta(seconds=number)
            rows.append(
                {
                    "event_id": f"bench-{number}",
                    "state": "open" if number % 10 == 0 else "cleared",
                    "sequence": 1,
                    "slug": SLUGS[number % 4],
                    "camera_id": f"cam-{number % 500}",
                    "severity": 2,
                    "lat": lat,
                    "lon": lon,
                    "opened_at": at,
                    "updated_at": at,
                    "received_at": at,
                    "body": json.dumps(message(number, lat, lon)),
                    "evidence": "[]",
                }
            )
        with services.database.write() as session:
            session.execute(insert(EventRow), rows)


QUERIES = {
    "newest": "/api/v1/events",
    "slug": "/api/v1/events?slug=garbage_pile",
    "camera": "/api/v1/events?camera=cam-77",
    "open": "/api/v1/events?state=open",
    "camera+state": "/api/v1/events?camera=cam-70&state=open",
    "slug+state": "/api/v1/events?slug=street_vending&state=open",
    "old day": "/api/v1/events?until=2026-11-12T00:00:00Z",
    "small box": "/api/v1/events?bbox=114.20,30.50,114.21,30.51",
    "map of a quarter": "/events.geojson?bbox=114.20,30.50,114.25,30.55&limit=200",
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


def measure_queries(url: str, key: str, times: int) -> dict[str, float]:
    """Return the 95th percentile of each query."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        found = {}
        for name, path in QUERIES.items():
            client.get(path).raise_for_status()

            def ask(path: str = path) -> httpx.Response:
                return client.get(path)

            found[name] = p95_ms(ask, times)
        return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--times", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        app = create_app(Settings(home=home))
        services = app.state.services
        services.database.migrate()
        key = services.keys.create("bench", [Scope.INGEST, Scope.READ])
        report: dict[str, object] = {
            "ingest": compare_ingest(home, key, app, given.requests)
        }
        app = create_app(Settings(home=home))
        fill(app.state.services, given.events)
        with running(app, 8143) as url:
            report["events"] = given.events
            report["p95_ms"] = measure_queries(url, key, given.times)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
