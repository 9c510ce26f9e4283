"""Zones that were drawn anew lie in a picture of today."""

from dataclasses import replace

from vision.bootstrap.drawing import Drawing
from vision.core.scene import Scene, Zone

KERB = Zone("kerb", "no_parking", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0)))


def forgotten(before: Zone, after: Zone) -> int:
    told: list[None] = []
    old = Drawing(Scene("c1", "gate", (before,)), lambda: told.append(None))
    new = Drawing(Scene("c1", "gate", (after,)), lambda: told.append(None))
    new.restore(old.state())
    return len(told)


def test_zones_drawn_anew_make_the_next_picture_the_reference_view() -> None:
    moved = replace(KERB, polygon=((0.1, 0.5), (1.0, 0.5), (1.0, 1.0)))

    assert forgotten(KERB, moved) == 1
    assert forgotten(KERB, KERB) == 0


def test_another_calendar_for_a_zone_says_nothing_about_the_view() -> None:
    assert forgotten(KERB, replace(KERB, calendar="weekdays")) == 0
