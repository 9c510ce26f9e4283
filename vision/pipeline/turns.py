"""Whose turn it is: under overload every camera slows by the same factor."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class _Turn:
    period_s: float
    served_s: float = -math.inf
    number: int = 0


class Turns:
    """Orders cameras by how many of their own periods they have waited.

    A camera of 10 s that was served 15 s ago is as late as one of 2 s served 3 s ago.
    So a machine that is too small stretches every camera's period alike, and none
    starves: who waits only gets more urgent.
    """

    def __init__(self, periods_s: Mapping[str, float]) -> None:
        """Start with nobody served.

        Args:
            periods_s: seconds between two pictures that each camera wants, > 0.
        """
        self._turns = {key: _Turn(period_s) for key, period_s in periods_s.items()}
        self._served = 0

    def order(self, now_s: float) -> Iterator[str]:
        """Yield all cameras, the latest of them first.

        Args:
            now_s: monotonic time, seconds.
        """

        def urgency(key: str) -> tuple[float, int]:
            turn = self._turns[key]
            return -(now_s - turn.served_s) / turn.period_s, turn.number

        yield from sorted(self._turns, key=urgency)

    def served(self, camera_id: str, now_s: float) -> None:
        """Note that a camera's picture was taken."""
        self._served += 1
        turn = self._turns[camera_id]
        turn.served_s, turn.number = now_s, self._served
