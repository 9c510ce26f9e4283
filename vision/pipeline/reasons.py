"""Reasons as a person reads them: `observed 41 s of 60 s`."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from vision.core.violations import Fact


class ReasonRecord(TypedDict):
    """One reason; `holds` None: told, but compared with nothing."""

    name: str
    value: float | str | bool
    unit: str
    bound: str | None
    holds: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Timer:
    """How far a place has come on its way to an event, seconds."""

    passed_s: float
    needed_s: float

    @property
    def share(self) -> float:
        """How much of the way, [0, 1]."""
        return min(1.0, self.passed_s / self.needed_s)


def timer_of(facts: Iterable[Fact]) -> Timer | None:
    """Return the timer with the longest way to go, or None if nothing is timed."""
    timers = [
        Timer(float(fact.value), limit)
        for fact in facts
        if fact.unit == "s" and (limit := fact.least) is not None and limit > 0
    ]
    return min(timers, key=lambda timer: timer.share, default=None)


def reason_of(fact: Fact) -> ReasonRecord:
    """Return a fact as plain values, with its words."""
    return {
        "name": fact.name,
        "value": fact.value,
        "unit": fact.unit,
        "bound": fact.bound,
        "holds": fact.holds,
        "text": reason_text(fact),
    }


def reason_text(fact: Fact) -> str:
    """Return a fact in words, with what it needs unless that is reached."""
    name = fact.name.removesuffix("_s").replace("_", " ")
    unit = f" {fact.unit}" if fact.unit not in {"", "1"} else ""
    text = f"{name} {_value(fact)}{unit}"
    if fact.least is not None and fact.unit == "s":
        return f"{text} of {fact.least:g} s"
    if fact.bound is None:
        return text
    needs = "" if fact.holds else "needs "
    return f"{text} ({needs}{fact.bound}{unit})"


def _value(fact: Fact) -> str:
    value = fact.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    # Cut, not rounded: 59.97 s of 60 s must not read as reached.
    digits = 10 if fact.unit == "s" else 100
    return f"{math.floor(value * digits) / digits:g}"
