import random

from hypothesis import given
from hypothesis import strategies as st

from vision.core.backoff import Backoff
from vision.sinks.lanes import Lanes, RetryPolicy
from vision.sinks.receiver import RetryLaterError

POLICY = RetryPolicy(backoff=Backoff(first_s=1.0, cap_s=60.0))


@given(
    failures=st.lists(
        st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 30)), max_size=40
    ),
    seed=st.integers(0, 99),
)
def test_a_blocked_lane_is_never_slept_past(
    failures: list[tuple[str, bool, float]], seed: int
) -> None:
    lanes = Lanes(POLICY, random.Random(seed))
    now_s = 0.0
    for lane, everyone, pause_s in failures:
        now_s += pause_s
        lanes.failed(lane, RetryLaterError("x", whole_receiver=everyone), now_s)
        wake_s = lanes.wake_at(now_s)

        assert now_s < wake_s <= now_s + 90
        if lanes.blocked(now_s) and lanes.resting_until <= now_s:
            assert lanes.blocked(wake_s) < lanes.blocked(now_s)


def test_success_forgets_all_failures() -> None:
    lanes = Lanes(POLICY, random.Random(1))
    for _ in range(5):
        lanes.failed("a", RetryLaterError("x"), 0.0)
    lanes.succeeded("a")

    assert lanes.blocked(0.0) == set()
    assert lanes.failures_in_row == 0


def test_a_receiver_s_own_wish_is_heard_up_to_the_limit() -> None:
    lanes = Lanes(POLICY, random.Random(1))
    asked = RetryLaterError("x", retry_after_s=120.0, whole_receiver=True)
    too_long = RetryLaterError("x", retry_after_s=1e9, whole_receiver=True)

    assert lanes.failed("a", asked, 0.0) == 120.0
    assert lanes.failed("a", too_long, 0.0) == POLICY.max_retry_after_s
