"""When a pass shows that what stood at a place is gone, and when it does not."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.patrol.street import MOUNT, NOON, Drive, Patrol, Thing, final
from tests.unit.patrol.test_places import CAR, HEAP, LATER, metres
from vision.core.places import Place, PlaceState

SD_M = 2.5  # of the receiver, in each direction


def test_two_clean_passes_clear_a_heap_and_one_does_not() -> None:
    patrol = Patrol()
    patrol.drive(Drive(), HEAP)
    once = final(patrol.drive(Drive(start=NOON + LATER)))
    assert all(place.state is not PlaceState.ENDED for place in once.values())
    (place,) = final(patrol.drive(Drive(start=NOON + 2 * LATER))).values()
    assert (place.state, place.end_reason) == (PlaceState.ENDED, "exposed")
    assert place.passes is not None
    assert place.passes.clear_passes == 2
    assert final(patrol.drive(Drive(start=NOON + 3 * LATER))) == {}


def test_not_seeing_is_not_clearing() -> None:
    patrol = Patrol()
    patrol.drive(Drive(), HEAP)
    for k in range(1, 5):
        told = patrol.drive(Drive(start=NOON + k * LATER, east_m=30.0))
        assert all(p.state is not PlaceState.ENDED for p in final(told).values())


def test_behind_a_bus_nothing_is_clean() -> None:
    patrol = Patrol()
    patrol.drive(Drive(), HEAP)
    bus = Thing("bus", 2.5, 29.0, (11.0, 3.0))
    for k in range(1, 5):
        told = patrol.drive(Drive(start=NOON + k * LATER, seed=k), bus)
        heaps = [p for p in final(told).values() if p.kind == "garbage"]
        assert all(p.state is not PlaceState.ENDED for p in heaps)


def test_faint_boxes_are_enough_to_doubt_that_it_is_clean() -> None:
    patrol = Patrol()
    patrol.drive(Drive(), HEAP)
    faint = Thing("garbage", 4.0, 30.0, score=0.3)
    for k in range(1, 5):
        told = patrol.drive(Drive(start=NOON + k * LATER, seed=k), faint)
        assert all(p.state is not PlaceState.ENDED for p in final(told).values())


@pytest.mark.parametrize("yaw_deg", [0, 35, 90, 150])
def test_what_is_gone_is_gone_wherever_the_camera_looks(yaw_deg: float) -> None:
    mount = replace(MOUNT, yaw_deg=yaw_deg)
    patrol = Patrol(mount)
    (first,) = final(patrol.drive(Drive(mount=mount), CAR)).values()
    (last,) = final(patrol.drive(Drive(start=NOON + LATER, mount=mount))).values()
    assert (last.place_id, last.end_reason) == (first.place_id, "exposed")


def test_a_heap_is_cleared_though_the_one_beside_it_stays() -> None:
    """Far away either may be the other; near by it turns out which one it was."""
    patrol = Patrol()
    other = Thing("garbage", 4.0, 36.0)
    assert len(final(patrol.drive(Drive(), HEAP, other))) == 2
    told: dict[str, Place] = {}
    for k in (1, 2):
        told |= final(patrol.drive(Drive(start=NOON + k * LATER, seed=k), other))
    (gone,) = (place for place in told.values() if place.end_reason is not None)
    assert np.hypot(*(metres(gone) - (4, 30))) < 1.0


def test_a_car_that_drove_off_is_gone_after_one_clean_pass() -> None:
    patrol = Patrol()
    patrol.drive(Drive(), CAR)
    (place,) = final(patrol.drive(Drive(start=NOON + LATER))).values()
    assert place.end_reason == "exposed"


def test_the_other_side_of_the_road_is_not_clean_for_a_receiver_that_errs() -> None:
    """On the way back it lies to the left of a camera that looks to the right."""
    patrol = Patrol()
    patrol.drive(Drive(accuracy_m=SD_M), HEAP)
    off = (2 * SD_M, 0.0)  # so it is taken to lie one metre to the right
    for k in range(1, 5):
        back = Drive(NOON + k * LATER, back=True, bias_m=off, accuracy_m=SD_M, seed=k)
        told = final(patrol.drive(back, HEAP))
        assert all(place.end_reason is None for place in told.values())


def test_from_a_way_that_shows_all_of_where_it_may_lie_it_is_clean() -> None:
    """In both directions: the way back is beyond it."""
    patrol = Patrol()
    patrol.drive(Drive(accuracy_m=SD_M), HEAP)
    back = Drive(NOON + LATER, back=True, east_m=11.0, accuracy_m=SD_M, seed=1)
    (once,) = final(patrol.drive(back)).values()
    later = replace(back, start=NOON + 2 * LATER, seed=2)
    (place,) = final(patrol.drive(later)).values()
    assert (once.end_reason, place.end_reason) == (None, "exposed")


@pytest.mark.parametrize(
    ("found_off_m", "off_m"),
    [((0.0, 0.0), (0.0, 2 * SD_M)), ((SD_M, -SD_M), (-SD_M, SD_M))],
    ids=["farther back", "farther back and beyond them"],
)
def test_behind_two_vans_nothing_is_clean_for_a_receiver_that_errs(
    found_off_m: tuple[float, float], off_m: tuple[float, float]
) -> None:
    """As the receiver has it, it lies where the street before them shows."""
    heap = Thing("garbage", 5.6, 30.0)
    vans = [Thing("car", 3.1, north, (5.0, 2.4)) for north in (26.5, 32.0)]
    patrol = Patrol()
    patrol.drive(Drive(bias_m=found_off_m, accuracy_m=SD_M), heap)
    for k in range(1, 5):
        there = Drive(
            NOON + k * LATER,
            bias_m=off_m,
            accuracy_m=SD_M,
            hides=True,
            seed=k,
        )
        told = final(patrol.drive(there, heap, *vans))
        heaps = [place for place in told.values() if place.kind == "garbage"]
        assert all(place.end_reason is None for place in heaps)


def test_a_pass_that_finds_something_there_begins_the_row_of_clean_ones_anew() -> None:
    """Overlooked, seen faintly and overlooked again is no proof."""
    patrol = Patrol()
    patrol.drive(Drive(accuracy_m=SD_M), HEAP)
    faint = Thing("garbage", 4.0, 30.0, score=0.3)
    for k, there in enumerate([[], [faint], []], 1):
        drive = Drive(NOON + k * LATER, accuracy_m=SD_M, seed=k)
        (place,) = final(patrol.drive(drive, *there)).values()
        assert place.end_reason is None
    (place,) = final(
        patrol.drive(Drive(NOON + 4 * LATER, accuracy_m=SD_M, seed=4))
    ).values()
    assert place.end_reason == "exposed"
