import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.evaluation.builders import ELSEWHERE, clip, found, queue, run, true
from vision.core.verification import Outcome
from vision.evaluation.events import (
    Figure,
    by_condition,
    miss_rates,
    operating_points,
    summarise,
)
from vision.evaluation.found import Look
from vision.evaluation.matching import MatchRule
from vision.evaluation.outcomes import ClipOutcome, settle
from vision.evaluation.resampling import multiplicities, paired_p_value

# How long one example takes says more about the machine than about the law.
UNHURRIED = settings(deadline=None, max_examples=40)
RULE = MatchRule()
STARTS = st.lists(
    st.integers(0, 20).map(lambda k: 30.0 * k), min_size=1, max_size=6, unique=True
)


def values(outcomes: list[ClipOutcome]) -> dict[str, float | None]:
    figures = summarise(outcomes, resamples=0, seed=0)
    return {name: figure.value for name, figure in figures.items()}


@UNHURRIED
@given(STARTS)
def test_perfect_input_scores_one(starts: list[float]) -> None:
    said = run(*(found(s, s + 25) for s in starts))
    got = values([settle(clip(*(true(s, s + 25) for s in starts)), said, RULE)])

    ones = ("precision", "recall", "f1", "s4", "clear_precision")
    assert {name: got[name] for name in ones} == dict.fromkeys(ones, 1.0)
    assert got["onset_rmse_s"] == 0
    assert got["false_per_camera_day"] == 0
    assert got["duplicates_per_true"] == 0


@UNHURRIED
@given(STARTS, st.integers(1, 5))
def test_false_alarms_lower_precision_exactly_so(
    starts: list[float], extra: int
) -> None:
    alarms = [found(20.0 * k, xyxy=ELSEWHERE) for k in range(extra)]
    said = run(*(found(s) for s in starts), *alarms, watched_s=3600)
    got = values([settle(clip(*(true(s) for s in starts)), said, RULE)])

    n = len(starts)
    assert got["precision"] == pytest.approx(n / (n + extra))
    assert got["recall"] == 1
    assert got["f1"] == pytest.approx(2 * n / (2 * n + extra))
    assert got["false_per_camera_hour"] == extra
    assert got["false_per_camera_day"] == 24 * extra


@UNHURRIED
@given(st.permutations(range(6)), st.integers(0, 2**16))
def test_shuffling_clips_changes_no_bit(order: list[int], seed: int) -> None:
    outcomes = [
        settle(
            clip(true(50), true(200.3), camera=f"c{k % 3}", name=f"{k}.mp4"),
            run(found(50 + k / 7), found(333 + k / 3, score=0.1 * k)),
            RULE,
        )
        for k in range(6)
    ]

    straight = summarise(outcomes, resamples=50, seed=seed)
    shuffled = summarise([outcomes[k] for k in order], resamples=50, seed=seed)

    assert straight == shuffled


def test_s4_is_f1_less_the_onset_error_over_300_s() -> None:
    truth = clip(true(100), true(300))
    got = values([settle(truth, run(found(106), found(308)), RULE)])

    rmse = math.sqrt((36 + 64) / 2)
    assert got["onset_rmse_s"] == pytest.approx(rmse)
    assert got["onset_mae_s"] == pytest.approx(7)
    assert got["onset_bias_s"] == pytest.approx(7)
    assert got["s4"] == pytest.approx(1 - rmse / 300)
    assert got["onset_p95_s"] == pytest.approx(7.9)
    assert got["opening_mean_s"] == pytest.approx(67)


def test_what_nobody_could_find_has_no_figure_rather_than_zero() -> None:
    got = values([settle(clip(), run(watched_s=0), RULE)])

    assert set(got.values()) == {None}


def test_a_silent_engine_on_an_empty_street_has_no_false_alarms() -> None:
    got = values([settle(clip(), run(watched_s=86_400), RULE)])

    assert got["false_per_camera_day"] == 0
    assert got["precision"] is None


def test_a_silent_engine_on_a_busy_street_has_f1_and_s4_of_zero() -> None:
    got = values([settle(clip(true(3)), run(), RULE)])

    assert (got["f1"], got["s4"], got["recall"]) == (0, 0, 0)


def test_misses_fall_as_more_false_alarms_are_allowed() -> None:
    truth = clip(true(100), true(300))
    said = run(
        found(100, score=0.9),
        found(500, xyxy=ELSEWHERE, score=0.8),
        found(300, score=0.7),
        watched_s=3600,
    )
    outcome = settle(truth, said, RULE)

    assert operating_points([outcome]) == [(0, 1), (0, 0.5), (1, 0.5), (1, 0)]
    assert miss_rates([outcome], (0.5, 1.0)) == {0.5: 0.5, 1.0: 0.0}


