from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import START, frame, place, violation
from tests.unit.evidence.scenes import (
    decided,
    observed,
    passed,
    standing,
    street,
)
from vision.core.arrays import ImageU8
from vision.core.places import Place, PlaceState, Stretch
from vision.core.violations import Fact
from vision.evidence.dwell import DwellRecord
from vision.evidence.life import life_of, timed
from vision.evidence.pictures import decode
from vision.evidence.store import PackageStore
from vision.evidence.timeline import STATE_COLOUR, draw_timeline


def _seen(
    at_s: float,
    observed_s: float,
    state: PlaceState = PlaceState.STANDING,
    *,
    first_seen_s: float = 0.0,
    timeline: tuple[Stretch, ...] = (),
) -> Place:
    return replace(
        place(frame()),
        first_seen_s=first_seen_s,
        last_seen_s=at_s,
        observed_s=observed_s,
        state=state,
        timeline=timeline,
    )


def _record(*seen: tuple[float, float, PlaceState]) -> tuple[DwellRecord, Place]:
    record = DwellRecord()
    last = _seen(0.0, 0.0, PlaceState.STANDING)
    for index, (at_s, observed_s, state) in enumerate(seen):
        last = _seen(at_s, observed_s, state)
        record.observe(observed(frame(index=index, at_s=at_s), last))
    return record, last


def _colour_at(image: ImageU8, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(value) for value in image[y, x, ::-1])


def test_the_curve_stands_still_while_something_is_in_front() -> None:
    record, last = _record(
        (0.0, 0.0, PlaceState.STANDING),
        (10.0, 10.0, PlaceState.STANDING),
        (11.0, 10.0, PlaceState.OCCLUDED),
        (30.0, 10.0, PlaceState.STANDING),
        (40.0, 20.0, PlaceState.STANDING),
    )

    points = dict(record.of(last))

    assert points[11.0] == points[30.0] == 10.0
    assert points[40.0] == 20.0


def test_a_place_that_is_gone_is_forgotten() -> None:
    record, last = _record((5.0, 5.0, PlaceState.STANDING))
    record.observe(observed(frame(at_s=9.0)))

    assert record.of(last) == ((0.0, 0.0), (5.0, 5.0))
    assert record._cameras == {"gate": {}}


def test_a_clock_that_starts_anew_starts_the_curve_anew() -> None:
    record, _ = _record(
        (0.0, 0.0, PlaceState.STANDING), (90.0, 90.0, PlaceState.STANDING)
    )
    moved = _seen(3.0, 90.0, PlaceState.STANDING, first_seen_s=-87.0)
    record.observe(observed(frame(at_s=3.0), moved))

    assert record.of(moved) == ((-87.0, 0.0), (3.0, 90.0))


@settings(max_examples=30)
@given(
    steps=st.lists(st.sampled_from([0.04, 0.5, 3.0, 60.0]), min_size=1, max_size=200),
    states=st.lists(st.sampled_from(list(PlaceState)[:3]), min_size=200, max_size=200),
)
def test_a_curve_is_bounded_and_rises_whatever_happens(
    steps: list[float], states: list[PlaceState]
) -> None:
    record, at_s, dwell_s = DwellRecord(), 0.0, 0.0
    last = _seen(0.0, 0.0)
    for step_s, state in zip(steps, states, strict=False):
        at_s += step_s
        dwell_s += step_s if state is PlaceState.STANDING else 0.0
        last = _seen(at_s, dwell_s, state)
        record.observe(observed(frame(at_s=at_s), last))

    points = record.of(last)

    assert len(points) <= 66
    assert [list(axis) for axis in zip(*points, strict=True)] == [
        sorted(axis) for axis in zip(*points, strict=True)
    ]
    assert points[-1] == (at_s, dwell_s)


