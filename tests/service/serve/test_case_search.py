"""Whatever index leads the way, the same cases are found in the same order."""

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from serve.cases.lifecycle import State
from serve.cases.search import CaseFilter, most_urgent, newest
from serve.paging import Position
from serve.services import Services, assemble
from serve.settings import Settings
from serve.store.case_tables import CaseRow
from serve.store.tables import EventRow
from tests.service.serve.city import MONDAY, HandClock
from tests.service.serve.conftest import DatabaseFor
from vision.core.violations import Slug

STREETS = ["武珞路", "民主路", "中山路"]
DEPARTMENTS = ["sanitation", "order"]
CASES = 300


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, database_for: DatabaseFor
) -> Iterator[tuple[Services, list[CaseRow]]]:
    """Give a service with cases of every kind, some at the same moment."""
    home = tmp_path_factory.mktemp("office")
    url = database_for(home)
    services = assemble(Settings(home=home, database_url=url), HandClock())
    chance = random.Random(11)
    events, cases = [], []
    for number in range(1, CASES + 1):
        at = MONDAY + timedelta(minutes=chance.randrange(100))
        slug, street = chance.choice(list(Slug)).value, chance.choice([None, *STREETS])
        name = f"evt-{number}"
        events.append(
            {
                "event_id": name, "state": "open", "sequence": 1, "slug": slug,
                "camera_id": "c", "severity": 1, "street": street, "opened_at": at,
                "updated_at": at, "received_at": at, "body": "{}", "evidence": "[]",
            }
        )  # fmt: skip
        due_at = chance.choice([None, at + timedelta(minutes=chance.randrange(60))])
        cases.append(
            {
                "number": number, "event_id": name, "version": 1, "slug": slug,
                "state": chance.choice(list(State)).value, "street": street,
                "department": chance.choice([None, *DEPARTMENTS]), "due_at": due_at,
                "reported_at": at, "updated_at": at, "tally": "reported",
            }
        )  # fmt: skip
    with services.database.write_rows() as connection:
        connection.execute(insert(EventRow), events)
        connection.execute(insert(CaseRow), cases)
    yield services, [CaseRow(**row) for row in cases]
    services.database.close()


moments = st.none() | st.integers(0, 120).map(lambda n: MONDAY + timedelta(minutes=n))
filters = st.builds(
    CaseFilter,
    state=st.none() | st.sampled_from(State),
    slug=st.none() | st.sampled_from(Slug),
    department=st.sampled_from([None, *DEPARTMENTS, "nowhere"]),
    street=st.sampled_from([None, *STREETS, "nowhere"]),
    overdue_at=moments,
    since=moments,
    until=moments,
    states=st.frozensets(st.sampled_from(State), max_size=3),
)
districts = st.frozensets(st.sampled_from(STREETS), max_size=2)


def fits(row: CaseRow, wanted: CaseFilter, streets: frozenset[str]) -> bool:
    late = wanted.overdue_at
    return (
        wanted.state in {None, row.state}
        and (not wanted.states or row.state in wanted.states)
        and wanted.slug in {None, row.slug}
        and wanted.department in {None, row.department}
        and wanted.street in {None, row.street}
        and (not streets or row.street in streets)
        and (wanted.since is None or row.reported_at >= wanted.since)
        and (wanted.until is None or row.reported_at < wanted.until)
        and (
            late is None
            or (
                row.due_at is not None
                and row.due_at < late
                and row.state != State.SUSPENDED
            )
        )
    )


SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(wanted=filters, streets=districts, limit=st.integers(1, 30))
@SETTINGS
def test_pages_hold_exactly_what_fits_newest_first(
    office: tuple[Services, list[CaseRow]],
    wanted: CaseFilter,
    streets: frozenset[str],
    limit: int,
) -> None:
    services, rows = office
    expected = sorted(
        (row for row in rows if fits(row, wanted, streets)),
        key=lambda row: (row.reported_at, row.number),
        reverse=True,
    )
    found: list[int] = []
    after = None
    with services.database.read() as session:
        for _ in range(3):
            page = newest(session, wanted, streets, limit=limit, after=after)
            if not page:
                break
            found += [row.number for row in page]
            after = Position(page[-1].reported_at, page[-1].number)

    assert found == [row.number for row in expected[: 3 * limit]]


@given(wanted=filters, streets=districts, limit=st.integers(1, 30))
@SETTINGS
def test_the_most_urgent_come_first_and_what_has_no_deadline_last(
    office: tuple[Services, list[CaseRow]],
    wanted: CaseFilter,
    streets: frozenset[str],
    limit: int,
) -> None:
    services, rows = office
    fitting = [row for row in rows if fits(row, wanted, streets)]
    with_deadline = sorted(
        (row.due_at, row.number) for row in fitting if row.due_at is not None
    )
    without = sorted(row.number for row in fitting if row.due_at is None)
    with services.database.read() as session:
        found = most_urgent(session, wanted, streets, limit=limit)

    expected = [number for _, number in with_deadline] + without
    assert [row.number for row in found] == expected[:limit]
