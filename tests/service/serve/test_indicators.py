"""Indicators: exact on the history, whatever the history."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve.cases.commands import Command
from serve.cases.counting import Period
from serve.cases.indicators import Count, Tally, count, shares
from serve.cases.lifecycle import OVER, Action, State, possible
from serve.cases.verification import Answer, Verdict
from serve.cases.worktime import Span, Unit
from serve.people.roles import SCOPES_OF, Principal, Role
from serve.services import Services, assemble
from serve.settings import Settings
from serve.store.case_tables import CaseRow
from serve.store.evidence import Upload
from serve.store.tiles import SIDE
from tests.service.serve.city import GRID, MONDAY, HandClock, act, do, report
from tests.service.serve.conftest import CONFIGS, DatabaseFor, Live
from tests.service.serve.street import Seen, health, letter
from vision.core.health import HealthKind
from vision.core.position import LocalPlane, distance_m

AFTER = "after.jpg"
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


def test_a_deadline_noted_between_a_look_and_a_deed_is_looked_at_again(
    live: Live, engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    """Else a test that lets a deadline pass fails now and then."""
    noted: list[int] = []
    report(engine)
    do(boss, 1, "register", "dispatch")
    clock.forward(hours=3)

    def look(response: httpx.Response) -> None:
        if response.request.method == "GET":
            noted.append(live.services.escalation.run())

    boss.event_hooks = {"response": [look]}
    do(boss, 1, "feedback")

    assert noted  # also where the service's own round was quicker: it passes then


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


def test_a_case_rejected_after_it_was_closed_counts_for_nothing_but_that(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    for number in (1, 2):
        report(engine, event_id=f"evt-{number}")
        do(boss, number, "register", "dispatch", "feedback", "close")
    act(boss, 2, "reopen", note="not ours").raise_for_status()
    do(boss, 2, "reject")
    clock.forward(minutes=1)

    found = indicators(boss)["groups"][0]

    assert found["counts"]["handled"] == found["counts"]["registered"] == 1
    assert found["indicators"]["handling_rate"] == 1
    assert found["indicators"]["false_report_rate"] == 1 / 2


def test_a_merge_by_mistake_is_taken_back(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    for number in (1, 2):
        report(engine, event_id=f"evt-{number}")
    act(boss, 2, "merge", into=1).raise_for_status()
    act(boss, 2, "reopen", note="another pile").raise_for_status()
    clock.forward(minutes=1)

    case = boss.get("/api/v1/cases/2").json()

    assert (case["state"], case["merged_into"]) == ("verifying", None)
    assert indicators(boss)["groups"][0]["indicators"]["duplicate_rate"] == 0


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


def cases_of(office: Services, names: list[str]) -> list[CaseRow]:
    found = [office.find_cases.of_event(name) for name in names]
    return [row for row in found if row is not None]


def move_on(office: Services, names: list[str], data: st.DataObject) -> None:
    """Do one thing that is possible to one of the cases, or have the engine look."""
    rows = cases_of(office, names)
    row = data.draw(st.sampled_from(rows), label="case")
    action = data.draw(st.sampled_from(possible(State(row.state))), label="action")
    going_on = [
        one.number
        for one in rows
        if one.number != row.number and State(one.state) not in OVER
    ]
    unable = {
        Action.MERGE: not going_on,
        Action.EXTEND: row.due_at is None,
        Action.REQUEST_VERIFICATION: any(
            one.verdict == "pending" for one in office.verifications.of_case(row.number)
        ),
    }
    if unable.get(action, False):
        return
    if action is Action.REQUEST_VERIFICATION:
        office.verifications.request(row.number, BOSS, note="", expected=row.version)
        return
    into = data.draw(st.sampled_from(going_on)) if action is Action.MERGE else None
    command = Command(action, "because", into=into, extra=Span(1, Unit.WORK_HOUR))
    office.cases.act(row.number, command, BOSS, expected=row.version)


def answer_one(office: Services, names: list[str], data: st.DataObject) -> None:
    """Have the engine answer the oldest question about these cases, if there is one."""
    waiting = [
        look
        for row in cases_of(office, names)
        for look in office.verifications.of_case(row.number)
        if look.verdict == "pending"
    ]
    if waiting:
        verdict = data.draw(st.sampled_from(list(Verdict)), label="verdict")
        after = AFTER if verdict is Verdict.CLEARED else None
        office.verifications.answer(waiting[0].number, Answer(verdict, [], after), BOSS)


@pytest.mark.timeout(240)
@given(data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_kept_step_by_step_equals_what_the_history_says(
    office: Services, data: st.DataObject
) -> None:
    clock = office.clock
    assert isinstance(clock, HandClock)
    clock.forward(days=40)  # a period of its own
    begin = clock.now()
    names = [f"evt-{office.feed.newest()}-{number}" for number in range(3)]
    for name in names:
        office.intake.take(letter(Seen(event_id=name)))
        upload = Upload(name, AFTER, "image/jpeg", "0" * 64)
        office.evidence.add(upload, role="after", size_bytes=1)
    for _ in range(data.draw(st.integers(1, 20))):
        clock.forward(hours=data.draw(st.sampled_from([0, 0.1, 3, 30])))
        move_on(office, names, data)
        beside = data.draw(st.sampled_from(["answer", "escalate", "expire", ""]))
        if beside == "answer":
            answer_one(office, names, data)
        elif beside == "escalate":
            office.escalation.run()
        elif beside == "expire":
            office.verifications.expire()

    rows = cases_of(office, names)
    anew = [office.statistics.recount(row.number) for row in rows]
    (group,) = office.statistics.groups(
        Period(begin, begin + timedelta(seconds=1)), None, BOSS
    )
    assert [Tally.read(row.tally) for row in rows] == anew
    assert +group.counts == count(anew)
    assert all(share is None or share <= 1 for share in shares(group.counts).values())
    assert group.counts[Count.MERGED] == sum(row.state == "merged" for row in rows)
    assert group.counts[Count.CLOSED] == sum(row.state == "closed" for row in rows)
    assert group.counts[Count.REJECTED] == sum(row.state == "rejected" for row in rows)


def test_counts_add_up() -> None:
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


def test_where_moving_cameras_see_it_again_is_a_place_and_not_a_car(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    # Around the corner of four tiles, and far away; each event by another car.
    corner = (180.0 * 703_000 / SIDE - 90, 360.0 * 857_000 / SIDE - 180)
    plane = LocalPlane(*corner)
    shifts = [(-4.0, -4.0), (4.0, -4.0), (-4.0, 4.0), (4.0, 4.0), (0.0, 300.0)]
    for number, (east, north) in enumerate(shifts, 1):
        lat, lon = plane.degrees(east, north)
        report(
            engine,
            event_id=f"a-{number}",
            camera=f"patrol-{number}",
            lat=lat,
            lon=lon,
            accuracy_m=6.0,
        )
    for number in (6, 7):
        report(engine, event_id=f"b-{number}", camera="corner")
    act(boss, 2, "merge", into=1).raise_for_status()
    clock.forward(minutes=1)

    spots = boss.get("/api/v1/hotspots").json()

    assert [(one["camera_id"], one["events"]) for one in spots] == [
        (None, 3),
        ("corner", 2),
    ]
    place = spots[0]["place"]
    assert distance_m(corner, (place["lat"], place["lon"])) < 6
    assert spots[1]["place"] is None


def test_a_trouble_that_names_no_camera_blinds_none(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    lost = health("h1", HealthKind.WATCH_LOST, MONDAY, ok=False)
    del lost["data"]["camera_id"]
    for sent in (health("h2", HealthKind.WATCH_LOST, MONDAY, ok=True), lost):
        engine.post("/api/v1/health-events", json=sent).raise_for_status()
    clock.forward(hours=5)

    (found,) = boss.get("/api/v1/coverage").json()

    assert (found["known_s"], found["blind_s"]) == (5 * 3600, 0)


def test_coverage_tells_blind_from_quiet(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    def tell(name: str, hours: float, kind: HealthKind, *, ok: bool) -> None:
        at = MONDAY + timedelta(hours=hours)
        sent = health(name, kind, at, ok=ok)
        clock.at = at
        engine.post("/api/v1/health-events", json=sent).raise_for_status()

    tell("h1", 0, HealthKind.STREAM_GAP, ok=False)  # a gap does not blind
    tell("h2", 2, HealthKind.VIEW_BLIND, ok=False)
    tell("h3", 3, HealthKind.CAMERA_STALLED, ok=False)  # overlaps
    tell("h4", 4, HealthKind.VIEW_BLIND, ok=True)
    tell("h5", 5, HealthKind.CAMERA_STALLED, ok=True)
    clock.forward(hours=5)

    found = boss.get("/api/v1/coverage").json()[0]

    assert found["camera_id"] == "kerb-east"
    assert found["blind_s"] == 3 * 3600
    assert found["known_s"] == 10 * 3600
    assert found["share"] == pytest.approx(0.7)
