"""Cases move as the table says, by those who may, and nothing is forgotten."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from serve.people.roles import Role, Scope
from tests.service.serve.city import GRID, HandClock, act, do, report, square, watch
from tests.service.serve.conftest import Live
from tests.service.serve.street import Seen, artifact, jpeg, message, sha256
from vision.core.position import LocalPlane
from vision.core.violations import Lifecycle, Slug

CASES = "/api/v1/cases"


@pytest.fixture
def clock() -> HandClock:
    """Return a clock at nine on a Monday."""
    return HandClock()


def history(client: httpx.Client, number: int) -> list[Any]:
    case = client.get(f"{CASES}/{number}").json()
    return [(step["action"], step["to_state"]) for step in case["history"]]


def test_an_event_opens_a_case_that_people_bring_to_its_end(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)

    case = do(boss, 1, "take", "register", "dispatch", "accept", "feedback", "close")

    assert case["state"] == "closed"
    assert case["possible"] == ["reopen", "note"]
    assert history(boss, 1) == [
        ("report", "reported"),
        ("take", "verifying"),
        ("register", "registered"),
        ("dispatch", "dispatched"),
        ("accept", "handling"),
        ("feedback", "feedback"),
        ("close", "closed"),
    ]


def test_a_change_without_or_with_a_stale_version_does_nothing(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    seen = boss.get(f"{CASES}/1")
    do(boss, 1, "take")

    stale = boss.post(
        f"{CASES}/1/actions",
        json={"action": "register"},
        headers={"If-Match": seen.headers["etag"]},
    )
    bare = boss.post(f"{CASES}/1/actions", json={"action": "register"})

    assert stale.status_code == 412
    assert stale.json()["version"] == 2
    assert bare.status_code == 428
    assert history(boss, 1)[-1] == ("take", "verifying")


def test_of_many_who_act_at_once_one_is_first_and_the_others_are_told(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    statuses: list[int] = []

    def take() -> None:
        statuses.append(act(boss, 1, "take", version=1).status_code)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] + [412] * 7
    assert len(history(boss, 1)) == 2


@pytest.mark.parametrize(
    ("before", "action"),
    [([], "dispatch"), ([], "close"), (["register"], "register"), (["reject"], "take")],
)
def test_what_the_state_forbids_is_a_409_that_says_what_is_possible(
    engine: httpx.Client, boss: httpx.Client, before: list[str], action: str
) -> None:
    report(engine)
    if before:
        do(boss, 1, *before)

    answer = act(boss, 1, action, note="because")

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/problems/illegal-transition")
    assert action not in answer.json()["possible"]


@pytest.mark.parametrize("action", ["reject", "rework", "return", "suspend", "extend"])
def test_what_must_be_explained_is_refused_without_a_reason(
    engine: httpx.Client, boss: httpx.Client, action: str
) -> None:
    report(engine)
    if action != "reject":
        do(boss, 1, "register", "dispatch")
    if action == "rework":
        do(boss, 1, "feedback")

    answer = act(boss, 1, action, note="  ")

    assert answer.status_code == 422
    assert "explained" in answer.json()["detail"]


def test_a_machine_hands_feedback_back_but_cannot_register_or_close(
    live: Live, engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    everything = [scope for scope in Scope if scope is not Scope.SETUP]
    with live.client(*everything) as machine:
        early = act(machine, 1, "register")
        do(boss, 1, "register")
        do(machine, 1, "dispatch", "accept", "feedback")
        late = act(machine, 1, "close")

    assert (early.status_code, late.status_code) == (403, 403)
    assert "people" in early.json()["detail"]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.VIEWER, {"note"}),
        (Role.AUDITOR, {"note"}),
        (Role.REVIEWER, {"take", "register", "reject", "merge", "note"}),
        (Role.DISPATCHER, {"note"}),
    ],
)
def test_a_role_may_do_its_own_work_only(
    live: Live, engine: httpx.Client, role: Role, allowed: set[str]
) -> None:
    report(engine)
    with live.person("someone", role) as client:
        case = client.get(f"{CASES}/1").json()

        assert set(case["possible"]) == allowed
        for action in ("register", "urge"):
            refused = act(client, 1, action).status_code
            assert (refused == 200) == (action in allowed)


@pytest.mark.parametrize("accuracy_m", [None, 6.0])
def test_a_case_says_what_it_is_about_and_where(
    engine: httpx.Client, boss: httpx.Client, accuracy_m: float | None
) -> None:
    report(engine, slug=Slug.GARBAGE_PILE, accuracy_m=accuracy_m)

    listed = boss.get(CASES).json()["items"]
    told = [*listed, boss.get(f"{CASES}/1").json(), act(boss, 1, "take").json()]

    event = boss.get("/api/v1/events/evt-1").json()
    assert len(told) == 3
    for case in told:
        assert (case["code"], case["code_name"]) == ("06010", "暴露垃圾")
        assert case["scheme"] == event["scheme"]
        assert case["location"] == event["location"]
        assert case["location"]["accuracy_m"] == accuracy_m


def test_a_duplicate_is_merged_and_the_other_case_goes_on(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    report(engine, event_id="evt-2")

    merged = act(boss, 2, "merge", into=1).json()

    assert (merged["state"], merged["merged_into"]) == ("merged", 1)
    assert history(boss, 1)[-1] == ("note", "reported")
    assert act(boss, 1, "merge", into=1).status_code == 422
    assert act(boss, 1, "merge", into=2).status_code == 409
    assert act(boss, 1, "merge", into=99).status_code == 404


def test_a_recurrence_names_the_event_before(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    sent = message(Seen(event_id="evt-2"))
    sent["data"]["recurrence_of"] = "evt-1"
    engine.post("/api/v1/events", json=sent)

    assert boss.get(f"{CASES}/1").json()["recurrence_of"] == "evt-1"


def test_a_closed_case_reopens_with_a_reason(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    do(boss, 1, "register", "dispatch", "feedback", "close")

    case = act(boss, 1, "reopen", note="it is back").json()

    assert case["state"] == "verifying"
    assert case["closed_at"] is None


def test_a_point_is_routed_by_its_grid_cell(
    live: Live, engine: httpx.Client, boss: httpx.Client
) -> None:
    with live.person("root", Role.ADMIN) as root:
        imported = root.put("/api/v1/grid", json=GRID)
        refused = boss.put("/api/v1/grid", json=GRID)
    report(engine, event_id="evt-1", lat=30.5, lon=114.3)
    report(engine, event_id="evt-2", lat=30.5, lon=114.31)
    report(engine, event_id="evt-3", lat=31.0, lon=115.0)

    cases = [boss.get(f"{CASES}/{number}").json() for number in (1, 2, 3)]

    assert (imported.status_code, refused.status_code) == (200, 403)
    routed = [(c["grid_id"], c["department"], c["responsible"]) for c in cases]
    assert routed == [
        ("g-1", "chengguan", "王建国"),
        ("g-2", "traffic", None),
        (None, "chengguan", None),
    ]
    event = boss.get("/api/v1/events/evt-1").json()
    assert event["location"]["grid_id"] == "g-1"
    at = boss.get("/api/v1/grid/at", params={"lat": 30.5, "lon": 114.31}).json()
    assert at["cell"]["street"] == "民主路"


def test_an_import_names_the_departments_that_the_city_s_list_lacks(live: Live) -> None:
    codes = ("JD-07", "traffic", "", "JD-01", "JD-07")
    cells = [
        square(f"g-{n}", 100 + n / 10, 30, dept_code=code)
        for n, code in enumerate(codes)
    ]
    with live.person("root", Role.ADMIN) as root:
        taken = root.put(
            "/api/v1/grid", json={"type": "FeatureCollection", "features": cells}
        )

    assert taken.json() == {"cells": 5, "unlisted_departments": ["JD-01", "JD-07"]}


def test_a_long_grid_is_taken_and_a_stranger_s_is_not_read(live: Live) -> None:
    cells = [
        square(f"g-{number}", 100 + number / 1000, 30, side=0.001, street="路" * 100)
        for number in range(5000)
    ]
    long = {"type": "FeatureCollection", "features": cells}
    with live.person("root", Role.ADMIN) as root, live.client() as stranger:
        taken = root.put("/api/v1/grid", json=long)
        broken = stranger.put("/api/v1/grid", content=b"[" * 1_500_000)
        endless = root.put("/api/v1/grid", content=b" " * (17 * 1024 * 1024))

    assert taken.json() == {"cells": 5000, "unlisted_departments": []}
    assert broken.status_code == 401
    assert endless.status_code == 413


@pytest.mark.parametrize("fault", ["crossing", "twice", "open", "empty"])
def test_a_grid_that_cannot_be_drawn_is_refused_and_the_old_one_stays(
    live: Live, fault: str
) -> None:
    ring = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    outlines: dict[str, list[Any]] = {"crossing": ring, "open": ring[:2], "empty": []}
    bad: list[Any] = [square("g-1", 0, 0), square("g-1", 1, 1)]
    if fault in outlines:
        bad[0]["geometry"]["coordinates"] = [outlines[fault]]
        bad.pop()
    with live.person("root", Role.ADMIN) as root:
        root.put("/api/v1/grid", json=GRID).raise_for_status()

        answer = root.put(
            "/api/v1/grid", json={"type": "FeatureCollection", "features": bad}
        )

        assert answer.status_code == 422
        assert root.get("/api/v1/grid/at?lat=30.5&lon=114.3").json()["cell"]


def test_a_person_sees_and_moves_only_their_districts(
    live: Live, engine: httpx.Client
) -> None:
    with live.person("root", Role.ADMIN) as root:
        root.put("/api/v1/grid", json=GRID).raise_for_status()
    report(engine, event_id="evt-1", lat=30.5, lon=114.3)
    report(engine, event_id="evt-2", lat=30.5, lon=114.31)

    with live.person("east", Role.SUPERVISOR, "民主路") as east:
        cases = east.get(CASES).json()["items"]
        events = east.get("/api/v1/events").json()["items"]
        layer = east.get("/events.geojson").json()["features"]

        assert [case["number"] for case in cases] == [2]
        assert [event["event_id"] for event in events] == ["evt-2"]
        assert [one["id"] for one in layer] == ["evt-2"]
        assert east.get(f"{CASES}/1").status_code == 404
        assert east.get("/api/v1/events/evt-1").status_code == 404
        assert act(east, 1, "take", version=1).status_code == 404
        assert act(east, 2, "take").status_code == 200


def test_cases_are_listed_by_state_department_and_lateness_in_pages(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    for number in range(1, 6):
        report(engine, event_id=f"evt-{number}")
    do(boss, 2, "register")
    clock.forward(hours=6)

    def numbers(**query: Any) -> list[int]:
        found, url = [], str(httpx.URL(CASES, params={"limit": 2, **query}))
        while url:
            answer = boss.get(url)
            found += [case["number"] for case in answer.json()["items"]]
            url = answer.links.get("next", {}).get("url", "")
        return found

    assert numbers() == [5, 4, 3, 2, 1]
    assert numbers(state="registered") == [2]
    assert numbers(department="chengguan", state="reported") == [5, 4, 3, 1]
    assert numbers(overdue="true") == [5, 4, 3, 2, 1]
    assert numbers(slug="garbage_pile") == []


def test_deadlines_start_stop_move_and_are_explained(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    registered = do(boss, 1, "register")
    dispatched = do(boss, 1, "dispatch")
    clock.forward(minutes=20)
    act(boss, 1, "suspend", note="road closed").raise_for_status()
    clock.forward(hours=5)
    resumed = do(boss, 1, "resume")
    longer = {"amount": 30, "unit": "natural_day"}
    extended = act(boss, 1, "extend", note="asked for", extra=longer).json()

    assert registered["due"]["at"] == "2026-11-23T02:00:00Z"
    assert dispatched["due"] | {"escalated": None} == {
        "stage": "handle",
        "at": "2026-11-23T02:00:00Z",
        "overdue": False,
        "escalated": None,
    }
    assert resumed["due"]["at"] == "2026-11-23T07:00:00Z"
    assert extended["due"]["at"] == "2026-12-23T07:00:00Z"
    step = boss.get(f"{CASES}/1").json()["history"][-2]
    assert step["detail"]["clock_stood_s"] == 5 * 3600
    assert step["detail"]["due_before"] == "2026-11-23T02:00:00+00:00"


def test_a_deadline_that_nears_and_passes_is_told_once_each(
    live: Live, engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    runs = []
    for minutes in (0, 100, 1, 30, 1):
        clock.forward(minutes=minutes)
        runs.append(live.services.escalation.run())

    case = boss.get(f"{CASES}/1").json()
    told = [step["detail"] for step in case["history"] if step["action"] == "escalated"]

    assert runs == [0, 1, 0, 1, 0]
    assert told == [
        {"level": "near", "stage": "register"},
        {"level": "passed", "stage": "register"},
    ]
    assert case["due"]["overdue"]
    assert case["state"] == "reported"


def test_nobody_is_warned_at_the_weekend_of_a_deadline_in_working_hours(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    clock.at = datetime(2026, 11, 20, 9, 25, tzinfo=UTC)  # Friday 17:25 in Wuhan
    report(engine)
    runs = []
    for hours in (52.5, 12, 0.2):  # Sunday 21:55, Monday 9:55 and 10:07
        clock.forward(hours=hours)
        runs.append(live.services.escalation.run())

    assert runs == [0, 0, 1]


def test_a_suspended_case_is_not_urged_by_the_clock(
    live: Live, engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    do(boss, 1, "register", "dispatch")
    act(boss, 1, "suspend", note="road closed").raise_for_status()
    clock.forward(days=9)

    assert live.services.escalation.run() == 0


@pytest.fixture
def done(engine: httpx.Client, boss: httpx.Client) -> httpx.Client:
    """Return the engine's client after a case reported itself done."""
    report(engine)
    do(boss, 1, "register", "dispatch", "feedback")
    return engine


