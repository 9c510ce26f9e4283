"""Zones that were drawn anew lie in a picture of today."""

import json
from dataclasses import replace

import pytest

from tests.fakes import START, ManualClock
from vision.bootstrap.drawing import Drawing
from vision.core.scene import Scene, Zone

KERB = Zone("kerb", "no_parking", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0)))
MOVED = replace(KERB, polygon=((0.1, 0.5), (1.0, 0.5), (1.0, 1.0)))


def drawing(zone: Zone, clock: ManualClock, told: list[None] | None = None) -> Drawing:
    told = [] if told is None else told
    return Drawing(Scene("c1", "gate", (zone,)), lambda: told.append(None), clock)


def forgotten(before: Zone, after: Zone) -> int:
    told: list[None] = []
    old = drawing(before, ManualClock())
    drawing(after, ManualClock(), told).restore(old.state())
    return len(told)


def test_zones_drawn_anew_make_the_next_picture_the_reference_view() -> None:
    assert forgotten(KERB, MOVED) == 1
    assert forgotten(KERB, KERB) == 0


def test_another_calendar_for_a_zone_says_nothing_about_the_view() -> None:
    assert forgotten(KERB, replace(KERB, calendar="weekdays")) == 0


def test_the_time_of_the_redraw_outlives_further_starts() -> None:
    clock = ManualClock()
    record: object = drawing(KERB, clock).state()
    since = []
    for zone in (KERB, MOVED, MOVED, KERB):
        clock.advance(60)
        now = drawing(zone, clock)
        now.restore(json.loads(json.dumps(record)))
        record = now.state()
        since.append(now.since and (now.since - START).total_seconds())

    assert since == [None, 120, 120, 240]


def test_the_record_of_an_earlier_version_is_its_zones_alone() -> None:
    clock = ManualClock()
    record = drawing(KERB, clock).state()["zones"]
    same, other = drawing(KERB, clock), drawing(MOVED, clock)
    same.restore(record)
    other.restore(record)

    assert (same.anew, same.since) == (False, None)
    assert (other.anew, other.since) == (True, START)


@pytest.mark.parametrize("record", [{}, {"zones": "x", "since": "soon"}])
def test_a_damaged_record_forgets_nothing(record: object) -> None:
    told: list[None] = []

    with pytest.raises((KeyError, ValueError)):
        drawing(KERB, ManualClock(), told).restore(record)
    assert told == []
