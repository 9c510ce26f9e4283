"""What has gone is seen to go: the bare ground says so, whatever comes next."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest

from tests.scenarios.stage import Stage, number, play
from tests.scenarios.world import START, Actor, World, still
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.street_vending import StreetVending, VendingParams

PARKING = ParkingParams(grace_s=60)
SPOT = (160.0, 140.0)
DARK = 50  # a look that is darker than the street below, as on wheels


def never(_t: float) -> bool:
    return False


def unknown(end_s: float) -> Actor:
    """Return something large before the spot that the detector does not know."""
    x, y = SPOT
    path = still(x, y + 15, 40, end_s)
    return Actor("bus", path, size=(180, 100), look=8, detected=never)


def cycles(count: int, period_s: float) -> list[Actor]:
    """Return cars of one make that stop on one spot for 40 s each, as at a light."""
    x, y = SPOT
    cars = []
    for n in range(count):
        came_s = 10 + n * period_s
        path = [(came_s, x, y), (came_s + 40, x, y), (came_s + 41, 400.0, y)]
        cars.append(Actor("car", path, look=3))
    return cars


def test_the_next_car_of_a_queue_on_the_same_spot_is_another_one() -> None:
    # Each stands 40 s of 60; nobody drives by, so the traffic excuses none of them.
    stage = play(World(cycles(5, 50)), IllegalParking(PARKING), 270, period_s=2.0)

    assert stage.opened == []


def test_who_drives_over_the_ground_meanwhile_does_not_bring_a_car_back() -> None:
    x, y = SPOT
    passing = [
        Actor("car", [(t, x - 25, y), (t + 1, x + 5, y), (t + 2, 400, y)], look=3)
        for t in (54.0, 104.0, 154.0, 204.0)
    ]
    world = World([*cycles(5, 50), *passing])
    stage = play(world, IllegalParking(PARKING), 270)

    assert stage.opened == []


def test_who_drives_over_the_ground_is_not_reported_for_who_stood_there() -> None:
    # Alone at a light for 26 s of 30; then others have passed, and 20 s would do.
    x, y = SPOT
    stood = Actor("car", [(10, x, y), (36, x, y), (37, 400, y)], look=3)
    over = Actor("car", [(39, -60, y), (40, x, y), (41, 400, y)], look=3)
    beside = [
        Actor("car", [(t, -60, y + 30), (t + 5, 400, y + 30)], look=60 + i)
        for i, t in enumerate((15, 25, 34))
    ]
    rule = IllegalParking(ParkingParams(grace_s=20))
    stage = play(World([stood, over, *beside]), rule, 40, period_s=2.0)
    (candidate,) = rule.candidates()
    stage.play(World([stood, over, *beside]).film(70, period_s=2.0, start_s=42))

    assert number(candidate, "passed_vehicles") == 3
    assert number(candidate, "sights_in_a_row") == 1
    assert stage.opened == []


@pytest.mark.parametrize("period_s", [0.5, 2.0])
def test_a_car_that_the_detector_misses_is_not_gone(period_s: float) -> None:
    blink = Actor("car", still(*SPOT, 10, 200), look=3, detected=lambda t: t % 20 < 10)
    stage = play(World([blink]), IllegalParking(PARKING), 150, period_s=period_s)

    assert len(stage.opened) == 1


@pytest.mark.parametrize("period_s", [0.5, 2.0])
def test_a_car_behind_a_bus_that_the_detector_does_not_know_is_not_gone(
    period_s: float,
) -> None:
    x, y = SPOT
    car = Actor("car", still(x, y, 0, 200), look=3)
    bus = unknown(64)
    stage = play(World([car, bus]), IllegalParking(PARKING), 140, period_s=period_s)

    (opening,) = stage.opened
    assert opening.started_at == START


@pytest.mark.parametrize("came_s", [0, 20], ids=["never seen", "known"])
def test_a_car_behind_something_no_larger_that_the_detector_does_not_know_is_not_gone(
    came_s: float,
) -> None:
    """Whether or not the ground under it is known: it reaches lower, being nearer."""
    x, y = SPOT
    car = Actor("car", still(x, y, came_s, 220), look=3)
    path = still(x + 4, y + 9, 50, 84)
    van = Actor("van", path, look=DARK, detected=never)
    stage = play(World([car, van]), IllegalParking(PARKING), 160)

    (opening,) = stage.opened
    assert opening.started_at == START + timedelta(seconds=came_s)


def test_a_car_that_left_beside_another_is_gone() -> None:
    x, y = SPOT
    car = Actor("car", still(x, y, 0, 40), look=3)
    beside = Actor("car", still(x + 62, y, 0, 200), look=4)
    stage = play(World([car, beside]), IllegalParking(PARKING), 52)

    assert len(stage.places) == 1


def test_a_car_is_gone_though_its_ground_lies_in_another_light_by_then() -> None:
    # Its own shade, goods that it unloads: what it leaves is not what it came upon.
    x, y = SPOT
    first = Actor("car", still(x, y, 20, 60), look=3)
    goods = Actor("goods", still(x, y, 59, 900), size=(50, 30), look=9, detected=never)
    again = Actor("car", still(x, y, 90, 150), look=3)
    stage = play(World([first, goods, again]), IllegalParking(PARKING), 150)

    assert stage.opened == []


def test_what_stands_in_front_unknown_for_minutes_is_the_new_street() -> None:
    x, y = SPOT
    car = Actor("car", still(x, y, 0, 40), look=3)
    kiosk = unknown(900)
    world = World([car, kiosk])

    assert len(play(world, IllegalParking(PARKING), 100).places) == 1
    assert play(world, IllegalParking(PARKING), 200).places == ()


def seen_through(end_s: float, gone_s: float) -> Iterator[tuple[Frame, Detections]]:
    """Yield a street with a rack through which one sees the wall, until it goes."""
    x, y = SPOT
    rack = Actor("street_vendor", still(x, y, 10, gone_s), look=4, size=(40, 36))
    tender = Actor("person", still(x - 26, y, 10, gone_s), look=5, size=(12, 30))
    whole, bare = World([rack, tender], noise=0), World([tender], noise=0)
    for (frame, found), (empty, _) in zip(
        whole.film(end_s, period_s=2), bare.film(end_s, period_s=2), strict=True
    ):
        mixed = frame.image * 0.25 + empty.image * 0.75
        picture = np.asarray(np.rint(mixed), np.uint8)
        yield (
            Frame("c1", frame.index, frame.media_time_s, frame.captured_at, picture),
            (found),
        )


def test_a_stall_seen_through_is_gone_when_only_the_wall_is_left() -> None:
    params = VendingParams(dwell_s=90)
    stage = Stage([StreetVending(params)]).play(seen_through(200, 70))

    assert stage.opened == []
    assert stage.places == ()


def test_a_bonnet_that_is_found_by_itself_is_no_second_car() -> None:
    x, y = SPOT
    car = Actor("car", still(x, y, 0, 300), look=3)
    bonnet = Actor("car", still(x - 14, y + 1, 20, 300), size=(30, 26), painted=False)
    stage = play(World([car, bonnet]), IllegalParking(PARKING), 150)

    assert len(stage.opened) == 1
    assert len(stage.places) == 1


def test_a_car_before_a_bus_and_a_motorcycle_before_a_car_are_things_of_their_own() -> (
    None
):
    bus = Actor("bus", still(100, 140, 0, 300), size=(150, 90), look=3)
    car = Actor("car", still(100, 150, 20, 300), size=(60, 36), look=4)
    other = Actor("car", still(240, 140, 0, 300), look=5)
    rider = Actor("motorcycle", still(240, 142, 20, 300), size=(34, 24), look=6)
    stage = play(World([bus, car, other, rider]), IllegalParking(PARKING), 60)

    assert sorted(p.label for p in stage.places) == ["bus", "car", "car", "motorcycle"]