def verify(boss: httpx.Client) -> httpx.Response:
    etag = boss.get(f"{CASES}/1").headers["etag"]
    return boss.post(f"{CASES}/1/verify", headers={"If-Match": etag})


def answer(engine: httpx.Client, **given: Any) -> httpx.Response:
    waiting = engine.get("/api/v1/verifications?camera=kerb-east").json()["items"]
    number = waiting[0]["number"] if waiting else 1
    return engine.post(f"/api/v1/verifications/{number}/answer", json=given)


def put_after(engine: httpx.Client) -> None:
    picture = jpeg()
    engine.put(
        "/api/v1/events/evt-1/evidence/after.jpg",
        content=picture,
        headers={
            "Content-Type": "image/jpeg",
            "X-Content-SHA256": sha256(picture),
            "X-Evidence-Role": artifact("after.jpg", "after", picture).role,
        },
    ).raise_for_status()


def test_a_place_seen_clear_closes_the_case_with_its_picture(
    done: httpx.Client, boss: httpx.Client
) -> None:
    asked = verify(boss)
    waiting = done.get("/api/v1/verifications").json()["items"]
    without = answer(done, verdict="cleared")
    missing = answer(done, verdict="cleared", after="after.jpg")
    put_after(done)
    good = answer(done, verdict="cleared", after="after.jpg")
    again = answer(done, verdict="cleared", after="after.jpg")
    other = answer(done, verdict="still_there")

    assert asked.status_code == 202
    assert (waiting[0]["place_id"], waiting[0]["verdict"]) == (
        "kerb-east-p7",
        "pending",
    )
    assert (without.status_code, missing.status_code) == (422, 422)
    assert (good.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert history(boss, 1)[-1] == ("close", "closed")
    last = boss.get(f"{CASES}/1").json()["history"][-1]
    assert last["actor"].startswith("key:")
    assert last["detail"]["after"] == "after.jpg"


@pytest.mark.parametrize(
    ("verdict", "state"), [("still_there", "rework"), ("cannot_verify", "feedback")]
)
def test_a_place_not_seen_clear_closes_nothing(
    done: httpx.Client, boss: httpx.Client, verdict: str, state: str
) -> None:
    verify(boss)

    answer(done, verdict=verdict).raise_for_status()

    assert boss.get(f"{CASES}/1").json()["state"] == state


def test_a_verdict_that_comes_after_the_decision_is_a_note(
    done: httpx.Client, boss: httpx.Client
) -> None:
    verify(boss)
    do(boss, 1, "close")

    answer(done, verdict="still_there").raise_for_status()

    assert history(boss, 1)[-1] == ("note", "closed")


def test_a_second_look_is_asked_once_at_a_time(
    done: httpx.Client, boss: httpx.Client
) -> None:
    first, second = verify(boss), verify(boss)
    unknown = done.post(
        "/api/v1/verifications/99/answer", json={"verdict": "still_there"}
    )

    assert (first.status_code, second.status_code) == (202, 409)
    assert unknown.status_code == 404


def test_a_second_look_decided_on_an_older_version_is_told_to_read_again(
    boss: httpx.Client, engine: httpx.Client
) -> None:
    report(engine)
    do(boss, 1, "register", "dispatch", "accept", "feedback", "close")
    late = boss.post(f"{CASES}/1/verify", headers={"If-Match": '"4"'})

    assert late.status_code == 412
    assert "read it again and decide anew" in late.json()["detail"]


@pytest.mark.parametrize("way", ["verify", "action"])
def test_a_moving_camera_cannot_look_again_and_whoever_asks_hears_it_at_once(
    done: httpx.Client, boss: httpx.Client, way: str
) -> None:
    watch(done, "kerb-east")

    refused = verify(boss) if way == "verify" else act(boss, 1, "request_verification")

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/problems/camera-moves")
    assert "its next pass" in refused.json()["detail"]
    case = boss.get(f"{CASES}/1").json()
    assert (case["state"], case["verifications"]) == ("feedback", [])
    assert done.get("/api/v1/verifications").json()["items"] == []


@pytest.mark.parametrize("accuracy_m", [None, 6.0])
def test_an_event_that_is_cleared_leaves_its_case_to_people_whoever_saw_it(
    engine: httpx.Client, boss: httpx.Client, accuracy_m: float | None
) -> None:
    seen = Seen(accuracy_m=accuracy_m)
    report(engine, accuracy_m=accuracy_m)
    do(boss, 1, "register", "dispatch", "feedback")

    gone = message(seen.later(Lifecycle.CLEARED, 2))
    engine.post("/api/v1/events", json=gone).raise_for_status()

    assert boss.get("/api/v1/events/evt-1").json()["state"] == "cleared"
    assert boss.get(f"{CASES}/1").json()["state"] == "feedback"
    assert do(boss, 1, "close")["state"] == "closed"


def test_a_question_that_no_engine_answers_for_a_day_is_closed_as_unverified(
    live: Live, done: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    verify(boss)
    clock.forward(hours=23)
    early = live.services.verifications.expire()
    clock.forward(hours=2)

    late = live.services.verifications.expire()

    case = boss.get(f"{CASES}/1").json()
    assert (early, late) == (0, 1)
    assert case["verifications"][0]["verdict"] == "cannot_verify"
    assert case["state"] == "feedback"
    assert done.get("/api/v1/verifications").json()["items"] == []


def test_cases_that_may_be_the_same_are_named_and_others_are_not(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    report(engine, event_id="evt-2")
    report(engine, event_id="evt-3", camera="across", lat=30.5002)
    report(engine, event_id="evt-4", camera="far", lat=30.51)
    report(engine, event_id="evt-5", slug=Slug.GARBAGE_PILE)
    act(boss, 2, "reject", note="seen twice").raise_for_status()

    named = [
        boss.get(f"{CASES}/{number}").json()["possible_duplicates"]
        for number in (1, 2, 3, 4, 5)
    ]

    assert named == [[3], [], [1], [], []]


@pytest.mark.parametrize(
    ("mine_m", "theirs_m", "north_m", "same"),
    [
        (None, None, 40.0, True),
        (None, None, 45.0, False),
        (6.0, None, 28.0, True),
        (None, 6.0, 28.0, True),
        (6.0, None, 33.0, False),
        (None, 6.0, 33.0, False),
        (6.0, 8.0, 9.0, True),
        (6.0, 8.0, 11.0, False),
        (80.0, None, 58.0, True),
        (80.0, 90.0, 62.0, False),
    ],
)
def test_cases_of_two_cameras_may_be_the_same_within_what_both_are_known_to(
    engine: httpx.Client,
    boss: httpx.Client,
    *,
    mine_m: float | None,
    theirs_m: float | None,
    north_m: float,
    same: bool,
) -> None:
    lat, lon = LocalPlane(30.5, 114.3).degrees(0.0, north_m)
    report(engine, lat=30.5, lon=114.3, accuracy_m=theirs_m)
    report(
        engine, event_id="evt-2", camera="patrol-7", lat=lat, lon=lon, accuracy_m=mine_m
    )

    named = [
        boss.get(f"{CASES}/{number}").json()["possible_duplicates"] for number in (1, 2)
    ]

    assert named == ([[2], [1]] if same else [[], []])


HEAP = Seen(slug=Slug.GARBAGE_PILE)
EYES = [  # camera, its event's accuracy, how far north of the first it saw the heap
    ("patrol-7-left", 6.0, 0.0),
    ("patrol-7-right", 6.0, 2.0),
    ("patrol-8", 7.0, 5.0),
    ("corner", None, 20.0),
]


@pytest.fixture
def heap(engine: httpx.Client) -> list[Seen]:
    """Report one heap by all of its eyes; return what each reported."""
    seen = []
    for number, (camera, accuracy_m, north_m) in enumerate(EYES, 1):
        lat, lon = LocalPlane(HEAP.lat, HEAP.lon).degrees(0.0, north_m)
        one = replace(
            HEAP,
            event_id=f"evt-{number}",
            camera=camera,
            lat=lat,
            lon=lon,
            accuracy_m=accuracy_m,
        )
        engine.post("/api/v1/events", json=message(one)).raise_for_status()
        seen.append(one)
    return seen


@pytest.mark.usefixtures("heap")
def test_all_eyes_on_one_heap_are_named_with_the_way_between_them(
    boss: httpx.Client,
) -> None:
    first = boss.get(f"{CASES}/1").json()

    assert first["possible_duplicates"] == [4, 3, 2]
    assert [
        (one["case"], one["camera"]["id"], one["distance_m"], one["event_state"])
        for one in first["alike"]
    ] == [
        (4, "corner", 20.0, "open"),
        (3, "patrol-8", 5.0, "open"),
        (2, "patrol-7-right", 2.0, "open"),
    ]
    for number in (2, 3, 4):
        assert len(boss.get(f"{CASES}/{number}").json()["alike"]) == 3


def test_what_becomes_of_merged_cases_is_seen_at_the_one_that_goes_on(
    engine: httpx.Client, boss: httpx.Client, heap: list[Seen], clock: HandClock
) -> None:
    before = do(boss, 1, "register")
    for number, into in ((3, 2), (2, 1), (4, 1)):
        merged = act(boss, number, "merge", into=into).json()
        assert merged["due"] is None
    gone = message(heap[2].later(Lifecycle.CLEARED, 2))
    engine.post("/api/v1/events", json=gone).raise_for_status()

    case = boss.get(f"{CASES}/1").json()

    assert (case["due"], case["department"]) == (before["due"], before["department"])
    assert case["due"] is not None
    assert (case["possible_duplicates"], case["alike"]) == ([], [])
    assert [(one["case"], one["event_state"]) for one in case["absorbed"]] == [
        (2, "open"),
        (3, "cleared"),
        (4, "open"),
    ]
    clock.forward(minutes=1)
    (figures,) = boss.get("/api/v1/indicators").json()["groups"]
    assert figures["counts"]["merged"] == 3
    assert figures["indicators"]["duplicate_rate"] == 3 / 4
    act(boss, 4, "reopen", note="another heap").raise_for_status()
    again = boss.get(f"{CASES}/1").json()
    assert [one["case"] for one in again["absorbed"]] == [2, 3]


def test_a_merged_case_of_another_district_is_not_told(
    live: Live, engine: httpx.Client, boss: httpx.Client
) -> None:
    with live.person("root", Role.ADMIN) as root:
        root.put("/api/v1/grid", json=GRID).raise_for_status()
    report(engine)
    report(engine, event_id="evt-2", camera="across", lon=114.31)
    act(boss, 2, "merge", into=1).raise_for_status()

    with live.person("li", Role.REVIEWER, "武珞路") as person:
        case = person.get(f"{CASES}/1").json()

    assert case["absorbed"] == []
    assert len(boss.get(f"{CASES}/1").json()["absorbed"]) == 1


def test_what_one_moving_camera_saw_twice_its_engine_tells_apart(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    for name in ("evt-1", "evt-2"):
        report(engine, event_id=name, camera="patrol-7", accuracy_m=6.0)
    report(engine, event_id="evt-3", camera="patrol-8", accuracy_m=6.0)
    act(boss, 3, "merge", into=1).raise_for_status()

    for number in (1, 2, 3):
        case = boss.get(f"{CASES}/{number}").json()
        assert case["possible_duplicates"] == []
    events = boss.get("/api/v1/events").json()["items"]
    assert {one["event_id"] for one in events} == {"evt-1", "evt-2", "evt-3"}
