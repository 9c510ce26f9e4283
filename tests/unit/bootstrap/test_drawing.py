"""Zones that were drawn anew lie in a picture of today."""

import json
from dataclasses import replace

import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.world import LABELS, Actor, World, still
from vision.bootstrap.drawing import Drawing, drawing_of
from vision.core.scene import Scene, Zone
from vision.core.violations import Lifecycle
from vision.rules.garbage_pile import GarbagePile
from vision.rules.places import PlaceMemory
from vision.view.check import CameraView

KERB = Zone("kerb", "no_parking", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0)))
PAVEMENT = Zone("pavement", "clean", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
REDRAWN = replace(PAVEMENT, polygon=((0.1, 0.0), (1.0, 0.0), (1.0, 1.0), (0.1, 1.0)))


def forgotten(before: Zone, after: Zone) -> int:
    told: list[None] = []
    old = Drawing(Scene("c1", "gate", (before,)), lambda: told.append(None))
    new = Drawing(Scene("c1", "gate", (after,)), lambda: told.append(None))
    new.restore(old.state())
    return len(told)


def started(zone: Zone, stored: str | None = None) -> tuple[Stage, Drawing]:
    """Return a camera with one zone, with what an earlier start wrote down."""
    scene, view = Scene("c1", "gate", (zone,)), CameraView()
    stage = Stage([GarbagePile()], scene, view=view, memory=PlaceMemory("c1", LABELS))
    drawing = drawing_of(scene, view, stage.memory, stage.rules)
    if stored is not None:
        parts = (view, stage.memory, *stage.rules, drawing)
        for part, record in zip(parts, json.loads(stored), strict=True):
            part.restore(record)
    return stage, drawing


def written(stage: Stage, drawing: Drawing) -> str:
    assert isinstance(stage.view, CameraView)
    parts = (stage.view, stage.memory, *stage.rules, drawing)
    return json.dumps([part.state() for part in parts])


def heap(x: float) -> Actor:
    return Actor("garbage", still(x, 120, 20, 10**6), (50, 30), look=4)


def test_zones_drawn_anew_make_the_next_picture_the_reference_view() -> None:
    moved = replace(KERB, polygon=((0.1, 0.5), (1.0, 0.5), (1.0, 1.0)))

    assert forgotten(KERB, moved) == 1
    assert forgotten(KERB, KERB) == 0


def test_another_calendar_for_a_zone_says_nothing_about_the_view() -> None:
    assert forgotten(KERB, replace(KERB, calendar="weekdays")) == 0


@pytest.mark.parametrize("killed", [False, True])
def test_a_heap_in_a_view_that_was_turned_is_not_cleared_by_bare_ground(
    *, killed: bool
) -> None:
    """It lies elsewhere in the new picture; where it lay is other ground now."""
    before, drawing = started(PAVEMENT)
    before.play(World([heap(100)]).film(150))
    after, redrawn = started(REDRAWN, written(before, drawing))
    if killed:  # before its first picture, with what it had written at once
        after, _ = started(REDRAWN, written(after, redrawn))

    after.play(World([heap(220)], seed=99).film(500, start_s=270))

    (old,) = before.opened
    unverified, new = after.steps
    assert (unverified.event_id, unverified.sequence) == (old.event_id, 2)
    assert unverified.lifecycle is Lifecycle.UPDATED
    assert unverified.facts[0].text() == "cannot_verify True"
    assert new.lifecycle is Lifecycle.OPENED
    assert new.event_id != old.event_id
