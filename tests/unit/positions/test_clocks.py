import random

import pytest

from vision.positions.clocks import ClockOffset

GPS_S = 1_772_000_000.0


def estimated(ahead_s: float, *, delays_s: list[float]) -> float:
    offset = ClockOffset()
    for i, delay_s in enumerate(delays_s):
        fix_s = GPS_S + i
        offset.note(fix_s=fix_s, arrived_s=fix_s + delay_s + ahead_s)
    return offset.estimate_s


@pytest.mark.parametrize("ahead_s", [-0.1, 0.0, 0.2])
def test_clocks_that_agree_are_believed_whatever_the_delay(ahead_s: float) -> None:
    rng = random.Random(3)
    delays_s = [0.3 + rng.random() for _ in range(50)]

    assert estimated(ahead_s, delays_s=delays_s) == 0


@pytest.mark.parametrize("ahead_s", [-3600.0, -5.0, 7.0, 86_400.0, 619_315_200.0])
def test_clocks_that_differ_are_told_apart_to_the_delay(ahead_s: float) -> None:
    rng = random.Random(3)
    delays_s = [0.1 + rng.expovariate(2) for _ in range(50)]

    assert estimated(ahead_s, delays_s=delays_s) == pytest.approx(ahead_s, abs=0.2)


def test_one_that_comes_late_is_no_clock_that_is_wrong() -> None:
    assert estimated(0, delays_s=[4.0, 3.0]) == 0


def test_a_burst_after_a_stall_moves_nothing() -> None:
    stalled = [0.2] * 20 + [30.0 - i for i in range(30)]

    assert estimated(0, delays_s=stalled) == 0


def test_a_clock_that_is_set_is_followed_within_a_minute() -> None:
    offset = ClockOffset()
    for i in range(300):
        ahead_s = 0.0 if i < 100 else 60.0
        offset.note(fix_s=GPS_S + i, arrived_s=GPS_S + i + 0.2 + ahead_s)
        if i == 99:
            assert offset.estimate_s == 0
        if i >= 160:
            assert offset.estimate_s == pytest.approx(60.2)
