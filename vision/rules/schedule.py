"""When a zone is in force: calendars, street classes, permits.

All plain values, to be filled by configuration. Times of day are the city's wall
clock: a window from 07:00 to 20:00 is so on every day, clock changes included.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vision.core.errors import ConfigError
from vision.core.scene import MapZone, Zone

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY, HOLIDAY = range(8)
WEEKDAYS = frozenset(range(5))
WEEKEND = frozenset({SATURDAY, SUNDAY})
EVERY_DAY = frozenset(range(8))
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "holidays")
_GROUPS = {WEEKDAYS: "weekdays", WEEKEND: "weekends", EVERY_DAY: "daily"}


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a day.

    Attributes:
        start: first minute, wall clock.
        end: first minute after it; at or before `start`: on the next day.
    """

    start: time
    end: time

    def holds(self, day: date, at: datetime) -> bool:
        """Return whether a local time lies in the span that begins on `day`.

        Args:
            day: local date.
            at: local time without zone.
        """
        begin = datetime.combine(day, self.start)
        last_day = day + timedelta(days=1) if self.end <= self.start else day
        return begin <= at < datetime.combine(last_day, self.end)

    def text(self) -> str:
        """Return `07:00–20:00`; a day's end is `24:00`, as site files write it."""
        end = f"{self.end:%H:%M}" if self.end > time(0) else "24:00"
        return f"{self.start:%H:%M}–{end}"


@dataclass(frozen=True, slots=True)
class Window:
    """A span on certain days of the week.

    Attributes:
        days: 0 Monday to 6 Sunday, 7 holidays.
        span: when.
    """

    days: frozenset[int]
    span: Span

    def text(self) -> str:
        """Return `weekdays 07:00–20:00`."""
        names = ",".join(_DAY_NAMES[day] for day in sorted(self.days))
        return f"{_GROUPS.get(self.days, names)} {self.span.text()}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """When something is in force.

    Attributes:
        name: as zones refer to it.
        timezone: IANA name, e.g. `Asia/Shanghai`; None: this machine's.
        windows: weekly; any of them is enough.
        treated_as: dates that count as another day: `HOLIDAY`, or a working Saturday
            (调休) as `MONDAY`.
        special: dates with spans of their own, instead of all windows; none at all:
            not in force that day.
    """

    name: str
    timezone: str | None
    windows: tuple[Window, ...]
    treated_as: Mapping[date, int] = field(default_factory=dict)
    special: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def in_force(self, at: datetime) -> str | None:
        """Return the window that a moment lies in, as text, or None.

        Args:
            at: aware time.
        """
        zone = None if self.timezone is None else ZoneInfo(self.timezone)
        local = at.astimezone(zone).replace(tzinfo=None)
        for day in (local.date(), local.date() - timedelta(days=1)):
            for span, text in self._spans(day):
                if span.holds(day, local):
                    return text
        return None

    def _spans(self, day: date) -> Iterator[tuple[Span, str]]:
        """Yield the spans that begin on a day, each with its description."""
        if day in self.special:
            for span in self.special[day]:
                yield span, f"{day.isoformat()} {span.text()}"
            return
        kind = self.treated_as.get(day, day.weekday())
        for window in self.windows:
            if kind in window.days:
                yield window.span, window.text()


@dataclass(frozen=True, slots=True)
class ClassPolicy:
    """What a street class means for every zone of that class.

    Attributes:
        dwell_factor: on the rule's dwell or grace time, > 0.
        permits: whether permit zones count in such streets.
        calendar: for zones without one of their own; None: always in force.
    """

    dwell_factor: float = 1.0
    permits: bool = True
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What holds in a zone at a moment.

    Attributes:
        window: the window in force, as text; None: not in force.
        dwell_factor: on the rule's dwell or grace time.
        permits: whether permit zones count.
        calendar: the calendar that says so, the zone's or its street class's, or None.
    """

    window: str | None
    dwell_factor: float = 1.0
    permits: bool = True
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """All calendars and street classes of a site.

    Attributes:
        calendars: by name.
        classes: by street class: `forbidden` 严禁, `controlled` 严控, `regulated` 规范.
    """

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    classes: Mapping[str, ClassPolicy] = field(default_factory=dict)

    def ruling(self, zone: Zone | MapZone, at: datetime) -> Ruling:
        """Return what holds in a zone.

        Args:
            zone: which zone.
            at: aware time.

        Raises:
            ConfigError: the zone or its class names a calendar that does not exist.
        """
        policy = self.classes.get(zone.street_class or "", ClassPolicy())
        name = zone.calendar or policy.calendar
        window = "always" if name is None else self._calendar(name, zone).in_force(at)
        return Ruling(window, policy.dwell_factor, policy.permits, name)

    def _calendar(self, name: str, zone: Zone | MapZone) -> Calendar:
        try:
            return self.calendars[name]
        except KeyError:
            known = ", ".join(sorted(self.calendars)) or "none"
            msg = (
                f"zone {zone.zone_id}: got calendar {name!r}, expected one of: {known}"
            )
            raise ConfigError(msg) from None
