"""Files of a city's working time: hours, and the holidays of one year or more."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from serve.cases.worktime import WorkCalendar
from serve.settings import SettingsError
from serve.yaml_files import load_yaml


class Holiday(BaseModel):
    """Days off in a row, first and last included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    first: date
    last: date


class CalendarFile(BaseModel):
    """`calendars/*.yaml`.

    `years` are those whose holidays are all in it; where it is left out, those in which
    one of its holidays begins and ends.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: str
    hours: list[tuple[time, time]] = Field(min_length=1)
    years: list[int] | None = None
    holidays: list[Holiday] = []
    workdays: list[date] = []

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            msg = f"got {name!r}; expected an IANA time zone such as Asia/Shanghai"
            raise ValueError(msg) from error
        return name

    @field_validator("hours")
    @classmethod
    def _in_order(cls, hours: list[tuple[time, time]]) -> list[tuple[time, time]]:
        flat = [moment for pair in hours for moment in pair]
        if sorted(set(flat)) != flat:
            msg = "expected periods in order that do not overlap, each begin before end"
            raise ValueError(msg)
        return hours

    def known_years(self) -> set[int]:
        """Return the years that it says something about."""
        if self.years is not None:
            return set(self.years)
        # A holiday over New Year tells nothing of the rest of the other year.
        return {
            one.first.year for one in self.holidays if one.first.year == one.last.year
        }

    def work_calendar(self) -> WorkCalendar:
        """Return it ready to compute with."""
        off = {
            holiday.first + timedelta(days=offset)
            for holiday in self.holidays
            for offset in range((holiday.last - holiday.first).days + 1)
        }
        return WorkCalendar(
            ZoneInfo(self.timezone),
            tuple(self.hours),
            frozenset(off),
            frozenset(self.workdays),
            frozenset(self.known_years()),
        )


def load_calendar(paths: Sequence[Path]) -> CalendarFile:
    """Return the files of one city's calendar as one.

    Args:
        paths: at least one; usually a file for each year.

    Raises:
        SettingsError: one cannot be used, or they are not of one city.
    """
    files = [load_yaml(path, CalendarFile) for path in paths]
    for path, file in zip(paths, files, strict=True):
        if (file.timezone, file.hours) != (files[0].timezone, files[0].hours):
            msg = (
                f"{path}: got another timezone or other hours than {paths[0]}; "
                "expected the same in all files of `calendar`; make them so"
            )
            raise SettingsError(msg)
    return files[0].model_copy(
        update={
            "years": sorted(set().union(*(file.known_years() for file in files))),
            "holidays": [one for file in files for one in file.holidays],
            "workdays": [day for file in files for day in file.workdays],
        }
    )
