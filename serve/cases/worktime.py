"""Working time: how long is "two working days", and when is it over.

Days and hours are counted in the city's own time. A public holiday may fall on any
day, and a weekend day may be worked to make up for one (调休).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=3 * 366)
LOOKAHEAD = timedelta(days=60)
_SATURDAY = 5


class Unit(StrEnum):
    """Units of deadlines: 紧急工作时, 工作时, 工作日, 自然日."""

    URGENT_HOUR = "urgent_hour"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    NATURAL_DAY = "natural_day"


@dataclass(frozen=True, slots=True)
class Span:
    """An amount of time in a unit."""

    amount: float
    unit: Unit


@dataclass(frozen=True)
class WorkCalendar:
    """When a city works.

    Attributes:
        zone: its time zone.
        hours: working hours of a day, in order, not overlapping.
        holidays: days off besides weekends.
        workdays: weekend days that are worked.
        years: those that `holidays` and `workdays` are complete for; in others only
            weekends are off.
    """

    zone: ZoneInfo
    hours: tuple[tuple[time, time], ...]
    holidays: frozenset[date] = field(default_factory=frozenset)
    workdays: frozenset[date] = field(default_factory=frozenset)
    years: frozenset[int] = field(default_factory=frozenset)

    def missing_years(self, now: datetime) -> list[int]:
        """Return the years from now to `LOOKAHEAD` later that it says nothing about."""
        today = now.astimezone(self.zone).date()
        return sorted({today.year, (today + LOOKAHEAD).year} - self.years)

    def is_workday(self, day: date) -> bool:
        """Return whether people work on this day."""
        if day in self.holidays:
            return False
        return day.weekday() < _SATURDAY or day in self.workdays

    def day_length(self) -> timedelta:
        """Return how long a working day is."""
        anchor = date(2000, 1, 3)
        return sum(
            (
                datetime.combine(anchor, end) - datetime.combine(anchor, begin)
                for begin, end in self.hours
            ),
            timedelta(),
        )

    def periods(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working periods from `start` on, for some years."""
        local = start.astimezone(self.zone)
        day, last = local.date(), (local + HORIZON).date()
        while day <= last:
            if self.is_workday(day):
                for begin, end in self.hours:
                    opens = datetime.combine(day, begin, self.zone)
                    closes = datetime.combine(day, end, self.zone)
                    if closes > start:
                        yield max(opens, start), closes
            day += timedelta(days=1)


class CalendarTooShortError(Exception):
    """A deadline lies beyond what the calendar can say."""


def due(start: datetime, span: Span, calendar: WorkCalendar) -> datetime:
    """Return when a span that begins at `start` is over, in UTC.

    Natural days and urgent hours run on without a break; working hours and days only
    while the city works. A working day is as long as the calendar's day. A natural day
    ends when its clock shows the same time again, also where that was put forward.

    Args:
        start: aware time.
        span: how long.
        calendar: when the city works.

    Raises:
        CalendarTooShortError: there is not that much working time in three years.
    """
    return after(start, length(span, calendar), span.unit, calendar)


def after(
    start: datetime, left: timedelta, unit: Unit, calendar: WorkCalendar
) -> datetime:
    """Return when this much time of a kind has passed since `start`, in UTC.

    Raises:
        CalendarTooShortError: there is not that much working time in three years.
    """
    utc = ZoneInfo("UTC")
    if not is_working_time(unit):
        return (_on_clock(start, unit, calendar) + left).astimezone(utc)
    for begin, end in calendar.periods(start):
        here = end.astimezone(utc) - begin.astimezone(utc)
        if left <= here:
            return begin.astimezone(utc) + left
        left -= here
    msg = f"three years do not have {left} more of {unit}; expected a shorter time"
    raise CalendarTooShortError(msg)


def elapsed(
    start: datetime, end: datetime, unit: Unit, calendar: WorkCalendar
) -> timedelta:
    """Return how much time of this kind lies between two moments."""
    if end <= start:
        return timedelta()
    if not is_working_time(unit):
        passed = _on_clock(end, unit, calendar) - _on_clock(start, unit, calendar)
        return max(passed, timedelta())
    utc, total = ZoneInfo("UTC"), timedelta()
    for begin, close in calendar.periods(start):
        if begin >= end:
            break
        total += min(close, end).astimezone(utc) - begin.astimezone(utc)
    return total


def part_way(
    start: datetime,
    end: datetime,
    share: float,
    *,
    unit: Unit,
    calendar: WorkCalendar,
) -> datetime:
    """Return when this share of the time of a kind between two moments is used.

    Never after `end`, also where no time of this kind lies between them.
    """
    used = elapsed(start, end, unit, calendar) * share
    return min(after(start, used, unit, calendar), end)


def length(span: Span, calendar: WorkCalendar) -> timedelta:
    """Return a span as running time of its own kind."""
    match span.unit:
        case Unit.NATURAL_DAY:
            return timedelta(days=span.amount)
        case Unit.WORK_DAY:
            return span.amount * calendar.day_length()
        case Unit.URGENT_HOUR | Unit.WORK_HOUR:
            return timedelta(hours=span.amount)


def _on_clock(moment: datetime, unit: Unit, calendar: WorkCalendar) -> datetime:
    """Return a moment on the clock that runs on: of one zone, so clock time is added.

    Days are counted on the city's clock, hours on one that is never put forward.
    """
    zone = calendar.zone if unit is Unit.NATURAL_DAY else ZoneInfo("UTC")
    return moment.astimezone(zone)


def is_working_time(unit: Unit) -> bool:
    """Return whether time of this kind stands still outside working hours."""
    return unit in {Unit.WORK_HOUR, Unit.WORK_DAY}
