"""Positions that no vehicle can have driven to."""

from datetime import datetime, timedelta

from vision.core.position import Fix, distance_m

_SETTLES_S = 3.0  # afterwards: a receiver leaps back as it leapt
_SLACK_M = 3.0  # between two pictures: receivers shiver,
_SLACK = 0.5  # and drivers accelerate, in shares of the way
_FASTEST_MPS = 50.0


class LeapWatch:
    """Tells when a receiver leaps: between houses it hears echoes.

    What is seen while it is elsewhere would be put there, and lie in both places.
    """

    def __init__(self) -> None:
        """Start without a position."""
        self._last: tuple[datetime, Fix] | None = None
        self._pace_mps = 0.0
        self._leapt_at: datetime | None = None

    def steady(self, at: datetime, fix: Fix) -> bool:
        """Take a position; return whether it can be trusted.

        Args:
            at: wall time.
            fix: where the vehicle is said to be.
        """
        if self._leaps(at, fix):
            self._leapt_at = at
        self._last = at, fix
        if self._leapt_at is None:
            return True
        return not timedelta(0) <= at - self._leapt_at < timedelta(seconds=_SETTLES_S)

    def _leaps(self, at: datetime, fix: Fix) -> bool:
        """Return whether the way from the last position is far too long.

        As fast as it went before it may go on: some receivers tell no true speed.
        """
        if self._last is None:
            return False
        then, before = self._last
        gap_s = (at - then) / timedelta(seconds=1)
        if not 0 < gap_s <= _SETTLES_S:
            self._pace_mps = 0.0
            return False  # over a gap it may come from anywhere
        told_mps = min(max(before.speed_mps, fix.speed_mps), _FASTEST_MPS)
        way_m = distance_m((before.lat, before.lon), (fix.lat, fix.lon))
        may_m = max(told_mps, self._pace_mps) * gap_s * (1 + _SLACK) + _SLACK_M
        self._pace_mps = way_m / gap_s
        return way_m > may_m
