"""Rain, dusk and night: what they do to looks, ground, view and detector together."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.world import Actor, World, still
from vision.core.observation import View
from vision.rules.garbage_pile import GarbageParams, GarbagePile
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.overflowing_bin import BinParams, OverflowingBin
from vision.view.check import CameraView

DUSK_S, SWITCH_S = 60.0, 160.0  # it grows dark from the one on; then infra-red
PARKED = Actor("car", still(160, 120, 5, 1000), size=(60, 36), look=3)
HEAP = Actor("garbage", still(60, 150, 5, 1000), size=(40, 26), look=7)
FULL_BIN = Actor("overflowing_bin", still(280, 150, 5, 1000), (24, 34), look=9)


def stage() -> Stage:
    rules = [
        IllegalParking(ParkingParams(grace_s=40)),
        GarbagePile(GarbageParams(dwell_s=40)),
        OverflowingBin(BinParams(dwell_s=40)),
    ]
    return Stage(rules, view=CameraView())


def raining(actors: Sequence[Actor], seed: int) -> World:
    """Return heavy rain: streaks, pale picture, shaky boxes, every fourth missed."""
    return World(actors, seed=seed, rain=4.0, drop=0.25, jitter_px=1.0, noise=5.0)


def nightfall(actors: Sequence[Actor]) -> World:
    """Return a street on which it grows dark until the camera switches to infra-red."""

    def light(t: float) -> float:
        if t >= SWITCH_S:
            return 1.0  # its own lamp
        return float(np.interp(t, [DUSK_S, SWITCH_S], [1.0, 0.3]))

    return World(
        actors, light=light, infrared=lambda t: t >= SWITCH_S, noise=4.0, drop=0.1
    )


def lives(shown: Stage) -> list[tuple[str, str]]:
    return [(step.slug.value, step.lifecycle.value) for step in shown.steps]


@pytest.mark.parametrize("seed", [1, 2])
def test_in_rain_each_violation_is_one_event(seed: int) -> None:
    shown = stage().play(raining([PARKED, HEAP, FULL_BIN], seed).film(160))

    assert sorted(lives(shown)) == [
        ("garbage_pile", "opened"),
        ("illegal_parking", "opened"),
        ("overflowing_bin", "opened"),
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_in_rain_a_queue_that_discharges_opens_nothing(seed: int) -> None:
    queue = [
        Actor(
            "car",
            [
                (5 + 2 * i, -60, 120),
                (9 + 2 * i, 240 - 80 * i, 120),
                (85 + 2 * i, 240 - 80 * i, 120),
                (89 + 2 * i, 420, 120),
            ],
            look=20 + i,
        )
        for i in range(3)
    ]
    shown = stage().play(raining(queue, seed).film(130))

    assert shown.steps == []


def test_reflections_and_rain_that_look_like_refuse_open_nothing() -> None:
    # frigate#6233, #7385, #9651: each lasts a moment, now here, now there.
    rng = np.random.default_rng(4)
    ghosts = [
        Actor(
            str(rng.choice(["garbage", "car", "overflowing_bin"])),
            still(float(rng.uniform(30, 290)), float(rng.uniform(70, 170)), t, t + 2.5),
            size=(30, 24),
            painted=False,
        )
        for t in range(0, 150, 3)
    ]
    shown = stage().play(raining(ghosts, 3).film(160))

    assert shown.steps == []


def test_in_rain_the_ground_is_recognised_when_the_refuse_is_gone() -> None:
    gone = Actor("garbage", still(60, 150, 20, 100), size=(40, 26), look=7)
    shown = stage().play(raining([gone], 1).film(140))

    assert lives(shown) == [("garbage_pile", "opened"), ("garbage_pile", "cleared")]
    assert shown.cleared[0].place.end_reason == "exposed"


def test_from_dusk_to_night_nothing_opens_twice_and_nothing_ends() -> None:
    shown = stage().play(nightfall([PARKED, HEAP, FULL_BIN]).film(300))

    assert sorted(lives(shown)) == [
        ("garbage_pile", "opened"),
        ("illegal_parking", "opened"),
        ("overflowing_bin", "opened"),
    ]
    assert {place.state.value for place in shown.places} == {"standing"}
    assert len(shown.places) == 3


def test_dwell_goes_on_through_the_switch_to_infra_red() -> None:
    late = Actor("car", still(160, 120, SWITCH_S - 30, 1000), size=(60, 36), look=3)
    shown = stage().play(nightfall([late]).film(260))

    (opened,) = shown.opened
    assert opened.started_s == pytest.approx(SWITCH_S - 30, abs=2)
    # Undecided: 1.5 x 40 s, and a few for the switch, in which nobody can see.
    assert opened.decided_s <= SWITCH_S - 30 + 60 + 12


def test_an_empty_street_from_dusk_to_night_opens_nothing() -> None:
    shown = stage().play(nightfall([]).film(300))

    assert shown.steps == []
    assert shown.observation is not None
    assert shown.observation.view.view is View.CLEAR


def test_what_leaves_by_night_is_cleared() -> None:
    leaving = Actor("car", [(5, 160, 120), (220, 160, 120), (224, 420, 120)], look=3)
    shown = stage().play(nightfall([leaving]).film(300))

    assert lives(shown) == [
        ("illegal_parking", "opened"),
        ("illegal_parking", "cleared"),
    ]


def test_headlights_by_night_open_and_end_nothing() -> None:
    def light(t: float) -> float:
        return 3.0 if int(t) % 25 < 2 else 0.35

    world = World([PARKED], light=light, infrared=lambda _t: True, noise=5.0)
    shown = stage().play(world.film(200))

    assert lives(shown) == [("illegal_parking", "opened")]
