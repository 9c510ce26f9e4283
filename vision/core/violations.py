"""A violation, its life and its reasons."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from vision.core.places import Place

_LEAST = re.compile(r">= (?P<limit>[0-9.e+-]+)")


class Slug(StrEnum):
    """The violations."""  # tests/unit/test_violations.py tells what a new one needs

    GARBAGE_PILE = "garbage_pile"
    OVERFLOWING_BIN = "overflowing_bin"
    STREET_VENDING = "street_vending"
    ILLEGAL_PARKING = "illegal_parking"


NAMES: Mapping[Slug, tuple[str, str]] = {
    Slug.GARBAGE_PILE: ("Garbage pile", "暴露垃圾"),
    Slug.OVERFLOWING_BIN: ("Overflowing bin", "垃圾桶满溢"),
    Slug.STREET_VENDING: ("Street vending", "占道经营"),
    Slug.ILLEGAL_PARKING: ("Illegal parking", "机动车违停"),
}
"""What pages call each: (English, Chinese). Events bear the taxonomy's name beside."""


class Lifecycle(StrEnum):
    """What a message says about its event."""

    OPENED = "opened"
    UPDATED = "updated"
    CLEARED = "cleared"


class Confidence(StrEnum):
    """How sure the rule is, in words that a dispatcher reads."""

    HIGH = "high"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Fact:
    """One reason with its unit: `observed_s 187 s >= 180 s`.

    Attributes:
        name: what was measured, `snake_case`.
        value: number, text or truth.
        unit: `s`, `m`, `1` (a count or share) or empty for text.
        bound: the limit it was compared with, e.g. `>= 180`; None if not compared.
        holds: whether the comparison held; None if not compared.
    """

    name: str
    value: float | int | str | bool
    unit: str = ""
    bound: str | None = None
    holds: bool | None = None

    @property
    def least(self) -> float | None:
        """The least value that a measured fact needs, or None where no limit is."""
        found = _LEAST.fullmatch(self.bound or "")
        if found is None or isinstance(self.value, str):
            return None
        return float(found["limit"])

    def text(self) -> str:
        """Return the fact as a person reads it."""
        value = f"{self.value:g}" if isinstance(self.value, float) else str(self.value)
        unit = f" {self.unit}" if self.unit not in {"", "1"} else ""
        bound = f" {self.bound}{unit}" if self.bound is not None else ""
        return f"{self.name} {value}{unit}{bound}"


Params: TypeAlias = tuple[tuple[str, float | int | str | tuple[str, ...]], ...]
"""A rule's limits in force, by name; units as suffix of the name."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One step in the life of one violation.

    Attributes:
        event_id: same for all steps; from place, class and rule.
        sequence: 1 for `opened`, rising with each step: by one, or after a crash by
            more, past what a step may have had that the crash made forget.
        lifecycle: which step.
        slug: which violation.
        rule: `name/version` of the rule that decided.
        place: the place at the moment of decision.
        zone_id: the zone that forbids it, or None.
        started_s: media time at which it began, seconds: the first sight of its object,
            or when it became one: the zone came into force, the bin was full.
        decided_s: media time of this decision, seconds.
        started_at: the same as wall time.
        decided_at: wall time of this decision.
        ended_at: wall time of the end, for `cleared`; else None.
        confidence: high or low.
        severity: 1 (lowest) to 3.
        facts: why.
        recurrence_of: event that was cleared at the same place before, or None.
        params: the rule's limits as they were for this decision.
    """

    event_id: str
    sequence: int
    lifecycle: Lifecycle
    slug: Slug
    rule: str
    place: Place
    zone_id: str | None
    started_s: float
    decided_s: float
    started_at: datetime
    decided_at: datetime
    ended_at: datetime | None
    confidence: Confidence
    severity: int
    facts: tuple[Fact, ...]
    recurrence_of: str | None = None
    params: Params = ()

    @property
    def is_last(self) -> bool:
        """Whether no step of this event follows: it ended, with proof or without."""
        return self.lifecycle is Lifecycle.CLEARED or any(
            fact.name == "cannot_verify" for fact in self.facts
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that might open an event, and why it has not yet."""

    camera_id: str
    slug: Slug
    rule: str
    place: Place
    zone_id: str | None
    facts: tuple[Fact, ...]
