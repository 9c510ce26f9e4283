"""A city's own rules: who is responsible, and how long each step may take."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from serve.cases.calendar_files import CalendarFile, load_calendar
from serve.cases.lifecycle import State
from serve.cases.worktime import Span, Unit, WorkCalendar
from serve.settings import SettingsError
from serve.yaml_files import load_yaml
from vision.core.violations import Slug


class Stage(StrEnum):
    """Steps that have a deadline."""

    REGISTER = "register"
    DISPATCH = "dispatch"
    HANDLE = "handle"
    CHECK = "check"


# Which deadline runs in which state; entering the first state of a stage starts it.
STAGE_OF: dict[State, Stage] = {
    State.REPORTED: Stage.REGISTER,
    State.VERIFYING: Stage.REGISTER,
    State.REGISTERED: Stage.DISPATCH,
    State.RETURNED: Stage.DISPATCH,
    State.DISPATCHED: Stage.HANDLE,
    State.HANDLING: Stage.HANDLE,
    State.REWORK: Stage.HANDLE,
    State.FEEDBACK: Stage.CHECK,
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Department(_Strict):
    """Somebody that cases go to."""

    code: str = Field(min_length=1, max_length=64)
    name: str


class Street(_Strict):
    """What is known of a street."""

    responsible: str = Field(max_length=128)


class RoutingRule(_Strict):
    """One line of the routing table; what is None fits everything."""

    department: str
    slug: Slug | None = None
    street_class: str | None = None
    grid_id: str | None = None


class Routing(_Strict):
    """`departments.yaml`."""

    departments: list[Department] = []
    rules: list[RoutingRule] = []
    fallback: str | None = None
    streets: dict[str, Street] = {}


class Limit(_Strict):
    """How long one step may take."""

    amount: float = Field(gt=0, le=1000)
    unit: Unit

    def span(self) -> Span:
        """Return it as a span."""
        return Span(self.amount, self.unit)


class Deadlines(_Strict):
    """`deadlines.yaml`; `calendar` is one file or several, usually one a year."""

    calendar: list[Path] = Field(min_length=1)
    warn_share: float = Field(default=0.8, gt=0, le=1)
    default: dict[Stage, Limit] = {}
    types: dict[Slug, dict[Stage, Limit]] = {}

    @field_validator("calendar", mode="before")
    @classmethod
    def _one_or_more(cls, given: object) -> object:
        return given if isinstance(given, list) else [given]


@dataclass(frozen=True, slots=True)
class Spot:
    """What routing looks at."""

    slug: Slug
    grid_id: str | None = None
    grid_department: str | None = None
    street: str | None = None
    street_class: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Where a case goes: a department's code, and a person; None if nobody is named."""

    department: str | None
    responsible: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """Routing and deadlines of one city.

    Attributes:
        routing: who is responsible.
        deadlines: how long; None when no deadline file was given.
        calendar: when the city works; None likewise.
        written: the same as it was written, with the holidays' names.
    """

    routing: Routing
    deadlines: Deadlines | None = None
    calendar: WorkCalendar | None = None
    written: CalendarFile | None = None

    def route(self, spot: Spot) -> Route:
        """Return who is responsible for a violation at this spot."""
        street = self.routing.streets.get(spot.street or "")
        responsible = street.responsible if street is not None else None
        for rule in self.routing.rules:
            if not _fits(rule, spot):
                continue
            code = spot.grid_department if rule.department == GRID else rule.department
            if code is not None:
                return Route(code, responsible)
        return Route(spot.grid_department or self.routing.fallback, responsible)

    def limit(self, slug: Slug, stage: Stage) -> Span | None:
        """Return how long a step may take, or None where nothing is set."""
        if self.deadlines is None:
            return None
        found = self.deadlines.types.get(slug, {}).get(stage)
        found = found or self.deadlines.default.get(stage)
        return None if found is None else found.span()

    def missing_years(self, now: datetime) -> list[int]:
        """Return the years, of now and the next weeks, whose holidays are not known."""
        return [] if self.calendar is None else self.calendar.missing_years(now)

    def unlisted(self, departments: Iterable[str]) -> list[str]:
        """Return those that cases cannot go to, in order; empty ones are nobody."""
        return sorted(one for one in set(departments) if one and not self.knows(one))

    def knows(self, department: str) -> bool:
        """Return whether cases can go there; without a list, anywhere."""
        known = {one.code for one in self.routing.departments}
        return not known or department in known


GRID = "grid"


def load_policy(folder: Path) -> Policy:
    """Return the rules in a folder; a missing file means no such rules.

    Args:
        folder: holds `departments.yaml` and `deadlines.yaml`.

    Raises:
        SettingsError: a file cannot be used; every mistake in it is named.
    """
    routing, deadlines, written = Routing(), None, None
    if (folder / "departments.yaml").is_file():
        routing = load_yaml(folder / "departments.yaml", Routing)
        _check_routing(routing, folder / "departments.yaml")
    if (folder / "deadlines.yaml").is_file():
        deadlines = load_yaml(folder / "deadlines.yaml", Deadlines)
        written = load_calendar([folder / name for name in deadlines.calendar])
    calendar = None if written is None else written.work_calendar()
    return Policy(routing, deadlines, calendar, written)


def calendar_warning(policy: Policy, now: datetime) -> str | None:
    """Return what the calendar will soon lack, and what to do; None if nothing."""
    years = policy.missing_years(now)
    if not years:
        return None
    lacking = ", ".join(map(str, years))
    return (
        f"deadlines.yaml: calendar: got no holidays of {lacking}, so deadlines count "
        "them as working days; add a file of that year to `calendar`"
    )


def _fits(rule: RoutingRule, spot: Spot) -> bool:
    return (
        rule.slug in {None, spot.slug}
        and rule.street_class in {None, spot.street_class}
        and rule.grid_id in {None, spot.grid_id}
    )


def _check_routing(routing: Routing, path: Path) -> None:
    known = {one.code for one in routing.departments} | {GRID}
    named = [rule.department for rule in routing.rules]
    named += [routing.fallback] if routing.fallback is not None else []
    unknown = sorted(set(named) - known)
    if unknown:
        msg = (
            f"{path}: departments {unknown} are not in the list `departments`; add them"
        )
        raise SettingsError(msg)
