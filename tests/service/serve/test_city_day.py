"""A city's day: engine, people, a work-order system."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from serve.people.roles import Role, Scope
from serve.settings import Settings
from tests.scenarios.world import World
from tests.service.serve.broker import Desk, broker, free_port, needs_broker
from tests.service.serve.city import GRID, act, do, report, until
from tests.service.serve.conftest import CONFIGS, Live, Start
from tests.service.serve.painted import (
    PaintedEngine,
    site_of,
    with_refuse,
    write_film,
)
from tests.service.serve.receiver import Received, Receiver, receiving
from tests.service.serve.street import jpeg, sha256
from vision.config.home import Home
from vision.core.violations import Slug


@pytest.fixture
def live(start: Start, tmp_path: Path) -> Live:
    """Start a service that may call this machine."""
    home = tmp_path / "home"
    return start(Settings(home=home, config_dir=CONFIGS, allow_private_webhooks=True))


@pytest.fixture
def desk() -> Iterator[Receiver]:
    """Give a running work-order system."""
    with receiving() as receiver:
        yield receiver


def test_from_the_camera_to_the_closed_case(
    live: Live, engine: httpx.Client, desk: Receiver
) -> None:
    with (
        live.person("root", Role.ADMIN) as root,
        live.person("li", Role.REVIEWER) as reviewer,
        live.person("wang", Role.DISPATCHER) as dispatcher,
        live.client(Scope.READ, Scope.HANDLE) as orders,
    ):
        root.put("/api/v1/grid", json=GRID).raise_for_status()
        wish = {"url": desk.url, "types": ["case."]}
        secret = root.post("/api/v1/subscriptions", json=wish).json()["secret"]

        # The engine sees four things; two are the same pile, one is nothing.
        report(engine, event_id="evt-1", slug=Slug.GARBAGE_PILE, lat=30.5, lon=114.3)
        report(engine, event_id="evt-2", slug=Slug.GARBAGE_PILE, lat=30.5, lon=114.3)
        report(
            engine, event_id="evt-3", slug=Slug.ILLEGAL_PARKING, lat=30.5, lon=114.31
        )
        report(engine, event_id="evt-4", slug=Slug.STREET_VENDING, lat=31.0, lon=115.0)

        # A person reviews; routing knows the departments.
        do(reviewer, 1, "take", "register")
        act(reviewer, 2, "merge", into=1).raise_for_status()
        do(reviewer, 3, "register")
        act(reviewer, 4, "reject", note="licensed stall").raise_for_status()
        assert do(dispatcher, 1, "dispatch")["department"] == "sanitation"
        assert do(dispatcher, 3, "dispatch")["department"] == "traffic"

        # The work-order system is told, signed and in order, and answers.
        received = desk.wait(8)
        told = [Webhook(secret).verify(one.body, one.headers) for one in received]
        of_first = [one["type"].split(".")[3] for one in told if "case-1." in one["id"]]
        assert of_first == ["verifying", "registered", "noted", "dispatched"]
        do(orders, 1, "accept", "feedback")
        do(orders, 3, "accept", "feedback")

        # The engine looks again: one place is clear, the other is not.
        for number in (1, 3):
            etag = orders.get(f"/api/v1/cases/{number}").headers["etag"]
            url = f"/api/v1/cases/{number}/verify"
            orders.post(url, headers={"If-Match": etag}).raise_for_status()
        put_after(engine, "evt-1")
        for one in engine.get("/api/v1/verifications").json()["items"]:
            clear = one["event_id"] == "evt-1"
            verdict: dict[str, Any] = {"verdict": "cleared", "after": "after.jpg"}
            verdict = verdict if clear else {"verdict": "still_there"}
            url = f"/api/v1/verifications/{one['number']}/answer"
            engine.post(url, json=verdict).raise_for_status()
        do(orders, 3, "accept", "feedback")
        do(reviewer, 3, "close")

        states = [
            reviewer.get(f"/api/v1/cases/{n}").json()["state"] for n in range(1, 5)
        ]
        counts = reviewer.get("/api/v1/indicators").json()["groups"][0]["counts"]
        ends = [
            Webhook(secret).verify(one.body, one.headers)["id"] for one in desk.wait(18)
        ]

    assert states == ["closed", "merged", "closed", "rejected"]
    assert counts["reported"] == 4
    assert counts["registered"] == counts["handled"] == counts["closed"] == 2
    assert counts["reworked"] == counts["merged"] == counts["rejected"] == 1
    of_third = [one for one in without_chance(ends) if one.startswith("case-3.")]
    assert of_third == sorted(of_third, key=lambda one: int(one.split(".")[1]))


def without_chance(ids: list[str]) -> list[str]:
    """Return ids of cases' messages without the part that is drawn."""
    return [one.rpartition("-")[0] for one in ids]


def put_after(engine: httpx.Client, event_id: str) -> None:
    picture = jpeg()
    engine.put(
        f"/api/v1/events/{event_id}/evidence/after.jpg",
        content=picture,
        headers={
            "Content-Type": "image/jpeg",
            "X-Content-SHA256": sha256(picture),
            "X-Evidence-Role": "after",
        },
    ).raise_for_status()


