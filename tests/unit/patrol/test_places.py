import json
from datetime import timedelta

import numpy as np
import pytest

from tests.unit.patrol.street import (
    NOON,
    PLANE,
    Drive,
    Patrol,
    Thing,
    final,
)
from vision.core.errors import ConfigError
from vision.core.places import Place
from vision.patrol.params import PatrolParams

HEAP = Thing("garbage", 4.0, 30.0)
CAR = Thing("car", 4.0, 30.0, (4.2, 1.5))
LATER = timedelta(minutes=10)


def metres(place: Place) -> np.ndarray:
    assert place.geo is not None
    return np.array(PLANE.metres(place.geo.lat, place.geo.lon))


def test_one_pass_puts_a_heap_on_the_map() -> None:
    (place,) = final(Patrol().drive(Drive(), HEAP)).values()
    assert (place.kind, place.label) == ("garbage", "garbage")
    assert np.hypot(*(metres(place) - (4, 30))) < 1.0
    assert place.geo is not None
    assert place.geo.accuracy_m == pytest.approx(10, abs=1)  # the receiver's 4 m
    assert place.passes is not None
    assert place.passes.count == 1
    assert place.passes.size_m[0] == pytest.approx(1.2, abs=0.3)


def test_the_accuracy_holds_what_it_says() -> None:
    """Of a receiver that is as wrong as it says, on a road that is not quite flat."""
    inside = 0
    drives = 60
    for seed in range(drives):
        rng = np.random.default_rng(1000 + seed)
        bias = rng.normal(0, 3.0, 2)
        drive = Drive(
            bias_m=(bias[0], bias[1]),
            accuracy_m=3.0,
            pitch_off_deg=rng.normal(0, 0.7),
            seed=seed,
        )
        for place in final(Patrol().drive(drive, HEAP)).values():
            off = float(np.hypot(*(metres(place) - (4, 30))))
            assert place.geo is not None
            assert place.geo.accuracy_m is not None
            inside += off <= place.geo.accuracy_m
    assert inside >= 0.88 * drives


def test_a_pitch_that_is_wrong_by_two_degrees_is_found_out_by_moving() -> None:
    (place,) = final(Patrol().drive(Drive(pitch_off_deg=2), HEAP)).values()
    assert np.hypot(*(metres(place) - (4, 30))) < 2.0


@pytest.mark.parametrize(
    "car",
    [
        Thing("car", 0.5, 14.0, (1.8, 1.5), speed=(0, 7.0)),
        Thing("car", 0.5, 12.0, (1.8, 1.5), speed=(0, 9.0)),
        Thing("car", 4.0, 60.0, (1.8, 1.5), speed=(0, -9.0)),
        Thing("car", 20.0, 25.0, (4.2, 1.5), speed=(-6.0, 0)),
    ],
    ids=["ahead, as fast as we", "ahead, faster", "oncoming", "crossing"],
)
def test_what_drives_is_no_place(car: Thing) -> None:
    for seed in range(8):
        assert final(Patrol().drive(Drive(seed=seed), car)) == {}


@pytest.mark.parametrize(
    ("our_mps", "car_mps"), [(1.0, 0.6), (1.0, 0.9), (1.0, 1.2), (3.0, 1.2), (4.5, 2.0)]
)
def test_what_creeps_along_in_a_jam_is_no_place(our_mps: float, car_mps: float) -> None:
    for seed in range(2):
        jam = Drive(speed_mps=our_mps, north_m=(0, 40), seed=seed)
        car = Thing("car", 3.2, 12.0, (4.2, 1.5), speed=(0, car_mps))
        assert final(Patrol().drive(jam, car)) == {}


def test_what_stays_by_its_kind_is_placed_at_forty_kilometres_an_hour() -> None:
    """Ten looks tell a speed to a metre per second only, and a heap has none."""
    heap = Thing("garbage", 5.6, 30.0, (1.3, 0.95))
    placed = 0
    for seed in range(20):
        drive = Drive(speed_mps=11.0, jitter_m=0.3, box_px=4.0, seed=seed)
        placed += len(final(Patrol().drive(drive, heap)))
    assert placed >= 18


def test_refuse_that_is_wheeled_along_the_kerb_is_no_place() -> None:
    placed = 0
    for seed in range(10):
        drive = Drive(speed_mps=7.0, jitter_m=0.3, box_px=4.0, seed=seed)
        cart = Thing("garbage", 5.6, 30.0, (1.3, 0.95), speed=(0, 1.5))
        placed += len(final(Patrol().drive(drive, cart)))
    assert placed <= 2


