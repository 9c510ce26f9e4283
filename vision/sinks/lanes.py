"""When a receiver and each of its lanes may be tried again."""

import random
from dataclasses import dataclass, field

from vision.core.backoff import Backoff
from vision.core.errors import SinkUnavailableError
from vision.sinks.receiver import RetryLaterError

ALARM_AFTER = 3  # failures in a row; a single hiccup is no news
_MAX_BLOCKED = 256  # lanes that wait on their own before the receiver rests
_POLL_S = 30.0  # a message put by another process (replay) is seen by then


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patiently receivers are tried.

    Attributes:
        backoff: waits between attempts.
        max_retry_after_s: longest `Retry-After` that is obeyed, seconds.
    """

    backoff: Backoff = field(default_factory=Backoff)
    max_retry_after_s: float = 3600.0


class Lanes:
    """When a receiver and each of its failing lanes may be tried again.

    Times are monotonic: a wall clock that jumps changes nothing. A restart forgets
    them, so everything is tried at once then.
    """

    def __init__(self, policy: RetryPolicy, rng: random.Random) -> None:
        """Begin with nothing failing."""
        self._policy = policy
        self._rng = rng
        self._until: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self.failures_in_row = 0
        self.resting_until = 0.0

    def blocked(self, now_s: float) -> set[str]:
        """Return the lanes that must wait."""
        return {lane for lane, until in self._until.items() if until > now_s}

    def wake_at(self, now_s: float) -> float:
        """Return the earliest time at which something may change."""
        if self.resting_until > now_s:
            return self.resting_until
        later = [until for until in self._until.values() if until > now_s]
        return min(later, default=now_s + _POLL_S)

    def succeeded(self, lane: str) -> None:
        """Forget the troubles of the receiver and this lane."""
        self.failures_in_row = 0
        self._until.pop(lane, None)
        self._failures.pop(lane, None)

    def failed(self, lane: str, error: SinkUnavailableError, now_s: float) -> float:
        """Note a failure.

        Returns:
            Seconds until the message is tried again.
        """
        self.failures_in_row += 1
        hint = error if isinstance(error, RetryLaterError) else None
        if hint is not None and hint.whole_receiver:
            return self._rest(now_s, hint)
        wait_s = self._wait_s(self._failures.get(lane, 0) + 1, hint)
        crowded = len(self._until) >= _MAX_BLOCKED and lane not in self._until
        if crowded or self.failures_in_row > ALARM_AFTER:
            # The lane waits longer than the receiver rests, so that another lane
            # is tried first: one poisonous message must not hold up the others.
            wait_s = max(wait_s, 1.5 * self._rest(now_s, hint))
        if not crowded:
            self._failures[lane] = self._failures.get(lane, 0) + 1
            self._until[lane] = now_s + wait_s
        return wait_s

    def _rest(self, now_s: float, hint: RetryLaterError | None) -> float:
        wait_s = self._wait_s(self.failures_in_row, hint)
        self.resting_until = now_s + wait_s
        return wait_s

    def _wait_s(self, failures: int, hint: RetryLaterError | None) -> float:
        wait_s = self._policy.backoff.delay_s(failures, self._rng)
        if hint is None or hint.retry_after_s is None:
            return wait_s
        return max(wait_s, min(hint.retry_after_s, self._policy.max_retry_after_s))
