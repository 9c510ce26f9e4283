"""Whatever way an index takes, the same events are found in the same order."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from serve.paging import Position
from serve.services import Services, assemble
from serve.settings import Settings
from serve.store import event_search
from serve.store.event_filter import Box, EventFilter, EventState
from serve.store.tables import EventRow
from serve.store.tiles import tile_of
from tests.service.serve.city import MONDAY, HandClock
from tests.service.serve.conftest import DatabaseFor, sqlite_only
from vision.core.violations import Slug

SLUGS = list(Slug)
STREETS = ["武珞路", "民主路", "中山路"]
EVENTS = 400


@pytest.fixture(scope="module")
def city(
    tmp_path_factory: pytest.TempPathFactory, database_for: DatabaseFor
) -> Iterator[tuple[Services, list[EventRow]]]:
    """Give a service with events all over, some at the same moment."""
    home = tmp_path_factory.mktemp("city")
    url = database_for(home)
    services = assemble(Settings(home=home, database_url=url), HandClock())
    chance = random.Random(7)
    rows = []
    for number in range(1, EVENTS + 1):
        lat, lon = chance.choice([None, 30 + chance.random()]), 114 + chance.random()
        at = MONDAY + timedelta(minutes=chance.randrange(200))
        rows.append(
            {
                "number": number,
                "event_id": f"evt-{number}",
                "state": chance.choice(list(EventState)).value,
                "sequence": 1,
                "slug": chance.choice(SLUGS).value,
                "camera_id": f"cam-{number % 5}",
                "severity": 1,
                "lat": lat,
                "lon": lon,
                "tile": tile_of(lat, lon),
                "grid_id": None,
                "street": chance.choice([None, *STREETS]),
                "opened_at": at,
                "updated_at": at,
                "received_at": at,
                "body": "{}",
                "evidence": "[]",
            }
        )
    with services.database.write_rows() as connection:
        connection.execute(insert(EventRow), rows)
    yield services, [EventRow(**row) for row in rows]
    services.database.close()


def fits(row: EventRow, wanted: EventFilter) -> bool:
    box = wanted.box
    return (
        wanted.slug in {None, row.slug}
        and wanted.state in {None, row.state}
        and wanted.camera_id in {None, row.camera_id}
        and (wanted.since is None or row.opened_at >= wanted.since)
        and (wanted.until is None or row.opened_at < wanted.until)
        and (not wanted.streets or row.street in wanted.streets)
        and (
            box is None
            or (
                row.lat is not None
                and row.lon is not None
                and box.south <= row.lat <= box.north
                and box.west <= row.lon <= box.east
            )
        )
    )


moments = st.none() | st.integers(0, 200).map(lambda n: MONDAY + timedelta(minutes=n))
boxes = st.tuples(
    st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0, 1), st.floats(0, 1)
).map(lambda b: Box(114 + b[0], 30 + b[1], 114 + b[0] + b[2], 30 + b[1] + b[3]))
filters = st.builds(
    EventFilter,
    slug=st.none() | st.sampled_from(SLUGS),
    camera_id=st.sampled_from([None, None, "cam-3"]),
    state=st.none() | st.sampled_from(EventState),
    since=moments,
    until=moments,
    box=st.none() | boxes,
    streets=st.frozensets(st.sampled_from(STREETS), max_size=2),
)


@given(wanted=filters, limit=st.integers(1, 30), glance=st.sampled_from([5, 60, 5000]))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_pages_hold_exactly_what_fits_newest_first(
    city: tuple[Services, list[EventRow]], wanted: EventFilter, limit: int, glance: int
) -> None:
    services, rows = city
    expected = sorted(
        (row for row in rows if fits(row, wanted)),
        key=lambda row: (row.opened_at, row.number),
        reverse=True,
    )
    found: list[int] = []
    after = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_search, "GLANCE", glance)
        for _ in range(4):
            page = services.events.page(wanted, limit=limit, after=after)
            if not page:
                break
            found += [one.row.number for one in page]
            after = Position(page[-1].row.opened_at, page[-1].row.number)

    assert found == [row.number for row in expected[: 4 * limit]]


@sqlite_only
def test_events_of_an_older_version_are_found_on_the_map(tmp_path: Path) -> None:
    services = assemble(Settings(home=tmp_path), HandClock())
    services.database.migrate("0008")
    old = (
        "INSERT INTO events (event_id, state, sequence, slug, camera_id, severity,"
        " lat, lon, opened_at, updated_at, received_at, body, evidence) VALUES"
        " (:name, 'open', 1, 'garbage_pile', 'c', 1, :lat, 114.3, :at, :at, :at,"
        " '{}', '[]')"
    )
    at = MONDAY.replace(tzinfo=None).isoformat(" ", "microseconds")
    with services.database.write_rows() as connection:
        for name, lat in (("here", 30.5), ("elsewhere", 30.9), ("nowhere", None)):
            connection.execute(text(old), {"name": name, "lat": lat, "at": at})
    services.database.migrate()
    window = EventFilter(box=Box(west=114.2, south=30.4, east=114.4, north=30.6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_search, "GLANCE", 0)  # by place at once
        found = services.events.rows(window, limit=10)
    services.database.close()

    assert [row.event_id for row in found] == ["here"]
