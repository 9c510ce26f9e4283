"""When zones are in force: calendars and street classes, in the city's wall clock."""

from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from vision.config.base import Settings

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holidays"]
Days = Literal["daily", "weekdays", "weekends"] | tuple[Day, ...]
StreetClass = Literal["forbidden", "controlled", "regulated"]

_LONGEST_DAYS = 31


class HoursSettings(Settings):
    """A part of a day; `until` at or before `since` means the next day."""

    since: time
    until: time

    @field_validator("since", "until")
    @classmethod
    def _wall_clock(cls, value: time) -> time:
        if value.tzinfo is not None:
            msg = "expected a plain time of day such as 07:30; the site has a timezone"
            raise ValueError(msg)
        return value


class WindowSettings(HoursSettings):
    """Hours on certain days; `daily` includes holidays, `weekdays` does not."""

    days: Days = "daily"


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
