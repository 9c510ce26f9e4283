"""More of what goes wrong elsewhere (see `test_peer_failures`): views, gaps, alarms."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.scenarios.stage import Stage, number
from tests.scenarios.test_peer_failures import PARKED, parking
from tests.scenarios.world import LABELS, Actor, World, still, street
from vision.core.arrays import ImageU8
from vision.core.observation import View
from vision.core.scene import Scene, Zone
from vision.rules.garbage_pile import GarbageParams, GarbagePile
from vision.rules.overflowing_bin import BinParams, OverflowingBin
from vision.tracking.association import AssociationTracker
from vision.view.check import CameraView


def test_a_switch_to_infrared_makes_no_new_event() -> None:  # frigate#2842, #2556
    world = World([PARKED], infrared=lambda t: t >= 60)

    stage = Stage([parking()], view=CameraView()).play(world.film(160))

    assert [step.lifecycle.value for step in stage.steps] == ["opened"]


def test_a_bin_and_a_heap_that_stand_for_long_alert_once() -> None:  # frigate#879
    actors = [
        Actor("overflowing_bin", still(250, 150, 0, 9000), size=(24, 34), look=9),
        Actor("garbage", still(60, 150, 0, 9000), size=(40, 26), look=7),
    ]
    rules = [
        GarbagePile(GarbageParams(dwell_s=30)),
        OverflowingBin(BinParams(dwell_s=30)),
    ]
    world = World(actors, drop=0.4, jitter_px=1.0)

    stage = Stage(rules).play(world.film(900, period_s=2.0))

    assert sorted(step.slug.value for step in stage.steps) == [
        "garbage_pile",
        "overflowing_bin",
    ]


def test_flickering_boxes_on_foliage_open_nothing() -> (
    None
):  # frigate#6233, viseron#129
    leaves = [
        Actor(
            "garbage",
            still(80 + 15 * i, 150, 0, 300),
            size=(26, 20),
            painted=False,
            detected=lambda t, i=i: int(t) % 7 == i,  # type: ignore[misc]  # one default
        )
        for i in range(7)
    ]
    stage = Stage([GarbagePile(GarbageParams(dwell_s=30))])

    assert stage.play(World(leaves).film(250)).steps == []


def test_one_frame_out_of_the_zone_does_not_reset_the_timer() -> (
    None
):  # time_in_zone, inference PR#671
    half = Zone(
        "half", "no_parking", ((0.0, 0.0), (1.0, 0.0), (1.0, 0.66), (0.0, 0.66))
    )
    stage = Stage([parking(60)], scene=Scene("c1", "s", (half,)))
    for frame, detections in World([PARKED]).film(80):
        if frame.index == 40:
            below = detections.xyxy + np.array([0, 14, 0, 14], np.float32)
            detections = replace(detections, xyxy=below)  # noqa: PLW2901 one bad box
        stage.show(frame, detections)

    assert len(stage.opened) == 1
    assert stage.opened[0].decided_s <= 5 + 60 + 3


def test_it_fires_once_and_not_every_frame() -> None:  # PP-Vehicle
    stage = Stage([parking()]).play(World([PARKED]).film(120, period_s=0.2))

    assert len(stage.steps) == 1


def test_alerts_are_not_dropped_by_a_cooldown() -> (
    None
):  # BXC, inference's webhook sink
    # Another car elsewhere a second later, and one long after: each is its own event.
    second = Actor("car", still(60, 120, 6, 300), look=8)
    third = Actor("car", still(260, 120, 150, 300), look=9)

    stage = Stage([parking()]).play(World([PARKED, second, third]).film(250))

    assert len(stage.opened) == 3
    assert len({step.event_id for step in stage.opened}) == 3


def test_what_drives_through_a_bay_is_not_parked_in_it() -> None:  # ParkingManagement
    through = [
        Actor("car", [(t, -60, 120), (t + 5, 390, 120)], look=t)
        for t in range(0, 200, 6)
    ]

    assert Stage([parking()]).play(World(through).film(200)).steps == []


@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_stillness_is_no_pixel_count(scale: float) -> None:  # PP-Vehicle's 50 px
    creeping = Actor("car", [(0, 20, 120), (260, 300, 120)], size=(80, 40), look=4)

    stage = Stage([parking()]).play(World([creeping], scale=scale).film(120))

    assert stage.steps == []


@pytest.mark.parametrize("fps", [5.0, 12.5])
def test_a_car_that_creeps_along_with_its_mean_box_is_not_stationary(
    fps: float,
) -> None:  # frigate's norfair rule
    # 3 % of its width per picture at 5 fps: below every frame-to-frame threshold.
    creeping = Actor("car", [(0, -40, 120), (38, 420, 120)], size=(80, 40), look=4)

    stage = Stage([parking(10)]).play(World([creeping]).film(38, period_s=1 / fps))

    assert stage.steps == []
    assert stage.rules[0].candidates() == []


def test_an_occlusion_for_longer_than_five_seconds_does_not_end_the_object() -> (
    None
):  # frigate's max_disappeared, norfair#223, supervision#1805
    bus = Actor(
        "bus", [(50, -150, 150), (53, 160, 150), (75, 160, 150), (78, 500, 150)]
    )
    wide = replace(bus, size=(180, 100), look=5)

    stage = Stage([parking()]).play(World([PARKED, wide]).film(180))

    assert [step.lifecycle.value for step in stage.steps] == ["opened"]


def test_ids_that_are_new_in_every_picture_change_nothing() -> (
    None
):  # norfair#299, #998
    stage = Stage([parking(60)])
    for frame, detections in World([PARKED]).film(90):
        stage.tracker = AssociationTracker(LABELS)
        stage.show(frame, detections)

    assert len(stage.opened) == 1
    assert number(stage.opened[0], "observed_s") <= 62


def test_somebody_can_ask_how_long_it_has_stood() -> None:  # frigate#12746, #17562
    stage = Stage([parking(60)]).play(World([PARKED]).film(46))

    (candidate,) = stage.rules[0].candidates()
    assert number(candidate, "observed_s") == pytest.approx(41, abs=2)


def _grey(_image: ImageU8) -> ImageU8:
    return np.full((180, 320, 3), 128, np.uint8)


def _smeared(image: ImageU8) -> ImageU8:
    torn = image.copy()
    torn[90:] = torn[90]
    return torn


@pytest.mark.parametrize("spoil", [_grey, _smeared])
def test_a_corrupt_frame_with_ret_true_adds_no_dwell_and_ends_nothing(
    spoil: Callable[[ImageU8], ImageU8],
) -> None:  # opencv#28638
    stage = Stage([parking(60)], view=CameraView())
    for frame, detections in World([PARKED]).film(140):
        bad = 30 <= frame.index < 60
        shown = replace(frame, picture=spoil(frame.image)) if bad else frame
        stage.show(shown, detections)

    (opened,) = stage.opened
    assert opened.decided_s >= 5 + 60 + 30 - 2
    assert len(stage.steps) == 1


def test_a_frozen_stream_adds_no_dwell() -> None:  # opencv#5730, frigate's watchdog
    stage = Stage([parking(60)], view=CameraView())
    still_image = None
    for frame, detections in World([PARKED]).film(200):
        if 30 <= frame.index < 150:
            still_image = frame.image if still_image is None else still_image
            frame = replace(frame, picture=still_image)  # noqa: PLW2901 what it shows
        stage.show(frame, detections)

    (opened,) = stage.opened
    # The freeze is believed after 30 s only.
    assert opened.decided_s >= 5 + 60 + 90 - 3


def test_a_ptz_camera_that_looks_elsewhere_keeps_its_places_and_its_clock() -> (
    None
):  # frigate#1179
    home, market = street(7), street(99)
    zones = (
        Zone("kerb", "no_parking", ((0, 0), (1, 0), (1, 1), (0, 1)), preset="home"),
    )
    view = CameraView(presets={"home": home, "market": market})
    stage = Stage([parking(60)], scene=Scene("c1", "s", zones), view=view)
    here, there = World([PARKED]), World([], seed=99)
    for t in range(200):
        world = there if 40 <= t < 100 else here
        stage.show(world.frame(float(t), t), world.detect(float(t)))
        if t == 70:
            assert stage.observation is not None
            assert stage.observation.view.preset == "market"

    (opened,) = stage.opened
    assert opened.place.preset == "home"
    assert opened.decided_s == pytest.approx(5 + 60 + 60, abs=8)
    assert len(stage.steps) == 1


def test_a_camera_that_is_turned_away_says_moved_and_not_clear() -> None:  # #21664
    stage = Stage([parking(60)], view=CameraView())
    other = World([], seed=99)
    for t in range(90):
        world = other if t >= 30 else World([PARKED])
        stage.show(world.frame(float(t), t), world.detect(float(t)))

    assert stage.observation is not None
    assert stage.observation.view.view is View.MOVED
    assert stage.steps == []
