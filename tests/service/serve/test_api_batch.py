"""Many events in one request: each answered for itself, none counted twice."""

import copy
from dataclasses import replace
from typing import Any

import httpx
import pytest

from serve.people.roles import Scope
from tests.service.serve.conftest import Live
from tests.service.serve.street import Seen, message
from vision.core.violations import Lifecycle

BATCH = "/api/v1/events/batch"


def results(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["result"] for one in answer.json()["results"]]


def test_each_message_is_answered_for_itself_and_one_refused_stops_no_other(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    broken = message(Seen(event_id="evt-2"))
    broken["data"]["severity"] = 9
    batch: list[Any] = [
        message(Seen(event_id="evt-1")),
        broken,
        {"nothing": "at all"},
        message(Seen(event_id="evt-3")),
    ]

    answer = engine.post(BATCH, json=batch)

    assert results(answer) == ["new", "refused", "refused", "new"]
    said = answer.json()
    assert (said["new"], said["repeated"], said["refused"]) == (2, 0, 2)
    problem = said["results"][1]["problem"]
    assert problem["type"].endswith("/problems/invalid-content")
    assert problem["detail"].startswith("data/severity: ")
    listed = reader.get("/api/v1/events").json()["items"]
    assert {one["event_id"] for one in listed} == {"evt-1", "evt-3"}


def test_a_batch_again_and_a_batch_that_overlaps_change_nothing(
    live: Live, engine: httpx.Client
) -> None:
    batch = [message(Seen(event_id=f"evt-{number}")) for number in range(5)]
    first = engine.post(BATCH, json=batch[:3])
    newest = live.services.feed.newest()

    again = engine.post(BATCH, json=batch[:3])

    assert results(first) == ["new"] * 3
    assert results(again) == ["repeated"] * 3
    assert live.services.feed.newest() == newest
    assert results(engine.post(BATCH, json=batch)) == ["repeated"] * 3 + ["new"] * 2


def test_the_same_message_twice_in_one_batch_is_one(engine: httpx.Client) -> None:
    one = message(Seen())
    other = copy.deepcopy(one)
    other["data"]["observed_s"] += 1

    answer = engine.post(BATCH, json=[one, one, other])

    assert results(answer) == ["new", "repeated", "refused"]
    problem = answer.json()["results"][2]["problem"]
    assert (problem["status"], problem["type"].rsplit("/", 1)[1]) == (
        409,
        "id-conflict",
    )


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_steps_of_one_event_in_one_batch_may_come_in_any_order(
    engine: httpx.Client, reader: httpx.Client, order: tuple[int, ...]
) -> None:
    opened = Seen()
    steps = [
        message(opened),
        message(opened.later(Lifecycle.UPDATED, 2)),
        message(opened.later(Lifecycle.CLEARED, 3, minutes=9)),
    ]

    answer = engine.post(BATCH, json=[steps[index] for index in order])

    assert results(answer) == ["new"] * 3
    event = reader.get("/api/v1/events/evt-1").json()
    assert (event["state"], event["sequence"]) == ("cleared", 3)
    assert event["opened_at"] == steps[0]["time"].replace("+00:00", "Z")
    assert [step["sequence"] for step in event["history"]] == [1, 2, 3]
    assert len(reader.get("/api/v1/cases").json()["items"]) == 1


def test_a_step_decided_again_after_a_crash_changes_nothing_and_a_gap_is_none(
    engine: httpx.Client, reader: httpx.Client
) -> None:
    opened = Seen()
    graver = replace(opened.later(Lifecycle.UPDATED, 2), severity=3)
    again = replace(graver.later(Lifecycle.UPDATED, 11), severity=3)
    steps = [message(one) for one in (opened, graver, again)]
    engine.post(BATCH, json=steps[:2])
    (before,) = reader.get("/api/v1/cases").json()["items"]

    repeated = engine.post(BATCH, json=[steps[0], steps[2]])
    (after,) = reader.get("/api/v1/cases").json()["items"]
    engine.post(BATCH, json=[message(opened.later(Lifecycle.CLEARED, 12, minutes=9))])

    assert results(repeated) == ["repeated", "new"]
    assert (after["state"], after["version"]) == (before["state"], before["version"])
    event = reader.get("/api/v1/events/evt-1").json()
    assert (event["state"], event["sequence"]) == ("cleared", 12)
    assert [step["sequence"] for step in event["history"]] == [1, 2, 11, 12]


@pytest.mark.parametrize(
    ("sent", "status"),
    [([], 200), ({"not": "a list"}, 422), ([1, 2], 422), ([{}] * 201, 422)],
)
def test_what_is_no_batch_is_a_problem(
    engine: httpx.Client, sent: Any, status: int
) -> None:
    assert engine.post(BATCH, json=sent).status_code == status


def test_a_batch_needs_the_right_to_report(live: Live) -> None:
    with live.client() as nobody, live.client(Scope.READ) as reader:
        assert nobody.post(BATCH, json=[]).status_code == 401
        assert reader.post(BATCH, json=[]).status_code == 403
