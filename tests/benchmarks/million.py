"""A city's years of events, made up, put straight into the tables."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, text

from serve.services import Services
from serve.store.tables import EventRow
from serve.store.tiles import tile_of

BATCH = 20_000
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLUGS = ("garbage_pile", "overflowing_bin", "street_vending", "illegal_parking")
STREETS = 40
CAMERAS = 500


_SLUG = SLUGS[4_444_444 % 4]
_CAMERA = f'"cam-{4_444_444 % CAMERAS}"'


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
            "camera": {"id": f"cam-{number % CAMERAS}", "name": "Kerb", "gb_id": None},
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
            "recurrence_of": None,
            "place": {"id": "p", "kind": "vehicle", "label": "car",
                      "xyxy": [1.0, 2.0, 3.0, 4.0], "score": 0.8, "baseline": False},
            "rule": "illegal_parking/1",
            "evidence": [],
        },
    }  # fmt: skip


def fill(services: Services, events: int) -> None:
    """Put made-up events in, all over a city, and a case for each; one in thirteen is
    open, and every seventh of those late.

    Nobody parks wrongly now, so that one pair of answers leads nowhere.
    """
    with services.database.read() as session:
        have = session.query(EventRow).count()
    for start in range(have, events, BATCH):
        stop = min(start + BATCH, events)
        with services.database.write_rows() as connection:
            connection.execute(insert(EventRow), list(_rows(start, stop)))
    with services.database.write_rows() as connection:
        added = connection.execute(text(_CASES)).rowcount
        if added:
            connection.execute(text("ANALYZE"))
    if added and services.database.dialect == "postgresql":
        # As its own housekeeping does a while after: lets indexes answer alone.
        with services.database._engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM (ANALYZE)"))


_CASES = """
INSERT INTO cases (event_id, version, state, slug, grid_id, street, department,
    reported_at, updated_at, closed_at, due_at, tally)
SELECT event_id, 1,
    CASE WHEN state = 'cleared' THEN 'closed' WHEN number % 3 = 0 THEN 'reported'
        WHEN number % 3 = 1 THEN 'dispatched' ELSE 'handling' END,
    slug, grid_id, street,
    CASE WHEN slug = 'garbage_pile' THEN 'sanitation' ELSE 'order' END,
    received_at, received_at, CASE WHEN state = 'cleared' THEN received_at END,
    CASE WHEN state = 'cleared' THEN NULL WHEN number % 7 = 0 THEN received_at
        ELSE '2099-01-01 00:00:00.000000' END, 'reported'
FROM events WHERE number > (SELECT COALESCE(MAX(number), 0) FROM cases)
ORDER BY number
"""


def _rows(start: int, stop: int) -> Iterator[dict[str, object]]:
    # A million texts: writing each anew would take longer than storing it.
    pattern = json.dumps(message(4_444_444, 55.5, 66.6))
    when = (NOON - timedelta(seconds=4_444_444)).isoformat()
    for number in range(start, stop):
        lat, lon = 30.4 + number % 997 / 3000, 114.1 + number % 1009 / 2500
        at = NOON - timedelta(seconds=number)
        yield {
            "event_id": f"bench-{number}",
            "state": "open" if number // 4 % 10 == 0 and number % 4 != 3 else "cleared",
            "sequence": 1,
            "slug": SLUGS[number % 4],
            "camera_id": f"cam-{number % CAMERAS}",
            "severity": 2,
            "lat": lat,
            "lon": lon,
            "tile": tile_of(lat, lon),
            "grid_id": None,
            "street": f"street-{number % STREETS}",
            "opened_at": at,
            "updated_at": at,
            "received_at": at,
            "body": pattern.replace("4444444", str(number))
            .replace(when, at.isoformat())
            .replace("55.5", str(lat))
            .replace("66.6", str(lon))
            .replace(_SLUG, SLUGS[number % 4])
            .replace(_CAMERA, f'"cam-{number % CAMERAS}"'),
            "evidence": "[]",
        }
