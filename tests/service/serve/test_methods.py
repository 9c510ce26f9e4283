"""What can be asked and sent is said right, and HEAD goes wherever GET does."""

import httpx
import pytest

from serve.people.roles import Role, Scope
from tests.service.serve.city import report, until
from tests.service.serve.conftest import Live


@pytest.fixture
def asker(engine: httpx.Client, reader: httpx.Client) -> httpx.Client:
    """Give a reader of one event."""
    report(engine)
    return reader


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/readyz",
        "/api/v1/events",
        "/api/v1/events/evt-1",
        "/api/v1/cases/1",
        "/api/v1/export/events.csv",
        "/schemas/violation-event.v1.json",
        "/openapi.json",
        "/api/v1/events/unknown",
        "/login",
    ],
)
def test_head_answers_as_get_does_without_a_body(
    asker: httpx.Client, path: str
) -> None:
    head, whole = asker.head(path), asker.get(path)

    assert head.content == b""
    assert head.status_code == whole.status_code
    for name in ("content-type", "content-length", "etag", "cache-control"):
        assert head.headers.get(name) == whole.headers.get(name)


def test_a_look_at_the_live_stream_ends_at_once(
    live: Live, asker: httpx.Client
) -> None:
    head = asker.head("/api/v1/stream", headers={"Last-Event-ID": "0"})

    assert head.status_code == 200
    assert head.headers["content-type"].startswith("text/event-stream")
    until(lambda: live.services.broadcast.listeners == 0)


def test_head_needs_what_get_needs_and_the_connection_goes_on(live: Live) -> None:
    with live.client(Scope.INGEST) as engine:
        statuses = [engine.head("/api/v1/events").status_code for _ in range(3)]
        health = engine.get("/healthz").json()

    assert statuses == [403, 403, 403]
    assert health == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/events", "GET, HEAD, POST"),
        ("OPTIONS", "/api/v1/subscriptions/7", "DELETE, PATCH"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_every_method_of_an_address_is_named(
    asker: httpx.Client, method: str, path: str, allowed: str
) -> None:
    refused = asker.request(method, path)

    assert refused.status_code == 405
    assert refused.headers["allow"] == allowed
    assert allowed in refused.json()["detail"]


def test_an_address_that_leads_nowhere_is_told_so(reader: httpx.Client) -> None:
    answer = reader.get("/api/v2/cases")
    known = reader.get("/api/v1/cases/9").json()

    assert answer.status_code == 404
    assert answer.json()["detail"] == (
        "got /api/v2/cases; there is no such address; /openapi.json lists all"
    )
    assert [answer.json()[name] for name in ("type", "title")] == [
        known[name] for name in ("type", "title")
    ]


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "", "text/json5"]
)
@pytest.mark.parametrize("path", ["cases/1/actions", "subscriptions"])
def test_a_body_that_does_not_say_that_it_is_json_is_told_so(
    live: Live, path: str, kind: str
) -> None:
    with live.person("root", Role.ADMIN) as root:
        headers = {"If-Match": '"1"', "Content-Type": kind}
        url = f"/api/v1/{path}"
        refused = root.post(url, content=b'{"action": "note"}', headers=headers)
        empty = root.post(url, headers=headers)
        wrong = root.post(url, json=[], headers={"If-Match": '"1"'})

    assert refused.status_code == 415
    assert refused.json()["type"].endswith("/unsupported-media-type")
    assert "expected application/json" in refused.json()["detail"]
    assert (empty.status_code, wrong.status_code) == (422, 422)
