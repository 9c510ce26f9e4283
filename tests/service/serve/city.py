"""A small city: a clock that is moved by hand, a grid, people at work."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.service.serve.street import Seen, message

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in Wuhan


class HandClock:
    """A clock that stands until somebody moves it."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at
        self._jumped = timedelta()

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return (self.at - self._jumped).timestamp()

    def forward(self, **by: float) -> None:
        """Move on, e.g. `hours=2`."""
        self.at += timedelta(**by)

    def jump(self, **by: float) -> None:
        """Set the wall clock to another time; none goes by."""
        self.at += timedelta(**by)
        self._jumped += timedelta(**by)


def square(
    grid_id: str, west: float, south: float, side: float = 0.01, **more: str
) -> dict[str, Any]:
    """Return a grid cell."""
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"grid_id": grid_id, **more},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


GRID = {
    "type": "FeatureCollection",
    "features": [
        square("g-1", 114.295, 30.495, street="武珞路", dept_code="chengguan"),
        square("g-2", 114.305, 30.495, street="民主路", dept_code="traffic"),
    ],
}


def report(engine: httpx.Client, **different: Any) -> None:
    """Report an event as the engine does."""
    sent = message(Seen(**different))
    engine.post("/api/v1/events", json=sent).raise_for_status()


def watch(engine: httpx.Client, camera: str) -> None:
    """Let an engine say that it watches a camera that moves."""
    cameras = [{"id": camera, "name": "Patrol 7", "moving": True}]
    run = {"site": "s", "version": "1", "run": "r", "up_s": 0, "cameras": cameras}
    engine.put("/api/v1/engines/patrol", json=run).raise_for_status()


def act(
    client: httpx.Client,
    number: int,
    action: str,
    *,
    version: int | None = None,
    **more: Any,
) -> httpx.Response:
    """Do something to a case as it stands now, or at a version seen before.

    The service notes a passed deadline by itself: who decides on the case as it
    stands now then looks again.
    """
    while True:
        seen = version
        if seen is None:
            seen = client.get(f"/api/v1/cases/{number}").json().get("version", 0)
        answer = client.post(
            f"/api/v1/cases/{number}/actions",
            json={"action": action, **more},
            headers={"If-Match": f'"{seen}"'},
        )
        if version is not None or answer.status_code != 412:
            return answer


def do(client: httpx.Client, number: int, *actions: str) -> dict[str, Any]:
    """Do several things that must all work; return the case."""
    answer = None
    for action in actions:
        note = "because" if action in {"reject", "rework", "return"} else ""
        answer = act(client, number, action, note=note)
        assert answer.status_code == 200, answer.text
    assert answer is not None
    return answer.json()  # type: ignore[no-any-return]  # JSON


def until(what: Callable[[], bool], timeout_s: float = 20) -> None:
    """Wait for something that other threads bring about."""
    deadline_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline_s, "it did not come in time"
        time.sleep(0.02)
