"""Engines: their signs of life, and what their cameras are worth without them."""

import json
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.event import listen as listen_to

from serve.people.roles import Role
from serve.routes.engines import MOST_CAMERAS
from serve.store.tables import HealthLogRow
from tests.service.serve.city import MONDAY, HandClock
from tests.service.serve.conftest import Live
from tests.service.serve.street import Seen, message

ENGINE = "/api/v1/engines/north-1"
SILENCE = "org.streetwarden.health.engine_silent.v1"
TWICE = "org.streetwarden.health.watched_twice.v1"


@pytest.fixture
def clock() -> HandClock:
    """Return a clock at nine on a Monday."""
    return HandClock()


def begin(
    client: httpx.Client,
    *cameras: str,
    run: str = "one",
    up_s: float = 0,
    path: str = "",
    moving: Collection[str] = (),
) -> httpx.Response:
    told = [
        {
            "id": one,
            "name": f"Gate {one}",
            "location": {"lat": 30.52, "lon": 114.31, "address": "12 Mill Lane"},
            **({"moving": True} if one in moving else {}),
        }
        for one in cameras
    ]
    sent = {"site": "north", "version": "1", "run": run, "up_s": up_s, "cameras": told}
    return client.put(path or ENGINE, json=sent)


def say(client: httpx.Client, word: str, run: str = "one") -> int:
    return client.post(f"{ENGINE}/{word}", json={"run": run}).status_code


def listen(live: Live, clock: HandClock, minutes: float) -> None:
    """Let time go by while the service looks for signs of life."""
    for _ in range(int(minutes * 2)):
        clock.forward(seconds=30)
        live.services.engines.notice()


