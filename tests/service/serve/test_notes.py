"""A note, a late verdict or a merged report says something and changes nothing else."""

import httpx
import pytest

from tests.service.serve.city import HandClock, act, do, report

CASES = "/api/v1/cases"


@pytest.fixture
def clock() -> HandClock:
    """Return a clock at nine on a Monday."""
    return HandClock()


def test_a_note_on_a_case_that_is_over_does_not_move_its_end(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    closed_at = do(boss, 1, "reject")["closed_at"]
    clock.forward(days=3)

    noted = act(boss, 1, "note", note="the shop asked why")

    assert noted.json()["closed_at"] == closed_at
    assert noted.json()["state"] == "rejected"


def test_a_note_on_a_suspended_case_leaves_it_the_rest_of_its_time(
    engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    report(engine)
    do(boss, 1, "register")
    held = act(boss, 1, "suspend", note="road works").json()
    clock.forward(hours=1)

    noted = act(boss, 1, "note", note="they dig on").json()
    resumed = do(boss, 1, "resume")

    assert held["due"] is not None
    assert noted["due"] == held["due"]
    assert resumed["due"]["at"] > held["due"]["at"]


def test_a_report_merged_into_a_suspended_case_leaves_it_its_time(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    report(engine, event_id="evt-2")
    do(boss, 1, "register")
    held = act(boss, 1, "suspend", note="road works").json()

    act(boss, 2, "merge", into=1).raise_for_status()

    assert boss.get(f"{CASES}/1").json()["due"] == held["due"]


def test_more_time_than_the_calendar_knows_is_refused_in_words(
    engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine)
    due = do(boss, 1, "register")["due"]

    extra = {"amount": 1000, "unit": "work_day"}
    refused = act(boss, 1, "extend", note="for ever", extra=extra)

    assert refused.status_code == 422
    assert "three years" in refused.json()["detail"]
    assert boss.get(f"{CASES}/1").json()["due"] == due