@pytest.mark.parametrize("cart_mps", [3.0, 7.0, -9.0])
def test_a_bin_that_is_driven_along_is_no_place(cart_mps: float) -> None:
    cart = Thing("bin", 4.0, 25.0 if cart_mps > 0 else 60.0, speed=(0, cart_mps))
    for seed in range(6):
        drive = Drive(jitter_m=0.3, box_px=4.0, seed=seed)
        assert final(Patrol().drive(drive, cart)) == {}


def test_who_stands_learns_nothing() -> None:
    drive = Drive(speed_mps=0, north_m=(22, 22), jitter_m=0.3)
    assert final(Patrol().drive(drive, HEAP, CAR)) == {}


def test_standing_before_it_is_no_second_pass() -> None:
    patrol = Patrol()
    patrol.drive(Drive(north_m=(0, 24)), CAR)
    minute = timedelta(seconds=90)
    told = patrol.drive(Drive(start=NOON + minute, speed_mps=0, north_m=(24, 24)), CAR)
    told += patrol.drive(Drive(start=NOON + 2 * minute, north_m=(24, 60)), CAR)
    (place,) = final(told).values()
    assert place.passes is not None
    assert place.passes.count == 1


def test_a_second_pass_finds_the_same_heap_though_the_receiver_errs_otherwise() -> None:
    patrol = Patrol()
    patrol.drive(Drive(bias_m=(2, -3)), HEAP)
    told = patrol.drive(Drive(start=NOON + LATER, bias_m=(-3, 2), seed=1), HEAP)
    (place,) = final(told).values()
    assert place.passes is not None
    assert place.passes.count == 2
    assert place.passes.apart_s == pytest.approx(600, abs=10)
    assert place.elapsed_s == pytest.approx(600, abs=10)


def test_a_heap_is_one_though_the_receiver_drifted_while_we_stood_near_by() -> None:
    patrol = Patrol()
    patrol.drive(Drive(north_m=(0, 45)), HEAP)
    back = NOON + timedelta(minutes=4)  # it never was 40 m away
    told = patrol.drive(Drive(start=back, bias_m=(-3, 5), seed=1), HEAP)
    (place,) = final(told).values()
    assert place.passes is not None
    assert place.passes.count == 1


def test_the_same_footage_again_changes_nothing() -> None:
    patrol = Patrol()
    first = final(patrol.drive(Drive(), HEAP, CAR))
    again = final(patrol.drive(Drive(), HEAP, CAR))
    assert first.keys() == again.keys()
    assert all(p.passes is not None and p.passes.count == 1 for p in again.values())


@pytest.mark.parametrize("leaps_s", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5])
def test_nothing_lies_where_the_receiver_leapt_to_for_two_seconds(
    leaps_s: float,
) -> None:
    drive = Drive(leap_s=(leaps_s, leaps_s + 2.0))
    for place in final(Patrol().drive(drive, HEAP)).values():
        assert np.hypot(*(metres(place) - (4, 30))) < 2.0


def test_two_heaps_four_metres_apart_are_two() -> None:
    other = Thing("garbage", 4.0, 34.0)
    assert len(final(Patrol().drive(Drive(), HEAP, other))) == 2


def test_the_next_car_in_the_bay_is_another() -> None:
    patrol = Patrol()
    (first,) = final(patrol.drive(Drive(), CAR)).values()
    white = Thing("car", 4.0, 30.0, (4.2, 1.5), colour=(230, 230, 230))
    told = final(patrol.drive(Drive(start=NOON + LATER, seed=1), white))
    assert told[first.place_id].end_reason == "replaced"
    (second,) = (p for p in told.values() if p.place_id != first.place_id)
    assert second.passes is not None
    assert second.passes.count == 1


@pytest.mark.parametrize("metres_on", [6, 10])
def test_a_newcomer_one_bay_before_takes_no_car_away(metres_on: float) -> None:
    """The one that stood there is yet to come into view."""
    patrol = Patrol()
    known = Thing("car", 4.0, 30.0 + metres_on, (4.2, 1.5))
    (first,) = final(patrol.drive(Drive(), known)).values()
    white = Thing("car", 4.0, 30.0, (4.2, 1.5), colour=(230, 230, 230))
    told = final(patrol.drive(Drive(start=NOON + LATER, seed=1), white, known))
    assert all(place.end_reason is None for place in told.values())
    again = told[first.place_id].passes
    assert again is not None
    assert again.count == 2


