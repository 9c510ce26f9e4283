"""From a site's calendars to the schedule that its rules ask."""

from collections.abc import Mapping
from datetime import date, timedelta

from vision.config.calendars import (
    CalendarSettings,
    Days,
    HolidaySettings,
    HoursSettings,
)
from vision.config.site import SiteSettings
from vision.rules import schedule
from vision.rules.schedule import Calendar, ClassPolicy, Schedule, Span, Window

_GROUPS: Mapping[str, frozenset[int]] = {
    "daily": schedule.EVERY_DAY,
    "weekdays": schedule.WEEKDAYS,
    "weekends": schedule.WEEKEND,
}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holidays")


def build_schedule(settings: SiteSettings) -> Schedule:
    """Return all calendars and street classes of a site."""
    return Schedule(
        calendars={
            name: _calendar(name, settings.timezone, calendar)
            for name, calendar in settings.calendars.items()
        },
        classes={
            name: ClassPolicy(
                dwell_factor=policy.dwell_factor,
                permits=policy.permits,
                calendar=policy.calendar,
            )
            for name, policy in settings.street_classes.items()
        },
    )


def _calendar(name: str, timezone: str | None, settings: CalendarSettings) -> Calendar:
    holidays = (day for holiday in settings.holidays for day in _days_of(holiday))
    return Calendar(
        name=name,
        timezone=timezone,
        windows=tuple(
            Window(_days(window.days), _span(window)) for window in settings.windows
        ),
        treated_as=dict.fromkeys(holidays, schedule.HOLIDAY)
        | dict.fromkeys(settings.workdays, schedule.MONDAY),
        special={
            day: tuple(_span(hours) for hours in spans)
            for day, spans in settings.special.items()
        },
    )


def _days(days: Days) -> frozenset[int]:
    if isinstance(days, str):
        return _GROUPS[days]
    return frozenset(_DAYS.index(day) for day in days)


def _days_of(holiday: HolidaySettings) -> list[date]:
    count = (holiday.last - holiday.first).days + 1
    return [holiday.first + timedelta(days=offset) for offset in range(count)]


def _span(hours: HoursSettings) -> Span:
    return Span(hours.since, hours.until)
