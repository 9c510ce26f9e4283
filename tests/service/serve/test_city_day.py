"""A city's day: engine, people, a work-order system and the example dispatcher."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from serve.people.roles import Role, Scope
from serve.settings import Settings
from tests.service.serve.city import GRID, act, do, report
from tests.service.serve.conftest import CONFIGS, Live, Start
from tests.service.serve.receiver import Receiver, receiving
from tests.service.serve.street import jpeg, sha256
from vision.core.violations import Slug

EXAMPLE = Path(__file__).parents[3] / "serve" / "examples" / "dispatcher.py"


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
    versions = [int(one.split(".")[1]) for one in ends if one.startswith("case-3.")]
    assert versions == sorted(versions)


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


def test_the_example_dispatcher_takes_a_case_from_a_live_service(
    live: Live, engine: httpx.Client
) -> None:
    key = live.services.keys.create("desk", [Scope.READ, Scope.HANDLE])
    report(engine)
    with live.person("boss", Role.SUPERVISOR) as boss:
        do(boss, 1, "register", "dispatch")
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLE)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "SERVICE": live.url, "KEY": key},
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
        finally:
            process.kill()
            process.communicate()
        case = boss.get("/api/v1/cases/1").json()

    assert line.startswith(
        "case 1: illegal_parking for chengguan, 武珞路 12 号, due 20"
    )
    assert case["state"] == "handling"
    assert case["history"][-1]["note"] == "crew 7 is on its way"
