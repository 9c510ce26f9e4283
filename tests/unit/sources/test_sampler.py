"""Sampling by media time, never by counting frames."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.sources.sampler import Sampler


def sampled(times_s: list[float], period_s: float) -> list[float]:
    sampler = Sampler(period_s)
    taken = []
    for time_s in times_s:
        if sampler.due(time_s):
            sampler.took(time_s)
            taken.append(time_s)
    return taken


@given(
    fps=st.floats(0.2, 60),
    period_s=st.floats(0.1, 10),
    first_s=st.floats(0, 1e5),
)
def test_sampling_times_do_not_depend_on_the_frame_rate(
    fps: float, period_s: float, first_s: float
) -> None:
    length_s = 20 * period_s
    times = [first_s + i / fps for i in range(int(length_s * fps) + 1)]
    taken = sampled(times, period_s)

    due = [first_s + k * period_s for k in range(int(length_s / period_s) + 1)]
    if 1 / fps > period_s:
        assert taken == times  # slower than the period: every picture counts
    else:
        for k, time_s in enumerate(taken):
            assert due[k] - 1e-5 <= time_s <= due[k] + 1 / fps + 1e-5


@pytest.mark.parametrize("fps", [5, 12.5, 25, 29.97, 30, 60])
def test_ten_seconds_at_one_a_second_are_ten_frames_at_any_rate(fps: float) -> None:
    times = [i / fps for i in range(math.ceil(10 * fps))]

    assert len(sampled(times, 1.0)) == 10


def test_a_gap_skips_due_times_and_keeps_the_grid() -> None:
    assert sampled([0.0, 0.5, 1.0, 31.2, 31.9, 32.0], 1.0) == [0.0, 1.0, 31.2, 32.0]


def test_decimal_sums_that_miss_by_rounding_still_count() -> None:
    times = [0.1 * i for i in range(31)]

    assert len(sampled(times, 0.3)) == 11
