"""Laws of judgement, on painted streets with random circumstances."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenarios.stage import Stage, number
from tests.scenarios.world import LABELS, Actor, World, still
from vision.core.violations import Violation
from vision.rules.illegal_parking import IllegalParking, ParkingParams
from vision.rules.kinds import PlaceParams
from vision.rules.places import PlaceMemory

GRACE_S = 15.0
quick = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def stage_at(period_s: float = 1.0) -> Stage:
    rule = IllegalParking(ParkingParams(grace_s=GRACE_S, undecided_factor=1.0))
    memory = PlaceMemory("c1", LABELS, params=PlaceParams.for_period(period_s))
    return Stage([rule], memory=memory)


def visit(stay_s: float) -> Actor:
    here = [(8, 160, 120), (8 + stay_s, 160, 120)]
    return Actor("car", [(4, -40, 120), *here, (12 + stay_s, 380, 120)], look=3)


def lives(steps: list[Violation]) -> list[str]:
    return [step.lifecycle.value for step in steps]


@pytest.mark.parametrize("period_s", [0.04, 0.2, 0.5, 1.7, 2.0])
@pytest.mark.parametrize("stay_s", [12.0, 26.0])
def test_events_do_not_depend_on_the_sampling_rate(
    period_s: float, stay_s: float
) -> None:
    world = World([visit(stay_s)])
    end_s = 8 + stay_s + 20
    often = stage_at(period_s).play(world.film(end_s, period_s=period_s))
    seldom = stage_at(1.0).play(world.film(end_s))

    assert lives(often.steps) == lives(seldom.steps)
    for one, other in zip(often.steps, seldom.steps, strict=True):
        assert one.decided_s == pytest.approx(other.decided_s, abs=2 * max(1, period_s))


@quick
@given(drop=st.floats(0, 0.45), seed=st.integers(0, 99))
def test_dropped_frames_neither_add_nor_lose_events(drop: float, seed: int) -> None:
    film = World([visit(32)], seed=seed).film(65, period_s=0.5)
    kept = [
        shot for i, shot in enumerate(film) if (i * 7919 + seed) % 100 >= drop * 100
    ]
    stage = stage_at().play(kept)

    assert lives(stage.steps) == ["opened", "cleared"]
    assert stage.opened[0].place.observed_s <= stage.opened[0].place.elapsed_s


@quick
@given(scale=st.sampled_from([0.6, 1.0, 2.0, 3.3]))
def test_dwell_does_not_depend_on_resolution(scale: float) -> None:
    stage = stage_at().play(World([visit(32)], scale=scale).film(65))
    known = stage_at().play(World([visit(32)]).film(65))

    assert lives(stage.steps) == lives(known.steps)
    for one, other in zip(stage.steps, known.steps, strict=True):
        assert one.decided_s == pytest.approx(other.decided_s, abs=1.0)


@quick
@given(
    stay_s=st.floats(1, 60),
    jitter_px=st.floats(0, 1.5),
    drop=st.floats(0, 0.3),
    seed=st.integers(0, 999),
)
def test_no_event_opens_without_observed_dwell_of_grace(
    stay_s: float, jitter_px: float, drop: float, seed: int
) -> None:
    world = World([visit(stay_s)], seed=seed, jitter_px=jitter_px, drop=drop)
    stage = stage_at().play(world.film(8 + stay_s + 30))

    for step in stage.opened:
        assert number(step, "observed_s") >= GRACE_S
        assert step.place.observed_s >= GRACE_S
        assert step.place.observed_s <= stay_s + 2
    if stay_s < GRACE_S - 2:
        assert stage.steps == []


@quick
@given(start=st.floats(14, 28), length=st.floats(0.5, 9))
def test_a_detection_removed_for_less_than_the_patience_changes_nothing(
    start: float, length: float
) -> None:
    def seen(t: float) -> bool:
        return not start <= t < start + length

    with_gap = stage_at().play(World([replace(visit(32), detected=seen)]).film(65))
    without = stage_at().play(World([visit(32)]).film(65))

    assert lives(with_gap.steps) == lives(without.steps)
    for one, other in zip(with_gap.steps, without.steps, strict=True):
        assert one.decided_s == pytest.approx(other.decided_s, abs=1.0)
        assert one.event_id == other.event_id


@quick
@given(
    jumps=st.lists(st.floats(-50, 0), min_size=1, max_size=5), seed=st.integers(0, 9)
)
def test_time_that_runs_backwards_never_adds_dwell(
    jumps: list[float], seed: int
) -> None:
    stage = stage_at()
    film = list(World([Actor("car", still(160, 120, 0, 200))], seed=seed).film(40))
    shift_s = 0.0
    for frame, detections in film:
        if frame.index and frame.index % 8 == 0 and jumps:
            shift_s += jumps.pop()
        moved = replace(frame, media_time_s=frame.media_time_s + shift_s)
        stage.show(moved, detections)

    assert stage.places[0].observed_s <= 40 + 1e-6


@quick
@given(st.integers(0, 999))
def test_the_same_footage_gives_the_same_events(seed: int) -> None:
    def run() -> list[Violation]:
        world = World([visit(32)], seed=seed, jitter_px=1.0, drop=0.2)
        return stage_at().play(world.film(65)).steps

    assert run() == run()