@pytest.mark.mqtt
@needs_broker
def test_a_day_with_the_real_engine_a_broker_and_a_work_order_system(
    start: Start, tmp_path: Path, desk: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    with broker(tmp_path, port):
        live = start(
            Settings(
                home=tmp_path / "home",
                config_dir=CONFIGS,
                allow_private_webhooks=True,
                mqtt_url=f"mqtt://127.0.0.1:{port}/city",
            )
        )
        listener = Desk(port)
        keys = live.services.keys
        monkeypatch.setenv("PAINTED_KEY", keys.create("engine", [Scope.INGEST]))
        try:
            _play_day(live, tmp_path, desk)
            heard = _heard(listener, last="closed")
            until(lambda: any(".closed." in one.body for one in desk.requests))
        finally:
            listener.close()

    # Both ways out told the same case in the same order, each message under one id.
    told = [json.loads(one.body)["id"] for one in desk.requests]
    of_case = [one for one in told if one.startswith("case-1.")]
    assert [one for one in heard if one.startswith("case-1.")] == of_case
    versions = range(2, len(of_case) + 2)
    assert without_chance(of_case) == [f"case-1.{version}" for version in versions]


def _play_day(live: Live, tmp_path: Path, desk: Receiver) -> None:
    """Let refuse appear, be reported, reviewed, taken away, and looked at again."""
    with (
        live.person("root", Role.ADMIN) as root,
        live.person("li", Role.REVIEWER) as reviewer,
        live.person("wang", Role.DISPATCHER) as dispatcher,
        live.client(Scope.READ, Scope.HANDLE) as orders,
    ):
        root.put("/api/v1/grid", json=GRID).raise_for_status()
        wish = {"url": desk.url, "types": ["case."]}
        secret = root.post("/api/v1/subscriptions", json=wish).json()["secret"]
        desk.judge = partial(_work_order, Webhook(secret), orders)

        _watch(live, tmp_path, with_refuse(1e6), 40)
        (event,) = reviewer.get("/api/v1/events").json()["items"]
        assert event["slug"] == "garbage_pile"
        do(reviewer, 1, "take", "register")
        case = do(dispatcher, 1, "dispatch")
        assert (case["department"], case["responsible"]) == ("sanitation", "王建国")
        until(lambda: dispatcher.get("/api/v1/cases/1").json()["state"] == "feedback")

        do(dispatcher, 1, "request_verification")
        _watch(live, tmp_path, World([]), 30, asked=True)

        done = reviewer.get("/api/v1/cases/1").json()
        shown = reviewer.get(done["verifications"][0]["after_url"])
        report = reviewer.get("/api/v1/indicators?by=department").json()["groups"]
    assert (done["state"], shown.status_code) == ("closed", 200)
    assert [one["key"] for one in report] == ["sanitation"]
    assert report[0]["indicators"]["timely_closing_rate"] == 1.0
    assert report[0]["indicators"]["rework_rate"] == 0.0


def _watch(
    live: Live, tmp_path: Path, world: World, seconds: float, *, asked: bool = False
) -> None:
    """Run a whole engine once over what the world looks like."""
    clip = write_film(tmp_path / f"{seconds:g}.mp4", world, seconds)
    engine = PaintedEngine(site_of(clip, live.url), Home(tmp_path / "engine"), world)
    if not asked:
        engine.run()
        return
    looks = engine.desk()
    until(lambda: bool(looks.waiting("kerb-east")))
    engine.run(looks)


def _work_order(webhook: Webhook, orders: httpx.Client, request: Received) -> int:
    """Take a dispatched case, and report it done, as a work-order system does."""
    message = webhook.verify(request.body, request.headers)
    if message["type"].endswith(".dispatched.v1"):
        case, version = message["data"]["case"], message["data"]["version"]
        for step, action in enumerate(("accept", "feedback")):
            answer = act(orders, case, action, version=version + step, note="crew 7")
            if answer.status_code == 412:
                return 204  # it came twice, and was done at the first time
    return 204


def _heard(listener: Desk, last: str) -> list[str]:
    """Return the ids published about cases, up to the first of a kind."""
    ids = []
    while True:
        ((_, payload, _),) = listener.take(1)
        if not payload.startswith(b"{"):
            continue  # the retained status
        message = json.loads(payload)
        if ".case." in message["type"]:
            ids.append(message["id"])
        if message["type"].endswith(f".{last}.v1"):
            return ids


def test_a_department_is_told_of_its_own_cases_only(
    live: Live, engine: httpx.Client, desk: Receiver
) -> None:
    with (
        live.person("boss", Role.SUPERVISOR) as boss,
        live.person("a", Role.ADMIN) as root,
    ):
        wish = {"url": desk.url, "departments": ["sanitation"]}
        made = root.post("/api/v1/subscriptions", json=wish).json()
        report(engine, event_id="evt-1", slug=Slug.ILLEGAL_PARKING)
        report(engine, event_id="evt-2", slug=Slug.GARBAGE_PILE)
        do(boss, 1, "register")
        do(boss, 2, "register")
        act(boss, 1, "dispatch", department="sanitation").raise_for_status()
        received = desk.wait(2)

    assert made["departments"] == ["sanitation"]
    ids = [one.headers["webhook-id"] for one in received]
    assert sorted(without_chance(ids)) == ["case-1.3", "case-2.2"]
