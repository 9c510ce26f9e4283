"""How cameras are."""

from datetime import timedelta

import httpx

from tests.service.serve.conftest import Live
from tests.service.serve.street import NOON, Seen, health, message
from vision.core.health import HealthKind

HEALTH = "/api/v1/health-events"
BLIND = HealthKind.VIEW_BLIND


def test_a_camera_shows_its_newest_health_whatever_the_order(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    engine.post("/api/v1/events", json=message(Seen()))
    over = health("h2", BLIND, NOON + timedelta(minutes=5), ok=True)
    began = health("h1", BLIND, NOON, ok=False)

    statuses = [engine.post(HEALTH, json=sent).status_code for sent in (over, began)]

    camera = reader.get("/api/v1/cameras").json()["items"][0]
    assert statuses == [201, 201]
    assert camera["name"] == "Camera kerb-east"
    assert camera["ok"]
    assert camera["health"][0]["at"] == "2026-11-20T12:05:00Z"


def test_health_again_is_a_repetition_and_other_content_a_conflict(
    engine: httpx.Client,
) -> None:
    sent = health("h1", BLIND, NOON, ok=False)
    engine.post(HEALTH, json=sent)

    again = engine.post(HEALTH, json=sent)
    sent["data"]["ok"] = True
    other = engine.post(HEALTH, json=sent)

    assert (again.status_code, other.status_code) == (200, 409)


def test_the_engines_own_trouble_is_no_cameras(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    sent = health("h1", HealthKind.OVERLOAD, NOON, ok=False)
    sent["data"]["camera_id"] = None
    engine.post(HEALTH, json=sent)

    cameras = reader.get("/api/v1/cameras").json()

    assert cameras["items"] == []
    assert [one["kind"] for one in cameras["engine"]] == ["overload"]


def test_a_type_that_contradicts_the_kind_is_refused(engine: httpx.Client) -> None:
    sent = health("h1", BLIND, NOON, ok=False)
    sent["type"] = "org.streetwarden.health.overload.v1"

    assert engine.post(HEALTH, json=sent).status_code == 422


def test_a_message_of_a_clock_that_was_ahead_does_not_stand_until_then(
    live: Live, engine: httpx.Client, reader: httpx.Client
) -> None:
    engine.post("/api/v1/events", json=message(Seen()))
    began = health("h1", BLIND, NOON.replace(year=2150), ok=False)
    engine.post(HEALTH, json=began).raise_for_status()
    over = health("h2", BLIND, live.services.clock.now(), ok=True)

    engine.post(HEALTH, json=over).raise_for_status()

    assert reader.get("/api/v1/cameras").json()["items"][0]["ok"]
