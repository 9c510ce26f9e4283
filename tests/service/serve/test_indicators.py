"""Indicators: exact on the history, whatever the history."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve.cases.commands import Command
from serve.cases.indicators import Count, Tally, count, shares
from serve.cases.lifecycle import Action, possible
from serve.cases.worktime import Span, Unit
from serve.people.roles import SCOPES_OF, Principal, Role
from serve.services import Services, assemble
from serve.settings import Settings
from tests.service.serve.city import GRID, MONDAY, HandClock, act, do, report
from tests.service.serve.conftest import CONFIGS, DatabaseFor, Live
from tests.service.serve.street import Seen, health, letter
from vision.core.health import HealthKind

BOSS = Principal("user:boss", SCOPES_OF[Role.SUPERVISOR], person=True)


@pytest.fixture
def clock() -> HandClock:
    """Return a clock at nine on a Monday."""
    return HandClock()


def indicators(client: httpx.Client, **query: str) -> Any:
    answer = client.get("/api/v1/indicators", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_day_is_counted_as_a_person_would_count_it(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    for number in range(1, 9):
        report(engine, event_id=f"evt-{number}")
    # 1 closed in time; 2 handled late; 3 reworked, then closed; 4 rejected;
    # 5 merged; 6 returned once, then handled; 7 registered only; 8 untouched.
    do(boss, 1, "register", "dispatch", "feedback", "close")
    do(boss, 2, "register", "dispatch")
    do(boss, 3, "register", "dispatch", "feedback", "rework", "feedback", "close")
    do(boss, 4, "reject")
    act(boss, 5, "merge", into=7).raise_for_status()
    do(boss, 6, "register", "dispatch", "return", "dispatch", "feedback")
    do(boss, 7, "register")
    clock.forward(hours=3)
    do(boss, 2, "feedback", "close")

    report_ = indicators(boss)["groups"][0]

    assert report_["counts"] == {
        "reported": 8,
        "registered": 5,
        "rejected": 1,
        "merged": 1,
        "dispatched": 4,
        "dispatched_right": 3,
        "handled": 4,
        "handled_in_time": 3,
        "reworked": 1,
        "closed": 3,
        "closed_in_time": 2,
    }
    assert report_["indicators"] == {
        "registration_rate": 5 / 8,
        "handling_rate": 4 / 5,
        "timely_handling_rate": 3 / 5,
        "closing_rate": 3 / 5,
        "timely_closing_rate": 2 / 5,
        "rework_rate": 1 / 4,
        "dispatch_accuracy": 3 / 4,
        "false_report_rate": 1 / 8,
        "duplicate_rate": 1 / 8,
    }


def test_groups_add_up_and_carry_their_definitions(
    live: Live, engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    with live.person("root", Role.ADMIN) as root:
        root.put("/api/v1/grid", json=GRID).raise_for_status()
    report(engine, event_id="evt-1", lat=30.5, lon=114.3)
    report(engine, event_id="evt-2", lat=30.5, lon=114.31)
    report(engine, event_id="evt-3", lat=30.5, lon=114.31)
    do(boss, 2, "register")
    clock.forward(minutes=1)

    by = {
        name: {one["key"]: one["counts"] for one in indicators(boss, by=name)["groups"]}
        for name in ("department", "slug", "grid_id", "street")
    }

    assert by["department"] == {
        "chengguan": {"reported": 1},
        "traffic": {"reported": 2, "registered": 1},
    }
    assert by["grid_id"]["g-2"] == by["street"]["民主路"] == by["department"]["traffic"]
    assert by["slug"] == {"illegal_parking": {"reported": 3, "registered": 1}}
    assert indicators(boss)["definitions"]["registration_rate"]["name"] == "立案率"
    with live.person("east", Role.VIEWER, "武珞路") as east:
        assert indicators(east)["groups"][0]["counts"] == {"reported": 1}


def test_a_period_takes_its_beginning_and_leaves_its_end(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    for number in range(3):
        report(engine, event_id=f"evt-{number}")
        clock.forward(days=1)

    def reported(first: int, last: int) -> int:
        since = (MONDAY + timedelta(days=first)).isoformat()
        until = (MONDAY + timedelta(days=last)).isoformat()
        groups = indicators(boss, since=since, until=until)["groups"]
        return int(groups[0]["counts"].get("reported", 0))

    assert [reported(0, 1), reported(1, 3), reported(3, 9)] == [1, 2, 0]
    same = boss.get(
        "/api/v1/indicators",
        params={"since": MONDAY.isoformat(), "until": MONDAY.isoformat()},
    )
    assert same.status_code == 422


def test_nothing_to_divide_by_is_null_and_not_zero(boss: httpx.Client) -> None:
    found = indicators(boss)["groups"][0]["indicators"]

    assert set(found.values()) == {None}


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, database_for: DatabaseFor
) -> Iterator[Services]:
    """Give a service without a server, for histories by the hundred."""
    home = tmp_path_factory.mktemp("office")
    city = Settings(home=home, database_url=database_for(home), config_dir=CONFIGS)
    services = assemble(city, HandClock())
    yield services
    services.database.close()


@given(data=st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_kept_step_by_step_equals_what_the_history_says(
    office: Services, data: st.DataObject
) -> None:
    clock = office.clock
    assert isinstance(clock, HandClock)
    name = f"evt-{office.feed.newest()}"
    office.intake.take(letter(Seen(event_id=name)))
    row = office.find_cases.of_event(name)
    assert row is not None
    for _ in range(data.draw(st.integers(1, 14))):
        doable = [
            action
            for action in possible(office.find_cases.get(row.number, BOSS).state)  # type: ignore[arg-type]  # keywords for the fields
            if action not in {Action.MERGE, Action.REQUEST_VERIFICATION}
        ]
        action = data.draw(st.sampled_from(doable))
        clock.forward(hours=data.draw(st.sampled_from([0, 0.1, 3, 30])))
        command = Command(action, "because", extra=Span(1, Unit.WORK_HOUR))
        seen = office.find_cases.get(row.number, BOSS)
        if action is Action.EXTEND and seen.due_at is None:
            continue
        office.cases.act(row.number, command, BOSS, expected=seen.version)
        if data.draw(st.booleans()):
            office.escalation.run()

    kept = Tally.read(office.find_cases.get(row.number, BOSS).tally)

    assert kept == office.statistics.recount(row.number)


def test_shares_never_exceed_one_and_counts_add_up() -> None:
    closed = Tally(frozenset({Count.REPORTED, Count.REGISTERED, Count.CLOSED}))
    new = Tally()

    total = count([closed, new, new])

    assert total[Count.REPORTED] == 3
    assert shares(total)["registration_rate"] == 1 / 3


def test_hot_spots_are_places_where_it_happened_again(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    for number in range(3):
        report(engine, event_id=f"a-{number}", camera="cam-a")
    report(engine, event_id="b-1", camera="cam-b")
    clock.forward(minutes=1)

    spots = boss.get("/api/v1/hotspots").json()

    assert [(one["camera_id"], one["events"]) for one in spots] == [("cam-a", 3)]


def test_coverage_tells_blind_from_quiet(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    def tell(name: str, hours: float, kind: HealthKind, *, ok: bool) -> None:
        at = MONDAY + timedelta(hours=hours)
        sent = health(name, kind, at, ok=ok)
        engine.post("/api/v1/health-events", json=sent).raise_for_status()

    tell("h1", 0, HealthKind.STREAM_GAP, ok=False)  # a gap does not blind
    tell("h2", 2, HealthKind.VIEW_BLIND, ok=False)
    tell("h3", 3, HealthKind.CAMERA_STALLED, ok=False)  # overlaps
    tell("h4", 4, HealthKind.VIEW_BLIND, ok=True)
    tell("h5", 5, HealthKind.CAMERA_STALLED, ok=True)
    clock.forward(hours=10)

    found = boss.get("/api/v1/coverage").json()[0]

    assert found["camera_id"] == "kerb-east"
    assert found["blind_s"] == 3 * 3600
    assert found["known_s"] == 10 * 3600
    assert found["share"] == pytest.approx(0.7)
