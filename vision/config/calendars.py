"""When zones are in force: calendars and street classes, in the city's wall clock."""

import re
from datetime import date, time
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from vision.config.base import Settings

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holidays"]
Span = Literal["daily", "weekdays", "weekends"]
Days = Span | tuple[Day, ...]
StreetClass = Literal["forbidden", "controlled", "regulated"]

_DAYS: tuple[str, ...] = get_args(Day)
_SPANS: tuple[str, ...] = get_args(Span)
_LONGEST_DAYS = 31
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d(?::[0-5]\d)?)")


class HoursSettings(Settings):
    """A part of a day; `until` at or before `since` means the next day.

    `until: "24:00"` is midnight, the end of the day.
    """

    since: time
    until: time

    @field_validator("since", "until", mode="before")
    @classmethod
    def _wall_clock(cls, value: object, info: ValidationInfo) -> object:
        """Take the hour and minute of a clock on the wall, as people write them.

        YAML takes 20:00 without quotes for the number 1200.
        """
        if isinstance(value, time) and value.tzinfo is None:
            return value
        if value == "24:00" and info.field_name == "until":
            return time(0, 0)
        told = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if told is None:
            msg = 'expected a time of day in quotes, such as "07:30"; no time zone'
            raise ValueError(msg)
        return f"{int(told[1]):02}:{told[2]}"


class WindowSettings(HoursSettings):
    """Hours on certain days; `daily` includes holidays, `weekdays` does not."""

    days: Days = "daily"

    @field_validator("days", mode="before")
    @classmethod
    def _known_days(cls, value: object) -> object:
        named = list(value) if isinstance(value, list | tuple) else None
        if value in _SPANS or (named is not None and all(d in _DAYS for d in named)):
            return value
        msg = (
            f"expected {', '.join(_SPANS)}, or a list of some of "
            f"{', '.join(str(day) for day in _DAYS)}"
        )
        raise ValueError(msg)


class HolidaySettings(Settings):
    """Days off, first and last day included; Saturdays and Sundays among them too.

    A holiday is no Saturday and no Sunday: `[sat, sun, holidays]` names all of them.
    """

    name: str = ""
    first: date
    last: date

    @model_validator(mode="after")
    def _a_month_at_most(self) -> Self:
        if not 0 <= (self.last - self.first).days <= _LONGEST_DAYS:
            msg = (
                f"expected a last day from {self.first} on, at most {_LONGEST_DAYS} "
                "days later"
            )
            raise ValueError(msg)
        return self


class CalendarSettings(Settings):
    """When a zone is in force.

    `workdays` are weekend days that are worked instead (调休); `special` dates have
    hours of their own, none at all for a day on which nothing is in force.
    """

    windows: tuple[WindowSettings, ...] = Field(min_length=1)
    holidays: tuple[HolidaySettings, ...] = ()
    workdays: frozenset[date] = frozenset()
    special: dict[date, tuple[HoursSettings, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _worked_or_off(self) -> Self:
        both = sorted(
            day
            for day in self.workdays
            if any(holiday.first <= day <= holiday.last for holiday in self.holidays)
        )
        if both:
            days = ", ".join(day.isoformat() for day in both)
            msg = f"{days}: both in holidays and in workdays; expected one of them"
            raise ValueError(msg)
        return self


class StreetClassSettings(Settings):
    """What 严禁, 严控 or 规范 means for every zone of that class.

    `dwell_factor` stretches or shortens grace times; `permits` says whether market,
    parking and loading zones count there.
    """

    dwell_factor: Annotated[float, Field(gt=0, le=10)] = 1.0
    permits: bool = True
    calendar: str | None = None
