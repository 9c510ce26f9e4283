"""The feed page by page loses nothing, whatever comes late."""

from datetime import timedelta
from typing import Any

import httpx
import jsonschema
import pytest

from serve.people.roles import Role
from tests.service.serve.city import GRID, act, do, report
from tests.service.serve.conftest import Live
from tests.service.serve.street import NOON, health
from vision.core.health import HealthKind

MESSAGES = "/api/v1/messages"


def asked(client: httpx.Client, **query: Any) -> dict[str, Any]:
    answer = client.get(MESSAGES, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]  # JSON


def events(page: dict[str, Any]) -> list[str]:
    return [one["message"]["data"]["event_id"] for one in page["items"]]


def test_who_asks_again_gets_what_came_since_also_what_is_late(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    report(engine, event_id="evt-1")
    first = asked(reader, after=0)
    report(engine, event_id="evt-late", at=NOON - timedelta(days=3))
    second = asked(reader, after=first["after"])
    third = asked(reader, after=second["after"])

    assert [events(one) for one in (first, second, third)] == [
        ["evt-1"],
        ["evt-late"],
        [],
    ]
    assert third == {"items": [], "after": 2, "more": False}


def test_pages_join_without_a_gap_and_say_when_there_is_more(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    for number in range(5):
        report(engine, event_id=f"evt-{number}")
    pages = [asked(reader, after=0, limit=2)]
    while pages[-1]["more"]:
        pages.append(asked(reader, after=pages[-1]["after"], limit=2))

    assert [len(one["items"]) for one in pages] == [2, 2, 1]
    numbers = [told["number"] for page in pages for told in page["items"]]
    assert numbers == [1, 2, 3, 4, 5]


def test_types_are_chosen_and_the_rest_is_passed_over(
    live: Live, engine: httpx.Client, reader: httpx.Client
) -> None:
    for number in range(3):
        report(engine, event_id=f"evt-{number}")
    with live.person("li", Role.REVIEWER) as reviewer:
        act(reviewer, 2, "register").raise_for_status()
    passed = asked(reader, after=0, limit=3, types="case.")
    found = asked(reader, after=passed["after"], types="org.streetwarden.case.")

    assert passed == {"items": [], "after": 3, "more": True}
    (told,) = found["items"]
    assert told["message"]["type"] == "org.streetwarden.case.registered.v1"
    assert told["number"] == found["after"] == 4


@pytest.mark.parametrize("query", [{}, {"after": 4711}])
def test_without_a_place_of_this_feed_one_begins_now(
    engine: httpx.Client, reader: httpx.Client, query: dict[str, int]
) -> None:
    report(engine)

    assert asked(reader, **query) == {"items": [], "after": 1, "more": False}


def test_a_person_is_told_only_of_their_districts(
    live: Live, engine: httpx.Client
) -> None:
    with live.person("root", Role.ADMIN) as root:
        root.put("/api/v1/grid", json=GRID).raise_for_status()
    report(engine, event_id="here", lon=114.3, camera="kerb-east")
    report(engine, event_id="there", lon=114.31, camera="kerb-west")
    for camera in ("kerb-east", "kerb-west"):
        sent = health(camera, HealthKind.VIEW_BLIND, NOON, ok=False)
        sent["data"]["camera_id"] = camera
        engine.post("/api/v1/health-events", json=sent).raise_for_status()
    with live.person("wang", Role.VIEWER, "武珞路") as viewer:
        page = asked(viewer, after=0)

    assert [one["number"] for one in page["items"]] == [1, 3]


@pytest.mark.parametrize(
    "query", [{"after": -1}, {"limit": 0}, {"limit": 501}, {"types": "bogus"}]
)
def test_what_means_nothing_is_refused(
    reader: httpx.Client, query: dict[str, Any]
) -> None:
    assert reader.get(MESSAGES, params=query).status_code == 422


def test_the_feed_needs_a_key_that_reads(live: Live, engine: httpx.Client) -> None:
    with live.client() as nobody:
        assert nobody.get(MESSAGES).status_code == 401
    assert engine.get(MESSAGES).status_code == 403


def test_what_is_told_of_a_case_says_what_and_where_and_fits_its_schema(
    live: Live, engine: httpx.Client, reader: httpx.Client
) -> None:
    report(engine)
    with live.person("boss", Role.SUPERVISOR) as boss:
        do(boss, 1, "register", "dispatch")
        act(boss, 1, "urge").raise_for_status()
    told = [one["message"] for one in asked(reader, after=1)["items"]]
    schema = reader.get("/schemas/case-event.v1.json").json()

    for one in told:
        jsonschema.validate(one, schema)
    data = told[-1]["data"]
    assert (data["scheme"], data["code"]) == ("GB/T 47678.5-2026", "09009")
    assert (data["case"], data["state"], data["version"]) == (1, "dispatched", 4)
    assert data["location"] == {
        "lat": 30.5,
        "lon": 114.3,
        "crs": "wgs84",
        "address": "武珞路 12 号",
        "grid_id": None,
        "accuracy_m": None,
    }
