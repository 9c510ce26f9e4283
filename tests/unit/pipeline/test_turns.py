"""Whose turn it is when there is not enough time for all."""

from hypothesis import given
from hypothesis import strategies as st

from vision.pipeline.turns import Turns


def serve(periods_s: dict[str, float], *, rate: float, turns: int) -> dict[str, int]:
    """Return how often each is served by a machine that does `rate` a second.

    Every camera always has a picture waiting: the machine is far too small.
    """
    order, served = Turns(periods_s), dict.fromkeys(periods_s, 0)
    for step in range(turns):
        now_s = step / rate
        first = next(order.order(now_s))
        order.served(first, now_s)
        served[first] += 1
    return served


def test_equal_cameras_are_served_in_turn() -> None:
    served = serve(dict.fromkeys("abc", 2.0), rate=1.0, turns=30)

    assert set(served.values()) == {10}


def test_an_overload_stretches_all_periods_by_the_same_factor() -> None:
    served = serve({"fast": 1.0, "slow": 10.0}, rate=0.5, turns=1100)

    assert 8 < served["fast"] / served["slow"] < 12


@given(
    periods=st.lists(
        st.sampled_from([0.5, 1.0, 2.0, 10.0, 30.0]), min_size=2, max_size=12
    ),
    rate=st.floats(0.2, 20),
)
def test_nobody_starves_whatever_the_periods(periods: list[float], rate: float) -> None:
    cameras = {str(i): period for i, period in enumerate(periods)}
    needed = sum(max(periods) / period for period in periods)
    served = serve(cameras, rate=rate, turns=round(3 * needed) + len(periods))

    assert min(served.values()) >= 1
