"""The live stream loses nothing, also for those who come back."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from queue import Queue
from typing import Any

import httpx
import pytest

from serve.people.roles import Role, Scope
from tests.service.serve.city import GRID, act, report
from tests.service.serve.conftest import Live
from tests.service.serve.street import Seen, health, message
from vision.core.health import HealthKind

STREAM = "/api/v1/stream"
# Hundreds of events: more than sockets hold and than is remembered for listeners.
FLOOD = 24


class Listener:
    """A client that collects what the stream says."""

    def __init__(self) -> None:
        self.said: Queue[tuple[int, str, Any]] = Queue()
        self.opened = threading.Event()
        self.ended = threading.Event()

    def run(self, client: httpx.Client, query: str, last: str | None) -> None:
        headers = {} if last is None else {"Last-Event-ID": last}
        with client.stream("GET", STREAM + query, headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                self.opened.set()
                name, _, value = line.partition(": ")
                fields[name] = value
                if not line and "data" in fields:
                    body = json.loads(fields["data"])
                    self.said.put((int(fields["id"]), fields["event"], body))
                    fields = {}
        self.ended.set()

    def take(self, count: int) -> list[tuple[int, str, Any]]:
        return [self.said.get(timeout=10) for _ in range(count)]


@contextmanager
def listening(
    client: httpx.Client, query: str = "", last: str | None = None
) -> Iterator[Listener]:
    listener = Listener()

    def run() -> None:
        with suppress(httpx.HTTPError):  # the server stops while we listen
            listener.run(client, query, last)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert listener.opened.wait(10)
    yield listener


@pytest.fixture
def ear(live: Live) -> Iterator[httpx.Client]:
    """Give a client of its own for listening."""
    with live.client(Scope.READ) as client:
        yield client


def test_what_happens_is_told_at_once_in_order(
    live: Live, engine: httpx.Client, ear: httpx.Client
) -> None:
    with listening(ear) as listener, live.person("li", Role.REVIEWER) as reviewer:
        report(engine, event_id="evt-1")
        report(engine, event_id="evt-2")
        act(reviewer, 1, "register").raise_for_status()
        said = listener.take(3)

    assert [(kind.split(".")[2:4], body["subject"]) for _, kind, body in said] == [
        (["violation", "opened"], "places/kerb-east-p7"),
        (["violation", "opened"], "places/kerb-east-p7"),
        (["case", "registered"], "cases/1"),
    ]
    assert said[2][2]["specversion"] == "1.0"
    assert said[2][2]["data"]["state"] == "registered"


def test_who_comes_back_gets_all_that_was_missed_and_nothing_twice(
    engine: httpx.Client, ear: httpx.Client
) -> None:
    for number in range(5):
        report(engine, event_id=f"evt-{number}")
    with listening(ear, last="2") as listener:
        report(engine, event_id="evt-5")
        said = listener.take(4)

    assert [number for number, _, _ in said] == [3, 4, 5, 6]


def test_a_listener_far_behind_is_served_from_the_database(
    live: Live, engine: httpx.Client, ear: httpx.Client
) -> None:
    for number in range(4):
        report(engine, event_id=f"evt-{number}")
    live.services.broadcast._recent.clear()
    with listening(ear, last="0") as listener:
        said = listener.take(4)

    assert [number for number, _, _ in said] == [1, 2, 3, 4]


def test_a_listener_hears_only_the_types_it_asked_for(
    live: Live, engine: httpx.Client, ear: httpx.Client
) -> None:
    with live.person("li", Role.REVIEWER) as reviewer:
        report(engine)
        act(reviewer, 1, "register").raise_for_status()
        with listening(ear, "?types=case.", last="0") as listener:
            said = listener.take(1)

    assert said[0][1] == "org.streetwarden.case.registered.v1"


@pytest.mark.parametrize("types", ["org.streetwarden.case.", "health.,case.reg"])
def test_types_may_be_named_whole_and_several_at_once(
    live: Live, engine: httpx.Client, ear: httpx.Client, types: str
) -> None:
    with live.person("li", Role.REVIEWER) as reviewer:
        report(engine)
        act(reviewer, 1, "register").raise_for_status()
        with listening(ear, f"?types={types}", last="0") as listener:
            said = listener.take(1)

    assert said[0][1] == "org.streetwarden.case.registered.v1"


@pytest.mark.parametrize("types", ["bogus", "*", "case.dispached"])
def test_types_that_nothing_has_are_refused(ear: httpx.Client, types: str) -> None:
    answer = ear.get(STREAM, params={"types": types})

    assert answer.status_code == 422
    assert "no type of message begins so" in answer.json()["detail"]


def test_an_empty_position_is_none(engine: httpx.Client, ear: httpx.Client) -> None:
    report(engine, event_id="evt-1")
    with listening(ear, last="") as listener:
        report(engine, event_id="evt-2")
        said = listener.take(1)

    assert said[0][2]["data"]["event_id"] == "evt-2"


def test_a_person_hears_only_of_their_districts(
    live: Live, engine: httpx.Client
) -> None:
    with live.person("root", Role.ADMIN) as root:
        root.put("/api/v1/grid", json=GRID).raise_for_status()
    report(engine, event_id="evt-1", lat=30.5, lon=114.3)
    report(engine, event_id="evt-2", lat=30.5, lon=114.31)
    with (
        live.person("east", Role.VIEWER, "民主路") as east,
        listening(east, last="0") as listener,
    ):
        said = listener.take(1)

    assert said[0][2]["data"]["event_id"] == "evt-2"


def test_the_health_of_cameras_elsewhere_is_not_told(
    live: Live, engine: httpx.Client
) -> None:
    with live.person("root", Role.ADMIN) as root:
        root.put("/api/v1/grid", json=GRID).raise_for_status()
    report(engine, event_id="evt-1", lat=30.5, lon=114.3, camera="west")
    report(engine, event_id="evt-2", lat=30.5, lon=114.31, camera="east")
    at = datetime(2026, 11, 23, 1, tzinfo=UTC)
    for camera in ("west", "east"):
        blind = health(f"h-{camera}", HealthKind.VIEW_BLIND, at, ok=False)
        blind["data"]["camera_id"] = camera
        engine.post("/api/v1/health-events", json=blind).raise_for_status()
    with (
        live.person("east", Role.VIEWER, "民主路") as east,
        listening(east, "?types=health.", last="0") as listener,
    ):
        said = listener.take(1)

    assert said[0][2]["data"]["camera_id"] == "east"


def test_a_key_that_is_revoked_hears_no_more(
    live: Live, engine: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.routes.stream.ASK_AGAIN_S", 0.0)
    with live.client(Scope.READ) as ear, listening(ear) as listener:
        (record,) = [row for row in live.services.keys.all() if row.scopes == "read"]
        report(engine, event_id="evt-1")
        before = listener.take(1)
        live.services.keys.revoke(record.key_id)
        report(engine, event_id="evt-2")
        assert listener.ended.wait(10)

    assert before[0][2]["data"]["event_id"] == "evt-1"
    assert listener.said.empty()


def test_many_listen_at_once_and_all_hear_everything(
    live: Live, engine: httpx.Client
) -> None:
    with httpx.Client(
        base_url=live.url,
        headers={
            "Authorization": f"Bearer {live.services.keys.create('x', [Scope.READ])}"
        },
        limits=httpx.Limits(max_connections=50),
        timeout=20,
    ) as client:
        listeners = []
        for _ in range(30):
            with listening(client, last="0") as listener:
                listeners.append(listener)
        for number in range(3):
            report(engine, event_id=f"evt-{number}")
        heard = [[number for number, _, _ in one.take(3)] for one in listeners]

    assert heard == [[1, 2, 3]] * 30


def test_who_stops_reading_delays_nobody_and_misses_nothing(
    live: Live, engine: httpx.Client, ear: httpx.Client
) -> None:
    key = live.services.keys.create("slow", [Scope.READ])
    said = f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
    with socket.socket() as slow, listening(ear) as listener:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(20)
        slow.connect(("127.0.0.1", int(live.url.rsplit(":", 1)[1])))
        slow.sendall(said.encode())
        heard = slow.recv(16)  # it listens, and reads no more for now
        for hundred in range(FLOOD):
            sent = [
                message(Seen(event_id=f"evt-{hundred}-{number}"))
                for number in range(100)
            ]
            engine.post("/api/v1/events/batch", json=sent).raise_for_status()
        quick = listener.take(FLOOD * 100)
        whole = bytearray(heard)
        while whole.count(b"\nid: ") < FLOOD * 100 or not whole.endswith(b"\n\n\r\n"):
            whole += slow.recv(2**16)
    late = [int(one) for one in re.findall(rb"\nid: (\d+)\n", bytes(whole))]

    assert [number for number, _, _ in quick] == list(range(1, FLOOD * 100 + 1))
    assert late == list(range(1, FLOOD * 100 + 1))


@pytest.mark.parametrize("last", ["x", "-1", "1.5"])
def test_a_position_that_is_none_is_refused(ear: httpx.Client, last: str) -> None:
    answer = ear.get(STREAM, headers={"Last-Event-ID": last})

    assert answer.status_code == 422


def test_a_position_of_before_a_restore_hears_what_comes_from_now_on(
    ear: httpx.Client, engine: httpx.Client
) -> None:
    report(engine, event_id="evt-1")
    with listening(ear, last="4711") as listener:
        report(engine, event_id="evt-2")
        said = listener.take(1)

    assert said[0][2]["data"]["event_id"] == "evt-2"


def test_listening_needs_a_key(live: Live) -> None:
    with live.client() as nobody:
        assert nobody.get(STREAM).status_code == 401
