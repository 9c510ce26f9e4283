"""Who sees some streets only is told of no other, on any route there is."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from serve.people.roles import Role, Scope
from tests.service.serve.city import GRID, do, report, watch
from tests.service.serve.conftest import Live
from tests.service.serve.street import Seen, artifact, jpeg, message, sha256
from tests.service.serve.test_desk import browser

EAST = "民主路"
ADDRESSES = {"west": "secret alley", "east": "main street"}
# Whatever of these shows up in an answer came from the other street.
WEST = ("evt-west", "cam-west", "secret alley", "w.jpg")
ENDLESS = "/api/v1/stream"  # see test_api_stream
# Where it is needed for an answer that tells something.
ASKED = {"lat": 30.5, "lon": 114.31, "after": 0}
PAGES = ("/", "/cases", "/map", "/figures", "/cameras", "/office/rules")


@pytest.fixture
def city(live: Live, engine: httpx.Client) -> Live:
    """A case on each of two streets, with a picture and a second look each."""
    with live.person("root", Role.ADMIN) as root:
        root.put("/api/v1/grid", json=GRID).raise_for_status()
    for side, lon in (("west", 114.3), ("east", 114.31)):
        name = f"{side[0]}.jpg"
        seen = Seen(
            event_id=f"evt-{side}",
            camera=f"cam-{side}",
            lat=30.5,
            lon=lon,
            artifacts=(artifact(name, "overlay", jpeg()),),
        )
        sent = message(seen)
        sent["data"]["location"]["address"] = ADDRESSES[side]
        engine.post("/api/v1/events", json=sent).raise_for_status()
        engine.put(
            f"/api/v1/events/evt-{side}/evidence/{name}",
            content=jpeg(),
            headers={"Content-Type": "image/jpeg", "X-Content-SHA256": sha256(jpeg())},
        ).raise_for_status()
    with live.person("boss", Role.SUPERVISOR) as boss:
        for number in (1, 2):
            do(boss, number, "register", "dispatch", "feedback")
            etag = boss.get(f"/api/v1/cases/{number}").headers["etag"]
            url = f"/api/v1/cases/{number}/verify"
            boss.post(url, headers={"If-Match": etag}).raise_for_status()
    return live


@pytest.fixture(params=["person", "machine"])
def east(city: Live, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Give a supervisor, or a work-order system, of one street."""
    if request.param == "person":
        with city.person("east", Role.SUPERVISOR, EAST) as client:
            yield client
        return
    scopes = [Scope.READ, Scope.ORIGINALS, Scope.DISPATCH, Scope.HANDLE]
    key = city.services.keys.create("orders", scopes, districts=[EAST])
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=city.url, headers=headers, timeout=20) as client:
        yield client


def operations(client: httpx.Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in client.get("/openapi.json").json()["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def filled(path: str, side: str, number: int) -> list[str]:
    """Return a path's addresses with the ids of one side's things."""
    extensions = ["json", "xml", "csv", "jsonl", "geojson"]
    one = (
        path.replace("{event_id}", f"evt-{side}")
        .replace("{request_id}", f"evt-{side}")
        .replace("{name}", f"{side[0]}.jpg")
        .replace("{number}", str(number))
    )
    one = re.sub(r"\{(?!extension)[^}]*\}", "1", one)
    if "{extension}" not in one:
        return [one]
    return [one.replace("{extension}", extension) for extension in extensions]


def test_no_answer_to_reading_names_what_lies_elsewhere(east: httpx.Client) -> None:
    told, leaks = [], []
    for method, path, operation in operations(east):
        if method != "get" or path == ENDLESS:
            continue
        taken = {one["name"] for one in operation.get("parameters", [])}
        query = {name: value for name, value in ASKED.items() if name in taken}
        for address in {*filled(path, "east", 2), *filled(path, "west", 1)}:
            answer = east.get(address, params=query)
            if answer.is_success and path != "/metrics":
                told.append(address)
                leaks += [(address, word) for word in WEST if word in answer.text]

    assert leaks == []
    assert {
        "/api/v1/events", "/api/v1/events/evt-east", "/api/v1/cases/2",
        "/api/v1/events/evt-east/evidence/e.jpg", "/api/v1/events.geojson",
        "/api/v1/export/events.csv", "/api/v1/export/events.geojson",
        "/api/v1/export/cases.jsonl", "/open311/v2/requests.xml",
        "/open311/v2/requests/evt-east.json", "/api/v1/cameras",
        "/api/v1/hotspots", "/api/v1/coverage", "/api/v1/indicators",
        "/api/v1/messages",
    } <= set(told)  # fmt: skip
    assert not [address for address in told if "west" in address]
    assert "/api/v1/cases/1" not in told


def test_no_change_reaches_what_lies_elsewhere(city: Live, east: httpx.Client) -> None:
    with city.person("chief", Role.SUPERVISOR) as chief:
        before = chief.get("/api/v1/cases/1").json()
        bodies: dict[str, Any] = {"action": "note", "note": "x", "reason": "x"}
        done = []
        for method, path, _ in operations(east):
            if method == "get" or not re.search("event_id|/cases/", path):
                continue
            for address in filled(path, "west", 1):
                answer = east.request(
                    method, address, json=bodies, headers={"If-Match": '"5"'}
                )
                done += [address] if answer.is_success else []
        merged = east.post(
            "/api/v1/cases/2/actions",
            json={"action": "merge", "into": 1},
            headers={"If-Match": east.get("/api/v1/cases/2").headers["etag"]},
        )
        after = chief.get("/api/v1/cases/1").json()

    assert done == []
    assert merged.status_code in {403, 404, 409}
    assert after["history"] == before["history"]


def test_no_page_shows_what_lies_elsewhere(city: Live) -> None:
    with browser(city, "hai", Role.SUPERVISOR, EAST) as person:
        shown = {page: person.get(page).text for page in PAGES}
        hidden = person.get("/events/evt-west").status_code
        form = {
            "csrf": person.get("/api/v1/me").json()["csrf"],
            "version": "5", "action": "note", "note": "x",
        }  # fmt: skip
        person.post("/events/evt-west/case", data=form)
    with city.person("chief", Role.SUPERVISOR) as chief:
        history = chief.get("/api/v1/cases/1").json()["history"]

    leaks = [(page, word) for page in PAGES for word in WEST if word in shown[page]]
    assert leaks == []
    assert "evt-east" in shown["/"]
    assert hidden == 404
    assert all(step["actor"] != "user:hai" for step in history)


def test_a_car_belongs_to_all_on_whose_streets_it_saw_something(
    city: Live, east: httpx.Client, engine: httpx.Client
) -> None:
    watch(engine, "patrol-7")
    now = city.services.clock.now()
    for name, camera, lon, ago in (
        ("evt-1", "patrol-7", 114.31, timedelta(days=29)),
        ("evt-2", "patrol-8", 114.3, timedelta()),
        ("evt-3", "patrol-9", 114.31, timedelta(days=31)),
    ):
        report(
            engine,
            event_id=name,
            camera=camera,
            lon=lon,
            accuracy_m=6.0,
            at=now - ago,
        )

    cameras = east.get("/api/v1/cameras").json()["items"]
    coverage = east.get("/api/v1/coverage").json()

    assert [one["id"] for one in cameras] == ["cam-east", "patrol-7"]
    assert [one["camera_id"] for one in coverage] == ["cam-east", "patrol-7"]
