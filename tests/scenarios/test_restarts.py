"""An engine that is restarted goes on as if it had watched all the time."""

import json

import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.world import LABELS, Actor, World
from vision.core.errors import ConfigError
from vision.core.memory import pack, unpack
from vision.core.violations import Violation
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.places import PlaceMemory
from vision.view.check import CameraView

GRACE_S = 60.0
RESTART_S, GAP_S = 215, 3


def street() -> World:
    """Traffic for three minutes, then a car that parks beside a queue at a light."""
    flow = [
        Actor("car", [(t, -60, 140), (t + 6, 390, 140)], look=300 + t)
        for t in range(0, 170, 12)
    ]
    parked = Actor(
        "car", [(178, -60, 140), (184, 150, 100), (900, 150, 100)], (62, 36), 5
    )
    queue = [
        Actor(
            "car",
            [
                (186 + 3 * i, -60, 140),
                (191 + 3 * i, 260 - 75 * i, 140),
                (300 + 2 * i, 260 - 75 * i, 140),
                (305 + 2 * i, 400, 140),
            ],
            look=500 + i,
        )
        for i in range(3)
    ]
    return World([*flow, parked, *queue])


def restarted(before: Stage, *, forgets: str | None = None) -> Stage:
    """Return a new engine with what the old one wrote down, by way of JSON."""
    after = Stage([IllegalParking(ParkingParams(grace_s=GRACE_S))], view=CameraView())
    assert isinstance(before.view, CameraView)
    assert isinstance(after.view, CameraView)
    after.view.restore(unpack(pack(before.view.state()))[0])
    after.memory.restore(json.loads(json.dumps(before.memory.state())))
    record = json.loads(json.dumps(before.rules[0].state()))
    record.pop(forgets, None)
    after.rules[0].restore(record)
    return after


def watch(world: World, start_s: float, end_s: float, stage: Stage | None) -> Stage:
    stage = stage or Stage(
        [IllegalParking(ParkingParams(grace_s=GRACE_S))],
        view=CameraView(),
        memory=PlaceMemory("c1", LABELS),
    )
    return stage.play(world.film(end_s, start_s=start_s))


def opened(stages: list[Stage]) -> list[Violation]:
    return [step for stage in stages for step in stage.opened]


def test_an_engine_restarted_beside_a_queue_judges_as_before() -> None:
    (whole,) = opened([watch(street(), 0, 320, None)])
    before = watch(street(), 0, RESTART_S, None)
    after = watch(street(), RESTART_S + GAP_S, 320, restarted(before))

    (step,) = opened([before, after])
    assert step.event_id == whole.event_id
    assert step.confidence == whole.confidence
    assert step.decided_s - whole.decided_s <= GAP_S + 2

    blank = restarted(before, forgets="street")
    later = watch(street(), RESTART_S + GAP_S, 320, blank).opened
    assert not later or later[0].decided_s > step.decided_s + 10


@pytest.mark.parametrize(
    "damage",
    [
        {"lanes": [{"preset": None}], "flows": {}, "stops_s": []},
        {"lanes": [], "flows": {}, "stops_s": ["long"]},
        {"lanes": [], "flows": {}, "stops_s": [float("nan")]},
        {
            "lanes": [
                {"preset": None, "watched_s": 1, "rows": 1, "columns": 1, "cells": ""}
            ],
            "flows": {},
            "stops_s": [],
        },
    ],
)
def test_a_damaged_street_is_a_clear_error(damage: object) -> None:
    rule = IllegalParking()
    record = {**json.loads(json.dumps(rule.state())), "street": damage}

    with pytest.raises(ConfigError, match="delete them to learn them anew"):
        rule.restore(record)


def test_a_record_of_an_earlier_version_has_no_street() -> None:
    rule = IllegalParking()
    record = json.loads(json.dumps(rule.state()))
    del record["street"]

    rule.restore(record)

    assert rule.state()["street"]["lanes"] == []


def test_the_lanes_of_a_view_that_is_gone_are_forgotten() -> None:
    stage = watch(street(), 0, 100, None)
    (rule,) = stage.rules
    assert isinstance(rule, IllegalParking)
    assert rule.state()["street"]["lanes"]

    rule.forget_view()

    assert rule.state()["street"]["lanes"] == []
