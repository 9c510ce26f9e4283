from datetime import timedelta

from tests.unit.patrol.street import NOON, PLANE
from vision.core.position import Fix
from vision.patrol.leaps import LeapWatch


def trusted(north_m: list[float], period_s: float, speed_mps: float) -> list[bool]:
    watch, heard = LeapWatch(), []
    for k, north in enumerate(north_m):
        fix = Fix(*PLANE.degrees(0.0, north), 0.0, speed_mps)
        heard.append(watch.steady(NOON + timedelta(seconds=k * period_s), fix))
    return heard


def test_a_drive_is_no_leap_nor_is_a_shiver() -> None:
    assert all(trusted([7.0 * k for k in range(20)], 1.0, 7.0))
    assert all(trusted([1.4 * k + k % 2 for k in range(20)], 0.2, 7.0))


def test_a_receiver_that_tells_no_true_speed_is_trusted_after_the_start() -> None:
    heard = trusted([7.0 * k for k in range(40)], 0.5, 0.0)
    assert heard.index(True) == 0
    assert all(heard[8:])


def test_after_a_leap_it_takes_three_seconds() -> None:
    heard = trusted([1.4 * k + 50.0 * (k >= 10) for k in range(40)], 0.2, 7.0)
    assert heard == [k < 10 or k >= 25 for k in range(40)]
