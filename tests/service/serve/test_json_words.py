"""What is wrong with content is said in the words of JSON, wherever it is found."""

import json
from typing import Any

import httpx
import pytest

from serve.people.roles import Role, Scope
from tests.service.serve.city import GRID
from tests.service.serve.conftest import Live
from tests.service.serve.street import Seen, message

NEW = {"name": "li", "password": "correct horse battery", "role": "viewer"}
OBJECT = "Input should be an object"
ARRAY = "Input should be a valid array"
ZONED = "Input should be a time with its zone, e.g. 2026-11-27T08:00:00+08:00"
OUTLINE = "features/0/geometry"


def event_with(**wrong: object) -> dict[str, Any]:
    sent = message(Seen())
    return {**sent, "data": {**sent["data"], **wrong}}


def grid_with(geometry: object) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(json.dumps(GRID))
    sent["features"][0]["geometry"] = geometry
    return sent


@pytest.mark.parametrize(
    ("method", "path", "sent", "told"),
    [
        ("POST", "events", [], f"body: {OBJECT}"),
        ("POST", "events", event_with(camera=1), f"body/data/camera: {OBJECT}"),
        ("POST", "events", event_with(reasons={}), f"body/data/reasons: {ARRAY}"),
        ("POST", "users", [], f"body: {OBJECT}"),
        ("POST", "users", NEW | {"districts": 1}, f"body/districts: {ARRAY}"),
        (
            "POST",
            "users",
            NEW | {"password": "short"},
            "body/password: String should have at least 10 characters",
        ),
        (
            "POST",
            "users",
            NEW | {"districts": ["a"] * 201},
            "body/districts: List should have at most 200 items, not 201",
        ),
        (
            "GET",
            "events?since=1999-01-01T00:00:00Z",
            None,
            "query/since: expected a time between the years 2000 and 2200",
        ),
        (
            "GET",
            "events?since=2026-11-27",
            None,
            f"query/since: {ZONED}",
        ),
        (
            "PUT",
            "grid",
            grid_with({"type": "Point" * 1000}),
            f"body/{OUTLINE}: 'type' should be one of 'Polygon', 'MultiPolygon'",
        ),
        (
            "PUT",
            "grid",
            grid_with({}),
            f"body/{OUTLINE}: Input should be an object with 'type'",
        ),
    ],
)
def test_a_problem_speaks_json_and_repeats_no_input(
    live: Live, method: str, path: str, sent: object, told: str
) -> None:
    with live.client(Scope.INGEST, Scope.READ, Scope.ADMIN) as client:
        answer = client.request(method, f"/api/v1/{path}", json=sent)

    assert answer.status_code == 422
    assert answer.json()["detail"] == told
    assert told in [
        f"{one['at']}: {one['expected']}" for one in answer.json()["errors"]
    ]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"{'name': 'li'}", "enclosed in double quotes"),
        ('{"name": "李"}'.encode("gbk"), "body: got byte 0xc0 at 10; expected UTF-8"),
    ],
)
@pytest.mark.parametrize("path", ["users", "events/batch"])
def test_a_body_that_is_no_json_is_told_why(
    live: Live, path: str, sent: bytes, told: str
) -> None:
    kind = {"Content-Type": "application/json"}
    with live.client(Scope.INGEST, Scope.ADMIN) as client:
        answer = client.post(f"/api/v1/{path}", content=sent, headers=kind)

    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_a_batch_tells_of_each_message_in_the_same_words(engine: httpx.Client) -> None:
    sent = [event_with(camera="gate")]

    refused = engine.post("/api/v1/events/batch", json=sent).json()["results"][0]

    assert refused["problem"]["detail"] == f"data/camera: {OBJECT}"


def test_the_office_says_it_as_the_api_does(live: Live) -> None:
    live.services.users.create("root", NEW["password"], Role.ADMIN)
    with live.client() as browser:
        browser.post("/login", data={"name": "root", "password": NEW["password"]})
        token = browser.get("/api/v1/me").json()["csrf"]
        form = {"csrf": token, "do": "add", "name": "li", "role": "viewer"}
        page = browser.post("/office/people", data=form | {"password": "short"})

    assert page.status_code == 422
    assert "items after validation" not in page.text
