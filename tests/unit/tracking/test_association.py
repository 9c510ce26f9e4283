from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from tests.scenarios.world import LABELS, Actor, World, still
from vision.core.detections import Detections
from vision.core.tracks import Track
from vision.tracking.association import (
    _NEVER,
    AssociationTracker,
    TrackerParams,
    _best_pairs,
)


def follow(
    world: World, end_s: float, period_s: float = 1.0
) -> list[tuple[Track, ...]]:
    tracker = AssociationTracker(LABELS)
    film = world.film(end_s, period_s=period_s)
    return [tracker.update(frame, detections) for frame, detections in film]


@pytest.mark.parametrize("period_s", [0.04, 0.2, 1.0])
def test_a_driving_car_keeps_one_id_at_any_rate(period_s: float) -> None:
    car = Actor("car", [(0, 30, 120), (5, 290, 120)], size=(60, 36))

    seen = follow(World([car]), 5, period_s)

    assert {track.track_id for tracks in seen for track in tracks} == {1}
    vx, vy = seen[-1][0].velocity_px_s
    assert vx == pytest.approx(52, rel=0.1)
    assert vy == pytest.approx(0, abs=3)


def test_a_parked_car_keeps_its_id_while_another_passes_in_front() -> None:
    parked = Actor("car", still(160, 110, 0, 60))
    passing = Actor("car", [(5, -30, 140), (10, 350, 140)], look=5)

    seen = follow(World([parked, passing]), 15)

    assert {track.track_id for track in seen[-1]} == {1}
    assert max(abs(v) for v in seen[-1][0].velocity_px_s) < 2


def test_the_class_is_what_was_seen_most() -> None:
    labels = [(3.0, "truck"), (5.0, "car")]
    seen = follow(World([Actor("car", still(160, 110, 0, 60), labels=labels)]), 12)

    assert [(t.track_id, t.label) for t in seen[-1]] == [(1, "car")]


def test_different_kinds_do_not_trade_tracks() -> None:
    person = Actor("person", [(0, 150, 120), (4, 160, 120)], size=(20, 40))
    car = Actor("car", still(160, 120, 5, 20), size=(30, 40))

    seen = follow(World([person, car]), 8)
    assert {t.track_id: t.label for tracks in seen for t in tracks} == {
        1: "person",
        2: "car",
    }


def test_a_track_is_forgotten_in_seconds_and_its_id_never_used_again() -> None:
    gone = Actor("car", still(100, 110, 0, 2))
    later = Actor("car", still(100, 110, 8, 20))

    seen = follow(World([gone, later]), 12)

    assert seen[5] != ()
    assert seen[6] == ()
    assert [track.track_id for track in seen[-1]] == [2]


def test_weak_boxes_follow_but_do_not_begin() -> None:
    world = World([Actor("car", still(160, 110, 0, 60))])
    tracker = AssociationTracker(LABELS)
    for frame, detections in replace(world, score=0.3).film(3):
        assert tracker.update(frame, detections) == ()
    for frame, detections in world.film(5, start_s=4):
        tracker.update(frame, detections)
    weak = replace(world, score=0.3).film(20, start_s=6)
    seen = [tracker.update(frame, detections) for frame, detections in weak]
    assert [track.last_seen_s for track in seen[-1]] == [20]


def test_a_clock_that_jumps_back_starts_new_tracks() -> None:
    world = World([Actor("car", still(160, 110, 0, 60))])
    tracker = AssociationTracker(LABELS)
    tracker.update(world.frame(30.0), world.detect(30.0))

    (track,) = tracker.update(world.frame(2.0), world.detect(2.0))
    assert track.track_id == 2
    assert track.first_seen_s == 2.0


def test_two_boxes_at_one_moment_give_no_speed() -> None:
    world = World([Actor("car", [(0, 100, 110), (1, 140, 110)])])
    tracker = AssociationTracker(LABELS)
    tracker.update(world.frame(0.0), world.detect(0.0))

    (track,) = tracker.update(world.frame(0.0), world.detect(0.5))
    assert track.velocity_px_s == (0.0, 0.0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), most=st.integers(1, 30))
def test_tracks_are_bounded_for_any_input(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    tracker = AssociationTracker(LABELS, params=TrackerParams(max_tracks=most))
    frame = World([]).frame(0.0)
    ids: set[int] = set()
    for t in range(8):
        corner = rng.uniform(0, 300, (20, 2))
        boxes = np.hstack((corner, corner + rng.uniform(1, 60, (20, 2))))
        storm = Detections(
            boxes.astype(np.float32),
            rng.uniform(0, 1, 20).astype(np.float32),
            rng.integers(0, len(LABELS), 20),
        )
        tracks = tracker.update(replace(frame, media_time_s=float(t)), storm)
        assert len(tracks) == len(tracker) <= most
        assert len({track.track_id for track in tracks}) == len(tracks)
        ids |= {track.track_id for track in tracks}
    assert len(ids) >= most


@given(st.data())
def test_no_other_pairing_costs_less(data: st.DataObject) -> None:
    tracks, boxes = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    allowed = st.none() | st.floats(-1, 5)
    cost = {
        (t, b): paid
        for t in range(tracks)
        for b in range(boxes)
        if (paid := data.draw(allowed)) is not None
    }
    dense = np.full((tracks, boxes), _NEVER)
    for (t, b), paid in cost.items():
        dense[t, b] = paid
    rows, columns = linear_sum_assignment(dense)
    best = [paid for paid in dense[rows, columns].tolist() if paid < _NEVER]

    pairs = _best_pairs(cost)

    assert len({t for t, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    assert len(pairs) == len(best)
    assert sum(cost[pair] for pair in pairs) == pytest.approx(sum(best), abs=1e-6)
