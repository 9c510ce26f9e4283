"""How long lists and maps take over a million events, each with its case.

    python -m tests.benchmarks.bench_queries [--database postgresql] [--keep FOLDER]

Everything that can be asked is asked in every combination, also where nothing fits and
deep in the past, by somebody who sees the whole city and by somebody of three streets.
Each combination is asked a few times; those that took longest are then asked again
often enough for a 95th percentile. Service and client are processes of their own.
"""

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx

from serve.app import create_app
from serve.paging import Position, cursor_of
from serve.people.roles import Scope
from serve.services import Services
from serve.settings import Settings
from tests.benchmarks.million import NOON, fill
from tests.benchmarks.service_process import DATABASES, database_of, own_process

FIRST_LOOKS = 3
WORST = 8
DEEP = cursor_of(Position(NOON - timedelta(seconds=700_000), 300_000))
STREETS = ["street-3", "street-4", "street-nowhere"]

Choice = Mapping[str, str]
NOTHING: Choice = {}
# The city lies at 30.40-30.73 N, 114.10-114.50 E. Nobody parks wrongly now.
ASKED_OF_EVENTS: dict[str, list[Choice]] = {
    "slug": [NOTHING, {"slug": "garbage_pile"}, {"slug": "illegal_parking"}],
    "state": [NOTHING, {"state": "open"}, {"state": "cleared"}],
    "camera": [NOTHING, {"camera": "cam-70"}, {"camera": "cam-nowhere"}],
    "time": [
        NOTHING,
        {"until": "2026-11-12T00:00:00Z"},
        {"since": "2027-01-01T00:00:00Z"},
    ],
}
WINDOWS: list[Choice] = [
    NOTHING,
    {"bbox": "114.20,30.50,114.202,30.502"},
    {"bbox": "114.20,30.50,114.22,30.51"},
    {"bbox": "114.20,30.50,114.30,30.60"},
    {"bbox": "114.2001,30.40,114.2004,30.75"},  # a street from south to north
    {"bbox": "115.10,30.40,115.50,30.75"},  # looked away to the east
    {"bbox": "114.00,30.00,115.00,31.00"},
]
PAGES: list[Choice] = [NOTHING, {"cursor": DEEP}]
ASKED_OF_CASES: dict[str, list[Choice]] = {
    "state": [
        NOTHING,
        *({"state": one} for one in ("reported", "closed", "suspended")),
    ],
    "slug": [NOTHING, {"slug": "garbage_pile"}, {"slug": "illegal_parking"}],
    "department": [
        NOTHING,
        *({"department": one} for one in ("sanitation", "nowhere")),
    ],
    "street": [NOTHING, {"street": "street-7"}, {"street": "street-nowhere"}],
    "overdue": [NOTHING, {"overdue": "true"}],
    "page": PAGES,
}
TYPICAL = {
    "newest": "/api/v1/events",
    "open": "/api/v1/events?state=open",
    "one camera": "/api/v1/events?camera=cam-77",
    "map of a corner": "/events.geojson?bbox=114.20,30.50,114.22,30.51&limit=200",
    "map of a district": "/events.geojson?bbox=114.20,30.50,114.30,30.60&limit=200",
    "map of the city, open": "/events.geojson?state=open&limit=200",
    "work list": "/api/v1/cases?state=reported",
}


def questions() -> Iterator[tuple[str, str]]:
    """Yield (group, path) of everything that can be asked."""
    plain = list(ASKED_OF_EVENTS.values())
    for path in _paths("/api/v1/events", [*plain, WINDOWS, PAGES]):
        yield "list", path
    for path in _paths("/events.geojson", [*plain, WINDOWS, [{"limit": "200"}]]):
        yield "map", path
    for path in _paths("/api/v1/cases", list(ASKED_OF_CASES.values())):
        yield "cases", path


def _paths(base: str, choices: list[list[Choice]]) -> Iterator[str]:
    for chosen in itertools.product(*choices):
        asked = {name: value for one in chosen for name, value in one.items()}
        yield f"{base}?{urlencode(asked)}" if asked else base


def took_ms(client: httpx.Client, path: str, times: int) -> list[float]:
    """Return how long each of several requests took, milliseconds."""
    spent = []
    for _ in range(times):
        started_s = time.perf_counter()
        client.get(path).raise_for_status()
        spent.append((time.perf_counter() - started_s) * 1000)
    return spent


def p95(spent_ms: Iterable[float]) -> float:
    """Return what 95 of 100 stay below."""
    return round(statistics.quantiles(spent_ms, n=20)[-1], 1)


def survey(client: httpx.Client, times: int) -> dict[str, object]:
    """Ask everything; return figures by group, and the slowest in full."""
    report: dict[str, object] = {}
    groups: dict[str, list[tuple[float, str]]] = {}
    everything: dict[str, list[float]] = {}
    for group, path in questions():
        spent = took_ms(client, path, FIRST_LOOKS)
        groups.setdefault(group, []).append((statistics.median(spent), path))
        everything.setdefault(group, []).extend(spent)
    for group, medians in groups.items():
        slowest = [path for _, path in sorted(medians, reverse=True)[:WORST]]
        report[group] = {
            "questions": len(medians),
            "p95_ms_of_all": p95(everything[group]),
            "p95_ms_of_the_slowest": {
                path: p95(took_ms(client, path, times)) for path in slowest
            },
        }
    return report


def measure(database: str, home: Path, given: argparse.Namespace) -> dict[str, object]:
    """Return every figure for one database."""
    app = create_app(Settings(home=home, database_url=database))
    services: Services = app.state.services
    services.database.migrate()
    fill(services, given.events)
    everywhere = services.keys.create("bench", [Scope.READ])
    somewhere = services.keys.create("bench", [Scope.READ], districts=STREETS)
    report: dict[str, object] = {
        "database": services.database.dialect,
        "events": given.events,
    }
    services.database.close()
    with own_process("service", database, home) as server:
        for name, key in (("city", everywhere), ("three streets", somewhere)):
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(
                base_url=server.url, headers=headers, timeout=60
            ) as client:
                report[name] = {
                    "typical_p95_ms": {
                        what: p95(took_ms(client, path, given.times))
                        for what, path in TYPICAL.items()
                    },
                    **survey(client, given.times),
                }
    return report


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="folder that keeps the databases")
    given = parser.parse_args()
    for database in given.database or DATABASES:
        with database_of(database, given.keep) as (url, home):
            report = measure(url, home, given)
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
