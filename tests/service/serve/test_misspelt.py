"""What is misspelt is refused; left out, it would mean more than was wanted."""

from typing import Any

import httpx
import pytest

from serve.people.roles import Role
from tests.service.serve.city import act, do, report
from tests.service.serve.conftest import Live

LISTS = [
    "/api/v1/events",
    "/events.geojson",
    "/api/v1/events.geojson",
    "/api/v1/export/events.csv",
    "/api/v1/cases",
    "/api/v1/export/cases.csv",
    "/api/v1/messages",
    "/api/v1/stream",
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["status=open", "slug=garbage_pile&page=2"])
def test_a_name_that_is_not_known_is_refused(
    reader: httpx.Client, path: str, query: str
) -> None:
    answer = reader.get(f"{path}?{query}")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "expected some of" in answer.json()["detail"]


@pytest.mark.parametrize("path", LISTS[:6])
def test_a_filter_that_is_given_twice_is_refused(
    reader: httpx.Client, path: str
) -> None:
    answer = reader.get(f"{path}?slug=garbage_pile&slug=illegal_parking")

    assert answer.status_code == 422
    assert "got it 2 times" in answer.json()["detail"]


def test_every_name_that_is_described_is_taken(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    report(engine)
    paths = reader.get("/openapi.json").json()["paths"]
    values = {
        "bbox": "114,30,115,31",
        "since": "2026-01-01T00:00:00Z",
        "until": "2027-01-01T00:00:00Z",
        "slug": "illegal_parking",
        "camera": "kerb-east",
        "limit": "1",
        "types": "case.",
        "after": "0",
    }
    for path in ("/api/v1/events", "/api/v1/events.geojson", "/api/v1/messages"):
        described = {
            one["name"]
            for one in paths[path]["get"]["parameters"]
            if one["in"] == "query"
        }
        query = {name: value for name, value in values.items() if name in described}
        assert reader.get(path, params=query).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("keys", {"name": "d", "scopes": ["read"], "district": ["武珞路"]}),
        ("subscriptions", {"url": "https://orders.example.org/", "type": ["case."]}),
        (
            "users",
            {
                "name": "li",
                "password": "correct horse battery",
                "role": "viewer",
                "streets": ["武珞路"],
            },
        ),
    ],
)
def test_a_misspelt_limit_makes_nothing_without_one(
    live: Live, path: str, body: dict[str, Any]
) -> None:
    with live.person("root", Role.ADMIN) as root:
        before = root.get(f"/api/v1/{path}").json()
        refused = root.post(f"/api/v1/{path}", json=body)
        after = root.get(f"/api/v1/{path}").json()

    assert refused.status_code == 422
    assert "Extra inputs are not permitted" in refused.json()["detail"]
    assert after == before


def test_a_case_does_not_go_to_the_usual_department_for_a_misspelt_one(
    live: Live, engine: httpx.Client
) -> None:
    report(engine)
    with live.person("boss", Role.SUPERVISOR) as boss:
        do(boss, 1, "register")
        refused = act(boss, 1, "dispatch", departement="traffic")
        state = boss.get("/api/v1/cases/1").json()["state"]

    assert refused.status_code == 422
    assert state == "registered"
