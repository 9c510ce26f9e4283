"""Second looks between engine and service, when the service does not play along."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes import START, ManualClock
from vision.core.backoff import Backoff
from vision.core.evidence import AFTER, AFTER_REDACTED, Artifact, Evidence
from vision.core.verification import LookAnswer, Outcome
from vision.core.violations import Fact
from vision.evidence.canonical import sha256
from vision.sinks.client import ServiceClient
from vision.sinks.look_desk import HttpLookDesk, PollPolicy

QUICK = PollPolicy(every_s=0.01, backoff=Backoff(first_s=0.01, cap_s=0.02))


def question(number: int, camera: str = "gate", **changes: Any) -> dict[str, Any]:
    return {
        "number": number,
        "event_id": f"evt-{number}",
        "camera_id": camera,
        "place_id": "gate-p1",
        "slug": "garbage_pile",
        "xyxy": [1, 2.5, 3, 4],
        **changes,
    }


class Service:
    """What the service would do; each test says what goes wrong."""

    def __init__(self, *questions: dict[str, Any]) -> None:
        self.questions = list(questions)
        self.answers: list[dict[str, Any]] = []
        self.files: list[str] = []
        self.asked = 0
        self.refuse: Callable[[httpx.Request], httpx.Response | None] = lambda _: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        refusal = self.refuse(request)
        if refusal is not None:
            return refusal
        if request.method == "GET":
            self.asked += 1
            return httpx.Response(200, json={"items": self.questions})
        if request.method == "PUT":
            request.read()
            self.files.append(request.url.path.rpartition("/")[2])
            return httpx.Response(201)
        number = int(request.url.path.split("/")[-2])
        self.questions = [one for one in self.questions if one["number"] != number]
        self.answers.append(json.loads(request.content))
        return httpx.Response(200, json={})


@contextmanager
def asking(service: Service) -> Iterator[HttpLookDesk]:
    """Run a desk against the service."""
    client = ServiceClient(
        "http://desk", api_key="k", transport=httpx.MockTransport(service)
    )
    desk = HttpLookDesk(client, ["gate"], clock=ManualClock(), policy=QUICK)
    desk.start()
    yield desk
    desk.close(5)


def until(what: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline_s, "it did not come in time"
        time.sleep(0.005)


def cleared(desk: HttpLookDesk) -> LookAnswer:
    request = desk.waiting("gate")[0]
    facts = (Fact("clear_views", 3, "1", ">= 3", holds=True),)
    return LookAnswer(request, Outcome.CLEARED, facts, 12.0, START)


def picture(folder: Path, role: str) -> Artifact:
    path = folder / f"{role}.jpg"
    path.write_bytes(role.encode())
    return Artifact(
        role, path, path.name, "image/jpeg", sha256(role.encode()), len(role), START
    )


def test_a_question_is_answered_with_the_picture_that_all_may_see(
    tmp_path: Path,
) -> None:
    service = Service(question(7), question(8, camera="another-engine's"))
    after = Evidence(tuple(picture(tmp_path, one) for one in (AFTER, AFTER_REDACTED)))
    with asking(service) as desk:
        until(lambda: bool(desk.waiting("gate")))
        asked = desk.waiting("gate")
        desk.answer(cleared(desk), after)
        assert not desk.waiting("gate")
        until(lambda: bool(service.answers))

    assert [one.request_id for one in asked] == ["7"]
    assert asked[0].xyxy == (1.0, 2.5, 3.0, 4.0)
    assert service.files == ["after.jpg", "after_redacted.jpg"]
    (answer,) = service.answers
    assert (answer["verdict"], answer["after"]) == ("cleared", "after_redacted.jpg")
    assert answer["reasons"][0]["bound"] == ">= 3"


def test_a_service_that_knows_no_second_looks_is_asked_ever_more_rarely() -> None:
    service = Service()
    seen: list[httpx.Request] = []

    def unknown(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404)

    service.refuse = unknown

    with asking(service) as desk:
        until(lambda: len(seen) >= 3)

        assert not desk.waiting("gate")


def test_nonsense_is_no_question_and_asking_goes_on() -> None:
    service = Service()
    answers = iter(
        [
            httpx.Response(200, text="<html>"),
            httpx.Response(200, json={"items": [question(1, slug="noise")]}),
            httpx.Response(200, json=[1]),
        ]
    )
    service.refuse = lambda _: next(answers, None)
    service.questions = [question(2)]

    with asking(service) as desk:
        until(lambda: bool(desk.waiting("gate")))

        assert [one.request_id for one in desk.waiting("gate")] == ["2"]


def test_an_answer_that_is_refused_for_good_is_given_up_and_asked_again() -> None:
    service = Service(question(7))
    with asking(service) as desk:
        until(lambda: bool(desk.waiting("gate")))
        service.refuse = lambda request: (
            httpx.Response(422) if request.method == "POST" else None
        )
        desk.answer(cleared(desk), Evidence())
        until(lambda: bool(desk.waiting("gate")))
        service.refuse = lambda _: None
        desk.answer(cleared(desk), Evidence())
        until(lambda: bool(service.answers))

    assert service.answers[0]["after"] is None


@pytest.mark.parametrize("status", [404, 409, 500])
def test_an_answer_that_is_not_taken_holds_up_no_other_and_no_question(
    status: int,
) -> None:
    service = Service(question(7), question(8))
    with asking(service) as desk:
        until(lambda: len(desk.waiting("gate")) == 2)
        service.refuse = lambda request: (
            httpx.Response(status) if request.url.path.endswith("/7/answer") else None
        )
        desk.answer(cleared(desk), Evidence())
        desk.answer(cleared(desk), Evidence())
        until(lambda: len(service.answers) == 1)
        asked = service.asked
        until(lambda: service.asked > asked)


@pytest.mark.parametrize("status", [404, 409])
def test_an_answer_to_what_is_no_longer_asked_is_given_up(status: int) -> None:
    service = Service(question(7))
    with asking(service) as desk:
        until(lambda: bool(desk.waiting("gate")))
        service.refuse = lambda request: (
            httpx.Response(status) if request.method == "POST" else None
        )
        desk.answer(cleared(desk), Evidence())
        until(lambda: bool(desk.waiting("gate")))  # asked anew by this service

    assert service.answers == []


def test_an_answer_waits_for_a_service_that_is_away() -> None:
    service = Service(question(7))
    with asking(service) as desk:
        until(lambda: bool(desk.waiting("gate")))
        service.refuse = lambda _: httpx.Response(503)
        desk.answer(cleared(desk), Evidence())
        until(lambda: service.asked > 0)
        service.refuse = lambda _: None
        until(lambda: bool(service.answers))

    assert len(service.answers) == 1


def test_a_picture_that_changed_on_disk_is_not_sent(tmp_path: Path) -> None:
    service = Service(question(7))
    spoilt = picture(tmp_path, AFTER)
    spoilt.path.write_bytes(b"other bytes")
    with asking(service) as desk:
        until(lambda: bool(desk.waiting("gate")))
        desk.answer(cleared(desk), Evidence((spoilt,)))
        until(lambda: bool(service.answers))

    assert service.files == []
    assert service.answers[0]["after"] is None