def cameras(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/api/v1/cameras").json()
    return {one["id"]: one for one in answer["items"]}


def states(client: httpx.Client) -> dict[str, str]:
    return {name: one["watch"]["state"] for name, one in cameras(client).items()}


def coverage(client: httpx.Client, camera: str = "a") -> tuple[float, float]:
    """Return for how many hours it is known, and for how many it could not see."""
    found = {one["camera_id"]: one for one in client.get("/api/v1/coverage").json()}
    return found[camera]["known_s"] / 3600, found[camera]["blind_s"] / 3600


def told(client: httpx.Client, kind: str = SILENCE) -> list[tuple[bool, str]]:
    answer = client.get("/api/v1/messages", params={"after": 0, "types": "health."})
    items = [one["message"] for one in answer.json()["items"]]
    return [
        (one["data"]["ok"], one["data"]["detail"])
        for one in items
        if one["type"] == kind
    ]


def test_a_camera_is_known_from_when_it_is_watched(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    assert begin(engine, "a", "b", up_s=60).status_code == 204

    found = cameras(reader)["a"]
    assert (found["name"], found["location"]["address"]) == ("Gate a", "12 Mill Lane")
    assert found["ok"]
    assert found["watch"] == {
        "state": "watched",
        "since": (MONDAY - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"),
        "engine": "north-1",
    }
    listed = reader.get("/api/v1/engines").json()["items"]
    assert [(one["id"], one["state"], one["cameras"]) for one in listed] == [
        ("north-1", "watched", 2)
    ]


def test_an_engine_may_watch_thousands_of_cameras_with_long_addresses(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    place = {"lat": 30.52, "lon": 114.31, "address": "武汉市武昌区" * 80}
    told = [
        {"id": f"camera-{n}", "name": "卡口" * 40, "location": place}
        for n in range(MOST_CAMERAS)
    ]
    sent = {"site": "north", "version": "1", "run": "one", "up_s": 0, "cameras": told}
    assert len(json.dumps(sent, ensure_ascii=False).encode()) > 6_000_000

    assert engine.put(ENGINE, json=sent).status_code == 204
    (listed,) = reader.get("/api/v1/engines").json()["items"]
    assert listed["cameras"] == MOST_CAMERAS
    assert engine.post(f"{ENGINE}/alive", json=sent).status_code == 413


def test_a_camera_that_moves_has_no_place_of_its_own(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    seen = Seen(camera="a", accuracy_m=6.0)
    begin(engine, "a", "b")
    was = cameras(reader)["a"]
    begin(engine, "a", "b", run="two", moving={"a"})
    engine.post("/api/v1/events", json=message(seen)).raise_for_status()

    moving, fixed = cameras(reader)["a"], cameras(reader)["b"]
    begin(engine, "a", run="three")

    assert not was["moving"]
    assert (moving["moving"], moving["location"]) == (True, None)
    assert not fixed["moving"]
    assert fixed["location"]["lat"] == 30.52
    again = cameras(reader)["a"]
    assert (again["moving"], again["location"]["lat"]) == (False, 30.52)


def test_of_a_camera_that_only_reports_nothing_is_claimed(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    engine.post("/api/v1/events", json=message(Seen())).raise_for_status()

    (found,) = cameras(reader).values()
    assert found["watch"] == {"state": "unknown", "since": None, "engine": None}
    assert found["ok"]


def test_silence_is_told_of_once_and_so_is_its_end(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a", "b")
    listen(live, clock, 1)
    say(engine, "alive")

    listen(live, clock, 2)
    still = states(reader)
    listen(live, clock, 10)
    silent = cameras(reader)["a"]
    trouble = reader.get("/api/v1/cameras").json()["engine"]
    health = told(reader)
    metrics = reader.get("/metrics").text
    assert say(engine, "alive") == 204

    assert still == {"a": "watched", "b": "watched"}
    assert not silent["ok"]
    assert silent["watch"]["state"] == "silent"
    assert silent["watch"]["since"] == "2026-11-23T01:01:00Z"
    assert [(one["kind"], one["ok"]) for one in trouble] == [("engine_silent", False)]
    assert [ok for ok, _ in health] == [False]
    assert "north-1: no sign of life since 2026-11-23T01:01:00" in health[0][1]
    assert "2 cameras" in health[0][1]
    assert 'cameras{watch="silent"} 2.0' in metrics
    assert 'cameras{watch="watched"} 0.0' in metrics
    assert [ok for ok, _ in told(reader)] == [False, True]
    assert states(reader) == {"a": "watched", "b": "watched"}
    assert reader.get("/api/v1/cameras").json()["engine"] == []


def test_silence_counts_as_blind_until_the_engine_says_that_it_ran(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a")
    listen(live, clock, 60)
    assert coverage(reader) == (1, 1)

    say(engine, "alive")  # the same run: only the way here was cut

    assert coverage(reader) == (1, 0)


def test_what_lies_between_two_runs_counts_as_blind(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a")
    listen(live, clock, 60)
    say(engine, "alive")
    clock.forward(hours=2)  # the service was away with it
    begin(engine, "a", run="two", up_s=1800)
    clock.forward(hours=1)
    say(engine, "alive", "two")

    assert coverage(reader) == (4, 1.5)


def test_an_engine_started_anew_at_once_missed_nothing(
    engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a")
    clock.forward(hours=1)
    say(engine, "alive")
    clock.forward(seconds=100)
    begin(engine, "a", run="two")
    clock.forward(hours=1)

    assert coverage(reader)[1] == 0


def test_who_stops_of_its_own_accord_watches_no_more(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a")
    clock.forward(hours=1)
    assert say(engine, "end") == 204
    listen(live, clock, 60)

    found = cameras(reader)["a"]
    assert (found["watch"]["state"], found["ok"]) == ("stopped", False)
    assert told(reader) == []  # somebody meant it
    assert coverage(reader) == (2, 1)
    begin(engine, "a", run="two")
    assert states(reader) == {"a": "watched"}
    assert coverage(reader) == (2, 1)


def test_nothing_is_claimed_of_a_camera_that_was_taken_out(
    engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a", "b")
    clock.forward(hours=1)
    say(engine, "end")
    begin(engine, "b", run="two")
    clock.forward(hours=5)

    assert states(reader) == {"a": "left", "b": "watched"}
    assert cameras(reader)["a"]["ok"]
    assert coverage(reader) == (1, 0)
    begin(engine, "a", "b", run="three")
    clock.forward(hours=1)
    assert states(reader) == {"a": "watched", "b": "watched"}
    assert coverage(reader) == (2, 0)


def test_cameras_go_to_the_engine_that_names_them_last(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    begin(engine, "a", "b")
    begin(engine, "a", path="/api/v1/engines/south-2")
    say(engine, "end")

    assert states(reader) == {"a": "watched", "b": "stopped"}
    begin(engine, "b", path="/api/v1/engines/south-2")
    assert states(reader) == {"a": "left", "b": "watched"}
    listed = reader.get("/api/v1/engines").json()["items"]
    assert [one["id"] for one in listed] == ["south-2"]  # nothing hangs on the other


def test_a_service_that_was_away_holds_nothing_against_engines(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a")
    listen(live, clock, 1)
    clock.forward(hours=9)
    listen(live, clock, 1)

    assert states(reader) == {"a": "watched"}
    listen(live, clock, 2)
    assert states(reader) == {"a": "silent"}


def test_a_run_that_is_not_known_is_asked_to_introduce_itself(
    engine: httpx.Client,
) -> None:
    before = say(engine, "alive")
    begin(engine, "a", run="two")

    assert [before, say(engine, "alive"), say(engine, "end")] == [404, 404, 404]


def test_an_engine_out_of_use_is_forgotten_by_an_administrator(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a")
    with live.person("root", Role.ADMIN) as admin:
        early = admin.delete(ENGINE)
        clock.forward(hours=1)
        say(engine, "end")
        clock.forward(hours=1)
        refused = engine.delete(ENGINE).status_code
        done = admin.delete(ENGINE).status_code
        again = admin.delete(ENGINE).status_code
        audited = admin.get("/api/v1/audit").json()["items"][0]

    assert (early.status_code, refused, done, again) == (409, 403, 204, 404)
    assert "still runs; stop it first" in early.json()["detail"]
    assert (audited["action"], audited["subject"]) == ("engine.forgotten", "north-1")
    assert states(reader) == {"a": "left"}
    assert coverage(reader) == (1, 0)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"cameras": [{"id": "a"}, {"id": "a"}]}, "twice"),
        ({"cameras": [{"id": "a\x00b"}]}, ""),
        ({"up_s": -1}, "up_s"),
        ({"run": "with space"}, "run"),
    ],
)
def test_what_no_engine_would_say_is_refused(
    engine: httpx.Client, wrong: dict[str, Any], word: str
) -> None:
    sent = {"site": "n", "version": "1", "run": "r", "up_s": 0, "cameras": [], **wrong}

    answer = engine.put(ENGINE, json=sent)

    assert answer.status_code == 422
    assert word in answer.text


def test_the_page_shows_who_is_not_watched_and_lets_an_engine_go(
    live: Live, engine: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a", "b")
    begin(engine, "c", path="/api/v1/engines/south-2")
    say(engine, "end")
    clock.forward(minutes=1)
    live.services.users.create("root", "correct horse battery", Role.ADMIN)
    with httpx.Client(base_url=live.url, follow_redirects=True) as browser:
        browser.headers["Origin"] = live.url
        login = {"name": "root", "password": "correct horse battery"}
        browser.post("/login", data=login)
        page = browser.get("/cameras").text
        csrf = browser.get("/api/v1/me").json()["csrf"]
        sent = {"csrf": csrf, "do": "forget", "engine": "north-1"}
        after = browser.post("/cameras", data=sent).text
        first = browser.get("/").text

    assert page.count("not watched: engine stopped") == 2
    assert page.count("No longer used") == 1
    assert "watched, no trouble" in page
    assert after.count("taken out") == 2
    assert "No longer used" not in after
    assert "Cameras: 1 · all watched" in first


def test_a_service_whose_clock_is_set_holds_nothing_against_engines(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a")
    for hours in (1, -3):
        for _ in range(6):
            listen(live, clock, 0.5)
            say(engine, "alive")
        clock.jump(hours=hours)
        live.services.engines.notice()
    listen(live, clock, 1)
    told_of = told(reader)

    listen(live, clock, 4)  # from here on it says nothing

    assert told_of == []
    assert [ok for ok, _ in told(reader)] == [False]


def test_two_engines_of_one_name_do_not_take_turns(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a", "b", run="one")
    listen(live, clock, 10)
    say(engine, "alive", "one")
    begin(engine, "c", "d", run="twin")
    clock.forward(seconds=30)

    unknown = say(engine, "alive", "one")
    refused = begin(engine, "a", "b", run="one", up_s=630)
    twin = say(engine, "alive", "twin")
    again = begin(engine, "a", "b", run="one", up_s=630, path=f"{ENGINE}b")

    assert (unknown, refused.status_code, twin) == (404, 409, 204)
    assert "another run under this name" in refused.json()["detail"]
    assert again.status_code == 204
    assert states(reader) == dict.fromkeys("abcd", "watched")
    assert coverage(reader)[1] == 0


def test_a_camera_that_two_engines_watch_is_told_of(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    south = "/api/v1/engines/south-2"

    def both(minutes: float) -> list[int]:
        said = []
        for _ in range(int(minutes * 2)):
            listen(live, clock, 0.5)
            said.append(say(engine, "alive"))
            word = engine.post(f"{south}/alive", json={"run": "other"})
            said.append(word.status_code)
        return said

    begin(engine, "a", "b")
    both(5)
    begin(engine, "a", "b", run="other", path=south)
    said = both(5)

    assert set(said) == {204}
    assert states(reader) == {"a": "watched", "b": "watched"}
    listed = reader.get("/api/v1/engines").json()["items"]
    assert [one["cameras"] for one in listed] == [2, 2]
    ((kind, ok, detail),) = [
        (one["kind"], one["ok"], one["detail"])
        for one in reader.get("/api/v1/cameras").json()["engine"]
    ]
    assert (kind, ok) == ("watched_twice", False)
    assert "north-1 and south-2 both watch 2 cameras (a, …)" in detail
    assert [ok for ok, _ in told(reader, TWICE)] == [False]

    engine.post(f"{south}/end", json={"run": "other"})
    listen(live, clock, 1)
    say(engine, "alive")

    assert states(reader) == {"a": "watched", "b": "watched"}
    assert [ok for ok, _ in told(reader, TWICE)] == [False, True]
    assert told(reader) == []
    assert coverage(reader)[1] == 0


def test_a_third_engine_of_a_camera_takes_it_over_once_the_others_stop(
    engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    others = [f"/api/v1/engines/copy-{number}" for number in (1, 2)]
    begin(engine, "a")
    for other in others:
        clock.forward(seconds=60)
        begin(engine, "a", run=other[-6:], path=other)
    assert say(engine, "alive") == 204
    for other in others:
        clock.forward(seconds=60)
        engine.post(f"{other}/end", json={"run": other[-6:]})

    assert say(engine, "alive") == 404  # asked to say what it watches
    assert begin(engine, "a", up_s=240).status_code == 204
    assert cameras(reader)["a"]["watch"]["engine"] == "north-1"
    assert states(reader) == {"a": "watched"}


def test_an_engine_that_has_no_cameras_left_is_no_trouble(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a", "b")
    begin(engine, "a", "b", run="new", path="/api/v1/engines/moved-1")
    for _ in range(12):
        listen(live, clock, 0.5)
        engine.post("/api/v1/engines/moved-1/alive", json={"run": "new"})

    listed = reader.get("/api/v1/engines").json()["items"]
    assert [one["id"] for one in listed] == ["moved-1"]
    assert told(reader) == []
    assert told(reader, TWICE) == []


def test_an_engine_that_dies_again_and_again_watches_nothing(
    live: Live, engine: httpx.Client, reader: httpx.Client, clock: HandClock
) -> None:
    begin(engine, "a")
    clock.forward(hours=1)
    say(engine, "end")
    for number in range(60):
        clock.forward(seconds=10)
        begin(engine, "a", run=f"r{number}")
        clock.forward(seconds=50)
        if number % 2:
            say(engine, "end", f"r{number}")
    begin(engine, "a", run="well")
    clock.forward(hours=1)

    with live.services.database.read() as session:
        rows = session.scalar(select(func.count()).select_from(HealthLogRow))
    assert coverage(reader) == (3, 1)
    assert rows == 2


def test_engines_that_begin_at_once_may_name_the_same_new_cameras(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    ready = Barrier(12)

    def start(number: int) -> int:
        district = number // 12
        named = [f"c-{district}-{one}" for one in range(number % 5, 60)]
        ready.wait(20)
        path = f"/api/v1/engines/north-{number}"
        return begin(engine, *named, path=path).status_code

    with ThreadPoolExecutor(12) as crowd:
        answers = list(crowd.map(start, range(96)))

    assert set(answers) == {204}
    assert len(cameras(reader)) == 8 * 60


def test_cameras_are_written_in_the_order_of_those_who_write_events(
    live: Live, engine: httpx.Client
) -> None:
    begin(engine, "b", "d")
    written: list[str] = []

    def listener(*seen: Any) -> None:
        word, _, rest = seen[2].partition(" cameras ")
        if rest and word in {"INSERT INTO", "UPDATE"}:
            written.append(word)

    database = live.services.database
    with database.read() as session:
        bound = session.get_bind()
    listen_to(bound, "before_cursor_execute", listener)
    begin(engine, "a", "b", "c", path="/api/v1/engines/south-2")

    assert written == ["INSERT INTO", "UPDATE", "INSERT INTO"]
