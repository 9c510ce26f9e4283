"""Time before a rule watched a camera does not count for it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.scenarios.world import START, Actor, World, still
from tests.unit.bootstrap.starts import start
from vision.core.scene import Zone
from vision.rules.garbage_pile import GarbageParams, GarbagePile
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.overflowing_bin import BinParams, OverflowingBin
from vision.rules.place_rule import PlaceRule
from vision.rules.street_vending import StreetVending, VendingParams

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
ZONES = tuple(
    Zone(kind, kind, WHOLE) for kind in ("no_parking", "clean", "bin", "no_vending")
)
HEAP = Actor("garbage", still(100, 120, 20, 10**6), (50, 30), look=4)
CAR = Actor("car", still(100, 120, 5, 10**6), look=3)
FULL = Actor("overflowing_bin", still(100, 120, 5, 10**6), (24, 34), look=6)
STALL = Actor("street_vendor", still(100, 120, 5, 10**6), (40, 36), look=11)
SELLER = Actor("person", still(78, 120, 5, 10**6), (14, 34), look=300)


def heaps() -> PlaceRule:
    return GarbagePile(GarbageParams(dwell_s=60))


def parking() -> PlaceRule:
    return IllegalParking(ParkingParams(grace_s=60, undecided_factor=1.0))


def bins() -> PlaceRule:
    return OverflowingBin(BinParams(dwell_s=60))


def vending() -> PlaceRule:
    return StreetVending(VendingParams(dwell_s=60))


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize(
    ("rule", "actors"),
    [
        (heaps, [HEAP]),
        (parking, [CAR]),
        (bins, [FULL]),
        (vending, [STALL, SELLER]),
    ],
)
def test_a_rule_that_is_added_counts_from_then_on(
    tmp_path: Path, rule: Callable[[], PlaceRule], actors: list[Actor], *, killed: bool
) -> None:
    world = World(actors)
    without = start(tmp_path, ZONES)
    without.watch(world, 0, 300)
    without.memory.save(ended=True)
    run = start(tmp_path, ZONES, rule())
    if killed:  # before its first picture
        run = start(tmp_path, ZONES, rule())

    (opened,) = run.watch(world, 310, 400)
    assert opened.decided_s == pytest.approx(370, abs=2)
    assert opened.started_at == START + timedelta(seconds=310)
    assert opened.place.first_seen_at <= START + timedelta(seconds=20)


def test_time_during_which_a_rule_was_away_does_not_count(tmp_path: Path) -> None:
    """What it had counted before does."""
    later = replace(HEAP, path=still(220, 120, 100, 10**6), look=9)
    run = start(tmp_path, ZONES, heaps())
    assert run.watch(World([HEAP]), 0, 50) == []  # thirty of sixty seconds
    run.memory.save(ended=True)
    absent = start(tmp_path, ZONES)
    absent.watch(World([HEAP, later]), 50, 250)
    absent.memory.save(ended=True)

    back = start(tmp_path, ZONES, heaps())
    known, new = back.watch(World([HEAP, later]), 260, 400)
    assert known.decided_s == pytest.approx(290, abs=2)
    assert new.decided_s == pytest.approx(320, abs=2)