def test_what_nobody_passed_for_a_month_is_lost_not_cleared() -> None:
    patrol = Patrol()
    patrol.drive(Drive(), HEAP)
    told = patrol.drive(
        Drive(start=NOON + timedelta(days=31), east_m=500.0, north_m=(0, 5))
    )
    (place,) = final(told).values()
    assert place.end_reason == "lost"


def test_streets_full_of_cars_push_out_cars_and_no_heap() -> None:
    patrol = Patrol(params=PatrolParams(max_spots=3))
    patrol.drive(Drive(), HEAP)
    row = [Thing("car", 4.0, 110.0 + 10 * k, (4.2, 1.5)) for k in range(5)]
    start = NOON + timedelta(minutes=1)
    told = final(patrol.drive(Drive(start=start, north_m=(90, 160)), *row))
    lost = [place for place in told.values() if place.end_reason is not None]
    assert {(place.kind, place.end_reason) for place in lost} == {("vehicle", "lost")}
    assert len(patrol.places.place_ids) == 3
    heap = final(patrol.drive(Drive(start=NOON + LATER, seed=1), HEAP))
    assert {p.passes.count for p in heap.values() if p.passes is not None} == {2}


def test_memory_outlives_a_restart() -> None:
    patrol = Patrol()
    patrol.drive(Drive(), HEAP, Thing("car", -3.0, 40.0, (4.2, 1.5)))
    stored = json.loads(json.dumps(patrol.places.state()))
    other = Patrol()
    other.places.restore(stored)
    assert json.loads(json.dumps(other.places.state())) == stored
    told = other.drive(Drive(start=NOON + LATER, seed=1), HEAP)
    heap = next(p for p in final(told).values() if p.kind == "garbage")
    assert heap.passes is not None
    assert heap.passes.count == 2


def test_of_many_passes_the_looks_of_two_are_kept_and_the_first_of_all() -> None:
    """A street of parked cars is written every few seconds."""
    patrol = Patrol()
    for k in range(6):
        patrol.drive(Drive(start=NOON + k * LATER, seed=k), CAR)
        assert len(patrol.places.state()["spots"]) == 1
    (spot,) = patrol.places.state()["spots"]
    passes = spot["passes"]
    assert len(json.dumps(spot)) < 2_500
    assert passes[0]["began_at"].startswith("2026-11-27T12:00")
    assert [one.get("look") is not None for one in passes] == [False, False, True, True]
    other = Patrol()
    other.places.restore(json.loads(json.dumps(patrol.places.state())))
    told = final(other.drive(Drive(start=NOON + 6 * LATER, seed=6), CAR))
    ((_, place),) = told.items()
    assert place.passes is not None
    assert place.passes.count == 7
    assert place.elapsed_s == pytest.approx(3600, abs=10)
    assert place.passes.likeness == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("spread", [0.0, 0.0, 0.0, 0.0]),
        ("within", [float("nan"), 0.0, 0.0, 1.0]),
        ("began_at", "2026-11-27T12:00:00"),
        ("votes", {}),
        ("votes", ["garbage"]),
        ("looks", [4, 0]),
    ],
)
def test_a_damaged_pass_is_refused_before_anything_is_reckoned_with_it(
    member: str, value: object
) -> None:
    patrol = Patrol()
    patrol.drive(Drive(), HEAP)
    stored = json.loads(json.dumps(patrol.places.state()))
    stored["spots"][0]["passes"][0][member] = value
    with pytest.raises(ConfigError, match="stored places of patrol"):
        Patrol().places.restore(stored)


def test_looks_that_were_stored_number_by_number_are_read() -> None:
    patrol = Patrol()
    patrol.drive(Drive(), CAR)
    stored = json.loads(json.dumps(patrol.places.state()))
    stored["spots"][0]["passes"][0]["look"] = [0.0] * 127 + [1.0]
    other = Patrol()
    other.places.restore(stored)
    (spot,) = other.places.state()["spots"]
    assert isinstance(spot["passes"][0]["look"], str)


@pytest.mark.parametrize(
    "record",
    [{}, {"version": 9, "spots": []}, {"version": 1, "spots": [{"kind": "garbage"}]}],
)
def test_a_damaged_memory_is_refused_in_words(record: object) -> None:
    with pytest.raises(ConfigError, match="stored places of patrol"):
        Patrol().places.restore(record)
