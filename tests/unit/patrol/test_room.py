"""What a patrol car's map lets go where a city is larger than it."""

import logging
from datetime import timedelta
from functools import partial

import pytest

from tests.unit.patrol.street import NOON, PLANE, Drive, Patrol, Thing, final
from tests.unit.patrol.test_rules import CAR, LATER, Watch, told
from vision.bootstrap.patrol import worth_of
from vision.core.observation import ViewState
from vision.core.scene import MapZone
from vision.patrol.params import PatrolParams
from vision.pipeline.candidates import OpenedPlaces, Seen

CORNERS = ((-20, -60), (20, -60), (20, 80), (-20, 80))
ZONE = MapZone("street", "no_parking", tuple(PLANE.degrees(*at) for at in CORNERS))
FREE_BAYS = [Thing("car", 4.0, 150.0 + 10 * k, (4.2, 1.5)) for k in range(6)]
PAST_THEM = (130, 210)


def test_cars_that_nobody_judges_push_out_no_parking_and_no_event() -> None:
    """Though they are the newer ones; of the forbidden ones the event's car stays."""
    watch = Watch(ZONE, params=PatrolParams(max_spots=4))
    places = watch.patrol.places
    opened = OpenedPlaces(known=lambda: places.place_ids)
    places.weigh(partial(worth_of, opened=opened, scene=watch.scene))
    later = Thing("car", 4.0, 50.0, (4.2, 1.5))
    watch.drive(Drive(), CAR)
    steps = watch.drive(Drive(start=NOON + LATER, seed=1), CAR, later)
    assert told(steps) == [("illegal_parking", "opened")]
    opened.follow(steps, Seen(1, 0.0, NOON, (1280, 720), ViewState(), ()))

    start = NOON + LATER + LATER / 5
    assert watch.drive(Drive(start=start, north_m=PAST_THEM), *FREE_BAYS) == []
    assert len(places.place_ids) <= 4
    kept = watch.patrol.drive(Drive(NOON + 3 * LATER, seed=2), CAR, later)
    passes = [p.passes.count for p in final(kept).values() if p.passes is not None]
    assert sorted(passes) == [2, 3]


def test_that_the_map_is_full_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    patrol = Patrol(params=PatrolParams(max_spots=3))
    with caplog.at_level(logging.WARNING):
        patrol.drive(Drive(north_m=PAST_THEM), *FREE_BAYS)
    (record,) = caplog.records
    assert record.getMessage().startswith("patrol: its map is full (3 places)")


def test_what_was_passed_in_another_part_of_the_city_is_found_again() -> None:
    """Only what was near a while ago is asked for with each picture."""
    things = {at: Thing("garbage", 4.0, at + 30.0) for at in (0, 700, 1400, 2600)}
    before, patrol = Patrol(), Patrol()
    for north, thing in things.items():
        then = NOON + timedelta(minutes=north / 100)
        before.drive(Drive(then, north_m=(north, north + 60)), thing)
    patrol.places.restore(before.places.state())
    for north, thing in things.items():
        now = NOON + 4 * LATER + timedelta(minutes=north / 100)
        (place,) = final(
            patrol.drive(Drive(now, north_m=(north, north + 60)), thing)
        ).values()
        assert place.passes is not None
        assert place.passes.count == 2
