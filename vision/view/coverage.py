"""How long a camera could see, per day: no violation is not the same as blind."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from vision.core.observation import View

CoverageRecord: TypeAlias = dict[str, list[float]]

_DAYS_KEPT = 62


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """One camera's day.

    Attributes:
        day: local date, ISO 8601.
        clear_s: seconds with a picture that could be trusted.
        moved_s: seconds with a view that does not fit the zones.
        blind_s: seconds without a usable picture.
    """

    day: str
    clear_s: float = 0.0
    moved_s: float = 0.0
    blind_s: float = 0.0

    @property
    def clear_hours(self) -> float:
        """Hours in which a violation could have been seen."""
        return self.clear_s / 3600


class CoverageLog:
    """Adds up what one camera could see; the oldest days are forgotten."""

    def __init__(self, timezone: str | None, max_gap_s: float = 120.0) -> None:
        """Start empty.

        Args:
            timezone: IANA name; None: this machine's. A day begins at its midnight.
            max_gap_s: time between two pictures above which nothing was seen, seconds.
        """
        self._zone = None if timezone is None else ZoneInfo(timezone)
        self._max_gap_s = max_gap_s
        self._days: dict[str, list[float]] = {}
        self._last_s: float | None = None

    def note(self, view: View, now_s: float, at: datetime) -> None:
        """Take one picture's verdict.

        Args:
            view: the verdict.
            now_s: media time, seconds.
            at: wall time.
        """
        last_s, self._last_s = self._last_s, now_s
        if last_s is None or not 0 <= now_s - last_s <= self._max_gap_s:
            return
        day = self._days.setdefault(
            at.astimezone(self._zone).date().isoformat(), [0.0, 0.0, 0.0]
        )
        day[_COLUMN[view]] += now_s - last_s
        while len(self._days) > _DAYS_KEPT:
            del self._days[min(self._days)]

    def days(self) -> tuple[DayCoverage, ...]:
        """Return all days, oldest first."""
        return tuple(DayCoverage(day, *self._days[day]) for day in sorted(self._days))

    def state(self) -> CoverageRecord:
        """Return all days as plain values."""
        return {day: list(seconds) for day, seconds in self._days.items()}

    def restore(self, record: Mapping[str, list[float]]) -> None:
        """Take up stored days.

        Raises:
            ValueError: a day has other than three figures.
        """
        days = {day: [float(x) for x in seconds] for day, seconds in record.items()}
        if any(len(seconds) != len(_COLUMN) for seconds in days.values()):
            msg = "coverage: expected three figures a day"
            raise ValueError(msg)
        self._days = days


_COLUMN = {View.CLEAR: 0, View.MOVED: 1, View.BLIND: 2}
