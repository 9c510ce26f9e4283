"""Subscriptions are changed and tried out without losing a message."""

import errno
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from serve.outward import webhooks
from serve.people.roles import Role, Scope
from serve.settings import Settings
from tests.service.serve.city import report, until
from tests.service.serve.conftest import Live, Start
from tests.service.serve.receiver import Receiver, receiving

SUBSCRIPTIONS = "/api/v1/subscriptions"
ONE = f"{SUBSCRIPTIONS}/1"


@pytest.fixture
def desk() -> Iterator[Receiver]:
    """Give a running work-order system."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def live(start: Start, tmp_path: Path) -> Live:
    """Start a service that may call this machine."""
    return start(Settings(home=tmp_path / "home", allow_private_webhooks=True))


@pytest.fixture
def root(live: Live) -> Iterator[httpx.Client]:
    """Give an administrator."""
    with live.person("root", Role.ADMIN) as client:
        yield client


@pytest.fixture
def secret(root: httpx.Client, desk: Receiver) -> str:
    """Subscribe the desk to everything; give its secret."""
    wish = {"url": desk.url, "slugs": ["illegal_parking"]}
    return str(root.post(SUBSCRIPTIONS, json=wish).raise_for_status().json()["secret"])


def audited(root: httpx.Client) -> list[tuple[str, str]]:
    lines = root.get("/api/v1/audit?action=subscription.").json()["items"]
    return [(line["action"], line["subject"]) for line in reversed(lines)]


@pytest.mark.usefixtures("secret")
def test_only_what_is_named_changes(
    root: httpx.Client, desk: Receiver, engine: httpx.Client
) -> None:
    before = root.get(SUBSCRIPTIONS).json()[0]
    changes: list[dict[str, Any]] = [
        {"types": ["org.streetwarden.violation.cleared.v1"]},
        {"departments": ["sanitation"], "slugs": []},
        {"types": [], "departments": []},
        {"enabled": False},
        {"enabled": True, "slugs": ["garbage_pile"]},
    ]
    answers = [root.patch(ONE, json=one).raise_for_status().json() for one in changes]

    wanted = dict(before)
    for change, answer in zip(changes, answers, strict=True):
        wanted |= {k: v for k, v in change.items() if k != "enabled"}
        if change.get("types"):
            wanted["types"] = ["violation.cleared.v1"]
        off = change.get("enabled") is False
        wanted["disabled"] = "switched off by user:root" if off else None
        assert {**answer, "after": 0} == {**wanted, "after": 0}
    report(engine)
    assert desk.requests == []
    assert audited(root)[1:] == [
        ("subscription.changed", "1 127.0.0.1 types"),
        ("subscription.changed", "1 127.0.0.1 departments, slugs"),
        ("subscription.changed", "1 127.0.0.1 departments, types"),
        ("subscription.switched", "1 switched off by user:root"),
        ("subscription.switched", "1 on"),
        ("subscription.changed", "1 127.0.0.1 slugs"),
    ]


@pytest.mark.usefixtures("secret")
def test_another_choice_counts_for_what_comes_from_now_on(
    root: httpx.Client, desk: Receiver, engine: httpx.Client
) -> None:
    report(engine, event_id="evt-1")
    desk.wait(1)
    root.patch(ONE, json={"types": ["health."]}).raise_for_status()
    report(engine, event_id="evt-2")
    until(lambda: root.get(SUBSCRIPTIONS).json()[0]["after"] == 2)
    root.patch(ONE, json={"types": []}).raise_for_status()
    report(engine, event_id="evt-3")

    ids = [one.headers["webhook-id"] for one in desk.wait(2)]
    assert ids == ["evt-1.1", "evt-3.1"]


def test_at_another_address_what_waits_is_tried_at_once_with_the_same_secret(
    root: httpx.Client, desk: Receiver, secret: str, engine: httpx.Client
) -> None:
    desk.answers = [(503, {"Retry-After": "3600"})]
    report(engine, event_id="evt-1")
    desk.wait(1)
    until(lambda: deliveries(root)[0]["attempts"] == 1)
    with receiving() as moved:
        root.patch(ONE, json={"url": moved.url}).raise_for_status()
        report(engine, event_id="evt-2")
        received = moved.wait(2)

    assert len(desk.requests) == 1
    assert {one.headers["webhook-id"] for one in received} == {"evt-1.1", "evt-2.1"}
    for one in received:
        Webhook(secret).verify(one.body, one.headers)


def deliveries(root: httpx.Client) -> list[Any]:
    items: list[Any] = root.get(f"{ONE}/deliveries").json()["items"]
    return items


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "wrong",
    [
        {},
        [],
        {"enable": True},
        {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        {"after": 0},
        {"url": None},
        {"types": None},
        {"enabled": None},
        {"url": "ftp://example.com/"},
        {"url": "https://user:pw@example.com/"},
        {"types": ["case.dispached"]},
        {"slugs": ["littering"]},
        {"types": ["case."], "slugs": ["littering"]},
    ],
)
def test_a_change_that_cannot_be_meant_changes_nothing(
    root: httpx.Client, wrong: Any
) -> None:
    before = root.get(SUBSCRIPTIONS).json()
    refused = root.patch(ONE, json=wrong)

    assert refused.status_code == 422, refused.text
    assert root.get(SUBSCRIPTIONS).json() == before


def test_addresses_within_are_refused_for_a_change_as_well(
    start: Start, tmp_path: Path
) -> None:
    live = start(Settings(home=tmp_path / "strict"))
    with live.person("boss", Role.ADMIN) as boss, receiving() as desk:
        boss.post(SUBSCRIPTIONS, json={"url": "https://example.com/"})
        plain = boss.patch(ONE, json={"url": desk.url})
        # A name that leads within is found out by the attempt, as with deliveries.
        boss.patch(ONE, json={"url": "https://localhost/"}).raise_for_status()
        pinged = boss.post(f"{ONE}/ping").json()

    assert plain.status_code == 422
    assert (pinged["ok"], pinged["status"]) == (False, None)
    assert "not a public address" in pinged["error"]
    for said in (plain.json()["detail"], pinged["error"]):
        assert "STREETWARDEN_ALLOW_PRIVATE_WEBHOOKS=1" in said
    assert desk.requests == []


def test_a_test_message_is_signed_and_what_came_back_is_told(
    root: httpx.Client, desk: Receiver, secret: str
) -> None:
    new = root.post(f"{ONE}/rotate").json()["secret"]
    answer = root.post(f"{ONE}/ping")
    (received,) = desk.requests

    assert answer.status_code == 200
    pinged = answer.json()
    assert (pinged["ok"], pinged["status"], pinged["error"]) == (True, 204, None)
    assert pinged["duration_s"] >= 0
    Webhook(secret).verify(received.body, received.headers)
    message = Webhook(new).verify(received.body, received.headers)
    assert message["type"] == "org.streetwarden.subscription.ping.v1"
    assert message["id"] == received.headers["webhook-id"] == pinged["message_id"]
    assert message["data"] == {"subscription": 1}
    assert audited(root)[-1] == ("subscription.pinged", "1: 204")


@pytest.mark.usefixtures("secret")
def test_a_test_message_counts_as_nothing_and_waits_for_nothing(
    root: httpx.Client, desk: Receiver, engine: httpx.Client
) -> None:
    desk.judge = lambda _: 500
    report(engine)
    desk.wait(1)
    until(lambda: deliveries(root)[0]["attempts"] == 1)
    before = (root.get(SUBSCRIPTIONS).json(), deliveries(root))
    desk.judge = lambda _: 410
    gone = root.post(f"{ONE}/ping").json()
    after = (root.get(SUBSCRIPTIONS).json(), deliveries(root))
    root.patch(ONE, json={"enabled": False}).raise_for_status()
    desk.judge = None
    off = root.post(f"{ONE}/ping").json()
    with httpx.Client(base_url=root.base_url, headers=root.headers) as reader:
        feed = reader.get("/api/v1/messages?after=0").json()["items"]

    assert (gone["ok"], gone["status"]) == (False, 410)
    assert gone["error"] == "got 410, expected 2xx"
    assert after == before
    assert off["ok"]
    assert [one["message"]["id"] for one in feed] == ["evt-1.1"]


@pytest.mark.usefixtures("secret")
def test_what_kept_a_test_message_from_arriving_is_said(
    root: httpx.Client, desk: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    said = []
    for one in (url, "http://nowhere.invalid/", desk.url.replace("http", "https")):
        root.patch(ONE, json={"url": one}).raise_for_status()
        said.append(root.post(f"{ONE}/ping").json())
    monkeypatch.setattr(webhooks, "WHOLE_S", 0.5)
    desk.drips = True
    root.patch(ONE, json={"url": desk.url}).raise_for_status()
    said.append(root.post(f"{ONE}/ping").json())

    assert [(one["ok"], one["status"]) for one in said] == [(False, None)] * 4
    expected = {
        "connection": f"ConnectError: [Errno {errno.ECONNREFUSED}]",
        "name": "cannot resolve the host",
        "tls": "ConnectError: [SSL",
        "silence": "no answer within 0.5 s",
    }
    assert [one["fault"] for one in said] == list(expected)
    for one, begins in zip(said, expected.values(), strict=True):
        assert one["error"].startswith(begins)
    assert audited(root)[-1] == ("subscription.pinged", "1: no answer")


@contextmanager
def rude(*, hangs: bool) -> Iterator[int]:
    """Take one connection and hang up at the first bytes, or say nothing ever."""

    def meet() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1)
            if hangs:
                over.wait(30)

    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=meet)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join()


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("hangs", "fault", "said"),
    [
        (False, "broken", "the receiver ended the connection"),
        (True, "silence", "nothing came for 0.3 s"),
    ],
)
def test_a_receiver_that_hangs_or_hangs_up_is_told_apart_also_in_the_handshake(
    root: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    *,
    hangs: bool,
    fault: str,
    said: str,
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.3 if hangs else 15)
    with rude(hangs=hangs) as port:
        root.patch(ONE, json={"url": f"{scheme}://127.0.0.1:{port}/"})
        answer = root.post(f"{ONE}/ping").json()

    assert (answer["ok"], answer["fault"]) == (False, fault)
    assert answer["error"].endswith(said)


def test_what_is_not_a_webhook_has_no_address_to_change_or_to_try(
    start: Start, tmp_path: Path
) -> None:
    live = start(Settings(home=tmp_path / "home", mqtt_url="mqtt://127.0.0.1:1/city"))
    with live.person("root", Role.ADMIN) as root:
        moved = root.patch(ONE, json={"url": "https://example.com/"})
        pinged = root.post(f"{ONE}/ping")
        chosen = root.patch(ONE, json={"types": ["case."]})

    assert (moved.status_code, pinged.status_code) == (409, 409)
    assert "expected one of kind webhook" in moved.json()["detail"]
    assert chosen.json()["types"] == ["case."]


def test_mqtt_without_a_broker_is_not_switched_on_to_pile_up(
    start: Start, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    start(Settings(home=home, mqtt_url="mqtt://127.0.0.1:1/city")).stop()
    live = start(Settings(home=home))
    with live.person("root", Role.ADMIN) as root, live.client(Scope.INGEST) as engine:
        refused = root.patch(ONE, json={"enabled": True})
        off = root.patch(ONE, json={"enabled": False})
        report(engine)
        live.services.queue.fan_out()
        waiting = deliveries(root)

    assert refused.status_code == 409
    assert "STREETWARDEN_MQTT_URL" in refused.json()["detail"]
    assert off.status_code == 200
    assert waiting == []


@pytest.mark.usefixtures("secret")
def test_only_administrators_change_and_try_what_is_there(
    live: Live, root: httpx.Client, desk: Receiver
) -> None:
    everything_else = [one for one in Scope if one not in {Scope.ADMIN, Scope.SETUP}]
    with live.client(*everything_else) as machine:
        refused = [machine.patch(ONE, json={"types": []}), machine.post(f"{ONE}/ping")]
    none = [
        root.patch(f"{SUBSCRIPTIONS}/9", json={"types": []}),
        root.post(f"{SUBSCRIPTIONS}/9/ping"),
    ]

    assert [one.status_code for one in refused] == [403, 403]
    assert [one.status_code for one in none] == [404, 404]
    assert json.loads(none[1].content)["type"].endswith("/not-found")
    assert desk.requests == []
