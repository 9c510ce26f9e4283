"""Whether the zones are those of an earlier start, and since when they lie so."""

import json
from dataclasses import replace

import pytest

from tests.fakes import START, ManualClock
from vision.bootstrap.drawing import Drawing
from vision.core.scene import Scene, Zone

KERB = Zone("kerb", "no_parking", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0)))
MOVED = replace(KERB, polygon=((0.1, 0.5), (1.0, 0.5), (1.0, 1.0)))


def drawing(zone: Zone, clock: ManualClock, record: object = None) -> Drawing:
    """Return what a start makes of a zone, and of what an earlier one wrote down."""
    drawn = Drawing(Scene("c1", "gate", (zone,)), clock)
    if record is not None:
        drawn.restore(json.loads(json.dumps(record)))
    return drawn


def test_zones_are_drawn_anew_where_they_lie_otherwise() -> None:
    record = drawing(KERB, ManualClock()).state()

    assert drawing(MOVED, ManualClock(), record).anew
    assert not drawing(KERB, ManualClock(), record).anew


def test_another_calendar_for_a_zone_says_nothing_about_the_view() -> None:
    record = drawing(KERB, ManualClock()).state()

    assert not drawing(replace(KERB, calendar="night"), ManualClock(), record).anew


def test_a_start_that_saw_no_picture_leaves_the_question_to_the_next() -> None:
    clock = ManualClock()
    unseen = drawing(MOVED, clock, drawing(KERB, clock).state())

    assert drawing(MOVED, clock, unseen.state()).anew
    assert not drawing(KERB, clock, unseen.state()).anew
    unseen.keep_view()
    assert not drawing(MOVED, clock, unseen.state()).anew
    assert unseen.since is None


def test_the_time_of_the_other_view_outlives_further_starts() -> None:
    clock = ManualClock()
    record = drawing(KERB, clock).state()
    since = []
    for zone in (KERB, MOVED, MOVED, KERB):
        clock.advance(60)
        now = drawing(zone, clock, record)
        if now.anew:
            now.change_view()
        record = now.state()
        since.append(now.since and (now.since - START).total_seconds())

    assert since == [None, 120, 120, 240]


def test_the_record_of_an_earlier_version_is_its_zones_alone() -> None:
    clock = ManualClock()
    record = drawing(KERB, clock).state()["zones"]

    assert not drawing(KERB, clock, record).anew
    assert drawing(MOVED, clock, record).anew


@pytest.mark.parametrize("record", [{}, {"zones": "x", "since": "soon"}])
def test_a_damaged_record_is_an_error_that_the_memory_tells(record: object) -> None:
    drawn = drawing(KERB, ManualClock())

    with pytest.raises((KeyError, ValueError)):
        drawn.restore(record)
    assert not drawn.anew