def test_equal_scores_enter_together() -> None:
    said = run(found(100), found(500, xyxy=ELSEWHERE), watched_s=3600)
    outcome = settle(clip(true(100)), said, RULE)

    assert operating_points([outcome]) == [(0, 1), (1, 0)]


def test_queue_as_parked_is_the_share_of_queues() -> None:
    truth = clip(decoys=(queue(0, 90), queue(0, 90, xyxy=ELSEWHERE)))

    assert values([settle(truth, run(found(0)), RULE)])["queue_as_parked"] == 0.5


@pytest.mark.parametrize(
    ("asked_s", "decided_s", "outcome", "precision", "recall"),
    [
        (310, 320, Outcome.CLEARED, 1.0, 1.0),
        (310, 320, Outcome.CANNOT_VERIFY, None, 0.0),
        (310, 320, Outcome.STILL_THERE, None, 0.0),
        (110, 120, Outcome.CLEARED, 0.0, None),
        (110, 120, Outcome.STILL_THERE, None, None),
        (290, 320, Outcome.CLEARED, None, None),  # right or wrong: who can tell
    ],
)
def test_a_fix_is_verified_rightly_only_when_it_is_gone(
    *,
    asked_s: float,
    decided_s: float,
    outcome: Outcome,
    precision: float | None,
    recall: float | None,
) -> None:
    said = found(100)
    look = Look(said.event_id, asked_s, decided_s, outcome)
    other = Look("of-another-event", 310, 320, Outcome.CLEARED)
    settled = settle(
        clip(true(100, 300)), replace(run(said), looks=(look, other)), RULE
    )

    got = values([settled])

    assert (got["fix_precision"], got["fix_recall"]) == (precision, recall)


def test_one_camera_gives_no_interval() -> None:
    outcome = settle(clip(true(3)), run(found(3)), RULE)

    figure = summarise([outcome], resamples=100, seed=1)["f1"]

    assert figure == Figure(1.0, None, None)


def test_no_false_alarm_in_an_hour_does_not_promise_that_there_are_none() -> None:
    quiet = [settle(clip(camera=f"c{k}"), run(watched_s=1800), RULE) for k in range(2)]
    noisy = [settle(clip(camera="c2"), run(found(3), watched_s=1800), RULE)]

    silent = summarise(quiet, resamples=100, seed=1)
    heard = summarise(quiet + noisy, resamples=100, seed=1)

    hour, day = silent["false_per_camera_hour"], silent["false_per_camera_day"]
    assert (hour.value, hour.low) == (0, 0)
    assert hour.high == pytest.approx(3, abs=0.01)
    assert day.high == pytest.approx(72, abs=0.2)
    assert heard["false_per_camera_hour"].value == pytest.approx(1 / 1.5)


def test_intervals_hold_the_point_and_widen_with_disagreement() -> None:
    good = [
        settle(clip(true(3), camera=f"g{k}"), run(found(3)), RULE) for k in range(4)
    ]
    bad = [settle(clip(true(3), camera=f"b{k}"), run(), RULE) for k in range(4)]

    agreed = summarise(good, resamples=500, seed=1)["recall"]
    mixed = summarise(good + bad, resamples=500, seed=1)["recall"]

    assert (agreed.low, agreed.high) == (None, None)
    assert mixed.low is not None
    assert mixed.high is not None
    assert mixed.low < 0.5 < mixed.high


def test_a_clip_counts_under_each_of_its_conditions() -> None:
    rainy = settle(clip(true(3), conditions=("night", "rain")), run(), RULE)
    dry = settle(clip(true(3), conditions=("night",)), run(), RULE)

    groups = by_condition([rainy, dry])

    assert {tag: len(group) for tag, group in groups.items()} == {
        "night": 2,
        "rain": 1,
    }


def test_every_resample_draws_as_many_units_as_there_are() -> None:
    drawn = multiplicities(7, 40, seed=3)

    assert drawn.shape == (40, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert (drawn == multiplicities(7, 40, seed=3)).all()


@pytest.mark.parametrize(
    ("differences", "p"),
    [([1.0] * 99, 0.02), ([-1.0] * 99, 0.02), ([0.0] * 99, 1.0), ([np.nan], None)],
)
def test_a_difference_on_one_side_only_is_significant(
    differences: list[float], p: float | None
) -> None:
    assert paired_p_value(np.array(differences), 99) == p


@pytest.mark.parametrize(("differing", "p"), [(0, 1), (1, 1), (2, 0.5), (6, 1 / 32)])
def test_few_units_that_agree_are_no_proof(differing: int, p: float) -> None:
    assert paired_p_value(np.ones(9999), differing) == p
