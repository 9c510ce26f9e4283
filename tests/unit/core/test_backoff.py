import random

from hypothesis import given
from hypothesis import strategies as st

from vision.core.backoff import Backoff


@given(st.integers(1, 10**9), st.integers())
def test_a_delay_never_passes_its_cap_and_never_vanishes(
    failures: int, seed: int
) -> None:
    delay_s = Backoff(first_s=2, cap_s=30).delay_s(failures, random.Random(seed))

    assert 1 <= delay_s <= 30


def test_delays_grow_until_the_cap() -> None:
    backoff = Backoff(first_s=1, cap_s=1_000)
    means = [
        sum(backoff.delay_s(n, random.Random(seed)) for seed in range(50)) / 50
        for n in range(1, 8)
    ]

    assert means == sorted(means)
