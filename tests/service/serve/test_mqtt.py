"""MQTT with a real broker (Debian's mosquitto)."""

import json
from pathlib import Path

import pytest

from serve.outward.attempt import Outgoing
from serve.outward.backlog import backlog
from serve.outward.mqtt import broker_of, topic_of
from serve.people.roles import Role, Scope
from serve.settings import Settings, SettingsError
from serve.store.delivery_tables import DeliveryRow
from tests.service.serve.broker import Desk, broker, free_port, needs_broker
from tests.service.serve.city import act, report
from tests.service.serve.conftest import Start


@pytest.mark.mqtt
@needs_broker
def test_messages_are_published_under_their_topics_with_a_retained_status(
    start: Start, tmp_path: Path
) -> None:
    port = free_port()
    with broker(tmp_path, port):
        desk = Desk(port)
        home = tmp_path / "home"
        live = start(Settings(home=home, mqtt_url=f"mqtt://127.0.0.1:{port}/city"))
        with (
            live.client(Scope.INGEST) as engine,
            live.person("li", Role.REVIEWER) as reviewer,
        ):
            report(engine)
            act(reviewer, 1, "register").raise_for_status()
        got = desk.take(3)
        desk.close()
        late = Desk(port)
        status = late.take(1)[0]
        late.close()

    assert [topic for topic, _, _ in got] == [
        "city/status",
        "city/violation/illegal_parking/evt-1",
        "city/case/evt-1",
    ]
    assert json.loads(got[1][1])["id"] == "evt-1.1"
    assert status == ("city/status", b"online", True)


@pytest.mark.mqtt
@needs_broker
@pytest.mark.timeout(120)
def test_a_broker_that_was_away_gets_everything_in_order(
    start: Start, tmp_path: Path
) -> None:
    port = free_port()
    home = tmp_path / "home"
    live = start(Settings(home=home, mqtt_url=f"mqtt://127.0.0.1:{port}/city"))
    with live.client(Scope.INGEST) as engine:
        report(engine, event_id="evt-1")
        waiting: list[DeliveryRow] = []
        while not waiting or waiting[0].attempts == 0:
            waiting = live.services.queue.page(1, state=None, limit=9, before=None)
        with broker(tmp_path, port):
            desk = Desk(port)
            report(engine, event_id="evt-2")
            got = desk.take(3)
            desk.close()

    ids = [json.loads(body)["id"] for topic, body, _ in got if "violation" in topic]
    assert sorted(ids) == ["evt-1.1", "evt-2.1"]


@pytest.mark.parametrize(
    "url", ["http://x", "mqtt://", "mqtt://user:pw@host/x", "host:1883"]
)
def test_an_address_that_is_no_brokers_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SettingsError, match="mqtt_url") as caught:
        broker_of(url, None, None)

    assert "pw" not in str(caught.value)


def test_a_broker_has_defaults_and_topics_name_what_they_are_about() -> None:
    place = broker_of("mqtts://broker.city", "u", "p")
    health = Outgoing(1, 1, "h", "org.streetwarden.health.overload.v1", "h1", "{}")

    assert (place.port, place.secure, place.prefix) == (8883, True, "streetwarden")
    assert topic_of("city", health) == "city/health/h1"


def test_mqtt_that_is_switched_off_queues_nothing_and_loses_nothing(
    start: Start, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    broken = f"mqtt://127.0.0.1:{free_port()}/city"
    queued, states = [], []
    for number, url in enumerate((broken, None, broken), 1):
        live = start(Settings(home=home, mqtt_url=url))
        with live.client(Scope.INGEST) as engine:
            report(engine, event_id=f"evt-{number}")
        services = live.services
        while not services.queue.is_idle() and services.queue.fan_out():
            pass  # the service's own thread may be quicker
        waiting = services.queue.page(1, state="pending", limit=9, before=None)
        queued.append([row.message_id for row in reversed(waiting)])
        off = services.subscriptions.get(1).disabled
        states.append((off, backlog(services.database, services.clock).pending))
        live.stop()

    assert queued == [["evt-1.1"], ["evt-1.1"], ["evt-1.1", "evt-2.1", "evt-3.1"]]
    assert states == [(None, 1), ("not configured any more", 0), (None, 3)]