def test_states_are_drawn_where_they_were_in_time() -> None:
    stretches = (
        (PlaceState.STANDING, 0.0),
        (PlaceState.OCCLUDED, 25.0),
        (PlaceState.MISSING, 50.0),
        (PlaceState.STANDING, 75.0),
    )
    car = _seen(
        100.0,
        50.0,
        PlaceState.STANDING,
        timeline=tuple(
            Stretch(state, at_s, START + timedelta(seconds=at_s))
            for state, at_s in stretches
        ),
    )
    step = replace(violation(frame(at_s=100.0)), place=car, decided_s=100.0)

    image = draw_timeline(life_of(step, [], camera="解放路"))

    drawn = [_colour_at(image, 84 + share * 1166 // 100, 119) for share in (12, 37, 62)]
    assert drawn == [
        STATE_COLOUR[state]
        for state in (PlaceState.STANDING, PlaceState.OCCLUDED, PlaceState.MISSING)
    ]


@pytest.mark.parametrize("apart", [timedelta(minutes=10), timedelta(days=12)])
def test_of_passes_first_and_last_sight_are_drawn_and_nothing_between(
    apart: timedelta,
) -> None:
    """The second drive's clock began anew: the first sight was before its zero."""
    now = START + apart
    car = replace(
        passed(frame(), count=2, first_seen_at=START, last_seen_at=now),
        first_seen_s=4.0 - apart.total_seconds(),
        last_seen_s=4.0,
        observed_s=5.0,
    )
    needed = Fact("apart_s", apart.total_seconds(), "s", ">= 180", holds=True)
    step = replace(
        violation(frame(at_s=4.0)),
        place=car,
        decided_s=4.0,
        decided_at=now,
        facts=(needed,),
    )

    image = draw_timeline(life_of(step, [(0.0, 0.0), (4.0, 5.0)], camera="gate"))

    standing, nothing = STATE_COLOUR[PlaceState.STANDING], (255, 255, 255)
    drawn = [_colour_at(image, x, 119) for x in (86, 700, 1246)]
    assert drawn == [standing, nothing, standing]
    assert (image[125:420, 95:1200] != (200, 96, 20)).any(axis=2).all()  # no dwell


def test_a_pass_that_clears_weeks_later_lies_weeks_later() -> None:
    sight, now = START, START + timedelta(days=20)
    car = replace(
        passed(frame(), count=1, state=PlaceState.ENDED, end_reason="exposed"),
        first_seen_at=sight,
        last_seen_at=sight + timedelta(seconds=3),
        first_seen_s=60.0 - 3.0,
        last_seen_s=60.0,  # as told: with the picture that ends it
    )
    step = replace(
        violation(frame(at_s=60.0)), place=car, decided_s=60.0, decided_at=now
    )

    life = life_of(step, [], camera="gate")

    gone_s = life.until_s - life.place.last_seen_s
    assert gone_s == pytest.approx((now - car.last_seen_at).total_seconds())
    assert _colour_at(draw_timeline(life), 700, 119) == (255, 255, 255)


def test_the_decision_is_marked_at_its_time_and_count() -> None:
    car = _seen(60.0, 60.0)
    facts = (Fact("observed_s", 60.0, "s", ">= 60", holds=True),)
    step = replace(violation(frame(at_s=60.0)), place=car, decided_s=60.0, facts=facts)

    life = life_of(step, [(0.0, 0.0), (60.0, 60.0)], camera="gate")
    image = draw_timeline(life)

    assert (life.needed_s, life.marks[0].counted_s) == (60.0, 60.0)
    assert _colour_at(image, 1250, 300) == (200, 36, 36)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((), None),
        ((Fact("support", 0.2, "1", ">= 0.5", holds=False),), None),
        ((Fact("bareness", 3.0, "s", "< 5", holds=True),), None),
        (
            (
                Fact("observed_s", 20.0, "s", ">= 15", holds=True),
                Fact("alone_s", 4.0, "s", ">= 10", holds=False),
            ),
            (4.0, 10.0),
        ),
    ],
)
def test_the_limit_with_the_longest_way_to_go_is_shown(
    facts: tuple[Fact, ...], expected: tuple[float, float] | None
) -> None:
    assert timed(facts) == expected


@pytest.mark.parametrize("days", [0.0, 30.0])
def test_a_life_of_any_length_can_be_drawn(days: float) -> None:
    car = _seen(days * 86_400, days * 86_400, PlaceState.STANDING)
    step = replace(violation(frame()), place=car, facts=())

    image = draw_timeline(life_of(step, [], camera="很长的名字" * 60))

    assert image.shape == (480, 1280, 3)
    assert np.ptp(image) > 0


def test_a_package_holds_the_timeline_of_the_dwell_it_was_decided_on(
    tmp_path: Path,
) -> None:
    store = PackageStore(tmp_path / "evidence")
    at = street(3, at_s=3.0)
    car = standing(at, first_seen_s=0.0, last_seen_s=3.0, observed_s=3.0)
    seen = observed(at, car)
    store.observe(seen)

    kept = store.keep(decided(at, car), seen)
    store.close(5)

    (timeline,) = [one for one in kept.artifacts if one.role == "timeline"]
    assert decode(timeline.path.read_bytes()).shape == (480, 1280, 3)
    assert timeline.frame_index == 3
