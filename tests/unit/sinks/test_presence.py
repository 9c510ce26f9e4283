"""Signs of life, when the service does not play along."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.fakes import ManualClock
from vision.core.scene import GeoPoint, Scene
from vision.sinks.client import ServiceClient
from vision.sinks.presence import Account, Presence

GATE = Scene("gate", "Gate", geo=GeoPoint(30.5, 114.3, "12 Mill Lane"))


class Service:
    """What the service would do; each test says what goes wrong."""

    def __init__(self) -> None:
        self.run: str | None = None
        self.told: list[dict[str, Any]] = []
        self.words: list[str] = []
        self.refuse: Callable[[httpx.Request], httpx.Response | None] = lambda _: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        refusal = self.refuse(request)
        if refusal is not None:
            return refusal
        sent = json.loads(request.content)
        if request.method == "PUT":
            self.told.append(sent)
            self.run = sent["run"]
            self.words.append("begin")
            return httpx.Response(204)
        self.words.append(request.url.path.rpartition("/")[2])
        return httpx.Response(204 if sent["run"] == self.run else 404)


@contextmanager
def present(
    service: Service,
    at_work: Callable[[], bool] = lambda: True,
    clock: ManualClock | None = None,
    scenes: tuple[Scene, ...] = (GATE,),
) -> Iterator[Presence]:
    client = ServiceClient(
        "http://desk", api_key="k", transport=httpx.MockTransport(service)
    )
    account = Account("north-1", "north", "1", scenes)
    one = Presence(
        client,
        account,
        at_work=at_work,
        rename=lambda: "north-2",
        clock=clock or ManualClock(),
        every_s=0.01,
    )
    one.start()
    yield one
    one.close(5)


def until(what: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline_s, "it did not come in time"
        time.sleep(0.005)


def test_it_tells_all_once_then_that_it_lives_and_at_last_that_it_ends() -> None:
    service = Service()

    with present(service):
        until(lambda: service.words.count("alive") >= 3)

    assert [one["cameras"] for one in service.told] == [
        [
            {
                "id": "gate",
                "name": "Gate",
                "gb_id": None,
                "location": {
                    "lat": 30.5,
                    "lon": 114.3,
                    "crs": "wgs84",
                    "address": "12 Mill Lane",
                    "grid_id": None,
                },
            }
        ]
    ]
    assert service.words[0] == "begin"
    assert service.words[-1] == "end"


def test_a_camera_that_moves_is_told_as_such() -> None:
    service = Service()

    with present(service, scenes=(Scene("patrol-7", "Patrol 7", moving=True), GATE)):
        until(lambda: len(service.told) == 1)

    car, gate = service.told[0]["cameras"]
    assert (car["moving"], car["location"]) == (True, None)
    assert "moving" not in gate


def test_a_service_that_lost_it_is_told_again() -> None:
    service = Service()

    with present(service):
        until(lambda: len(service.told) == 1)
        service.run = None
        until(lambda: len(service.told) == 2)

    assert service.told[0] == service.told[1]


def test_a_service_that_is_away_is_tried_again() -> None:
    service = Service()
    service.refuse = lambda _: httpx.Response(503)

    with present(service):
        time.sleep(0.05)
        service.refuse = lambda _: None
        until(lambda: service.words.count("alive") >= 1)

    assert service.words[0] == "begin"


def test_a_refusal_for_good_is_a_warning_also_after_the_service_was_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Service()
    answers = [httpx.Response(503)] * 3 + [httpx.Response(413, text="too long")] * 3
    service.refuse = lambda _: answers.pop(0) if answers else None

    with caplog.at_level("INFO"), present(service):
        until(lambda: service.words.count("alive") >= 1)

    said = [(one.levelname, one.getMessage()) for one in caplog.records]
    (away, refused) = [one for one in said if "no sign of life" in one[1]]
    assert (away[0], refused[0]) == ("INFO", "WARNING")
    assert "413 'too long'" in refused[1]


def test_who_keeps_no_engines_is_left_in_peace() -> None:
    service = Service()
    asked: list[str] = []

    def strange(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(404)

    service.refuse = strange
    with present(service):
        time.sleep(0.15)

    assert 1 <= len(asked) <= 3  # of some fifteen turns
    assert service.words == []


def test_an_engine_that_hangs_gives_no_sign_and_then_begins_anew() -> None:
    service = Service()
    working = [True]

    with present(service, lambda: working[0]):
        until(lambda: "alive" in service.words)
        working[0] = False
        time.sleep(0.05)
        heard = len(service.words)
        time.sleep(0.05)
        quiet = len(service.words) == heard
        working[0] = True
        until(lambda: len(service.told) == 2)

    assert quiet
    assert service.told[0]["run"] != service.told[1]["run"]


def test_an_engine_whose_machine_slept_begins_anew() -> None:
    service, clock = Service(), ManualClock()

    def told_anew_after_sleep() -> bool:
        clock.advance(3600)  # again: it may be between two rests just now
        return len(service.told) > 1

    with present(service, clock=clock):
        until(lambda: "alive" in service.words)
        until(told_anew_after_sleep)

    assert service.told[0]["run"] != service.told[1]["run"]


def test_whose_name_is_in_use_takes_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = Service()
    asked: list[str] = []

    def copied(request: httpx.Request) -> httpx.Response | None:
        asked.append(request.url.path)
        return httpx.Response(409) if "north-1" in request.url.path else None

    service.refuse = copied
    with present(service):
        until(lambda: "alive" in service.words)

    assert asked[:2] == ["/api/v1/engines/north-1", "/api/v1/engines/north-2"]
    assert service.words[-1] == "end"
    assert "another engine runs under our name" in caplog.text
    assert "we are north-2" in caplog.text
