"""Indicators of city management, counted from the case history and from nothing else.

Each is a share of two counts of cases that were reported in a period; both counts are
given, so that anybody can check and add them up.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from serve.cases.lifecycle import Action


class Count(StrEnum):
    """What is counted, each case at most once unless said."""

    REPORTED = "reported"
    REGISTERED = "registered"
    REJECTED = "rejected"
    MERGED = "merged"
    HANDLED = "handled"
    HANDLED_IN_TIME = "handled_in_time"
    CLOSED = "closed"
    CLOSED_IN_TIME = "closed_in_time"
    REWORKED = "reworked"
    DISPATCHED = "dispatched"
    DISPATCHED_RIGHT = "dispatched_right"


@dataclass(frozen=True, slots=True)
class Indicator:
    """A share.

    Attributes:
        name: in Chinese practice.
        meaning: in words.
        part: what is counted.
        whole: out of what.
    """

    name: str
    meaning: str
    part: Count
    whole: Count


INDICATORS: dict[str, Indicator] = {
    "registration_rate": Indicator(
        "立案率",
        "reported cases that a person registered",
        Count.REGISTERED,
        Count.REPORTED,
    ),
    "handling_rate": Indicator(
        "处置率",
        "registered cases whose handler reported them done",
        Count.HANDLED,
        Count.REGISTERED,
    ),
    "timely_handling_rate": Indicator(
        "按期处置率",
        "registered cases reported done before the handling deadline, or without one",
        Count.HANDLED_IN_TIME,
        Count.REGISTERED,
    ),
    "closing_rate": Indicator(
        "结案率", "registered cases that were closed", Count.CLOSED, Count.REGISTERED
    ),
    "timely_closing_rate": Indicator(
        "按期结案率",
        "registered cases closed before the checking deadline, or without one, after "
        "handling in time",
        Count.CLOSED_IN_TIME,
        Count.REGISTERED,
    ),
    "rework_rate": Indicator(
        "返工率",
        "handled cases that were sent back at least once",
        Count.REWORKED,
        Count.HANDLED,
    ),
    "dispatch_accuracy": Indicator(
        "准确派遣率",
        "dispatched cases that no department returned",
        Count.DISPATCHED_RIGHT,
        Count.DISPATCHED,
    ),
    "false_report_rate": Indicator(
        "误报率",
        "reported cases that a person rejected",
        Count.REJECTED,
        Count.REPORTED,
    ),
    "duplicate_rate": Indicator(
        "重复率",
        "reported cases that were merged into another",
        Count.MERGED,
        Count.REPORTED,
    ),
}


@dataclass(frozen=True, slots=True)
class StepFact:
    """What counting needs of one step.

    Attributes:
        action: what was done.
        at: when.
        due_before: the deadline that ran when it was done, or None.
    """

    action: str
    at: datetime
    due_before: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What one case has been through so far; grows step by step.

    Attributes:
        flags: what it counts for.
        returned: whether a department ever sent it back.
        in_time: whether the latest handling was.
    """

    flags: frozenset[Count] = field(default_factory=lambda: frozenset({Count.REPORTED}))
    returned: bool = False
    in_time: bool = False

    @classmethod
    def read(cls, text: str) -> "Tally":
        """Return the tally that `write` wrote."""
        words = text.split()
        flags = frozenset(Count(word) for word in words if not word.startswith("+"))
        return cls(flags, "+returned" in words, "+in_time" in words)

    def write(self) -> str:
        """Return it as text, always the same for the same tally."""
        words = sorted(flag.value for flag in self.flags)
        words += ["+returned"] if self.returned else []
        words += ["+in_time"] if self.in_time else []
        return " ".join(words)

    def after(self, step: StepFact) -> "Tally":
        """Return the tally after one more step."""
        timely = step.due_before is None or step.at <= step.due_before
        returned = self.returned or step.action == Action.RETURN
        handled = step.action == Action.FEEDBACK
        in_time = timely if handled else self.in_time
        gained, lost = _CHANGES.get(step.action, (_NONE, _NONE))
        if step.action == Action.DISPATCH and not returned:
            gained |= {Count.DISPATCHED_RIGHT}
        if step.action == Action.CLOSE and timely and in_time:
            gained |= {Count.CLOSED_IN_TIME}
        if handled and timely:
            gained |= {Count.HANDLED_IN_TIME}
        elif handled:
            lost |= {Count.HANDLED_IN_TIME}
        return Tally((self.flags - lost) | gained, returned, in_time)


_NONE: frozenset[Count] = frozenset()
# What only a registered case can count for. A case that was closed, reopened and then
# rejected or merged is none: else shares of the registered ones could exceed one.
_OF_REGISTERED = frozenset(
    {
        Count.REGISTERED,
        Count.HANDLED,
        Count.HANDLED_IN_TIME,
        Count.REWORKED,
        Count.CLOSED,
        Count.CLOSED_IN_TIME,
    }
)
# What an action adds and takes away, whenever it comes.
_CHANGES: Mapping[str, tuple[frozenset[Count], frozenset[Count]]] = {
    Action.REGISTER: (frozenset({Count.REGISTERED}), _NONE),
    Action.REJECT: (frozenset({Count.REJECTED}), _OF_REGISTERED),
    Action.MERGE: (frozenset({Count.MERGED}), _OF_REGISTERED),
    Action.DISPATCH: (frozenset({Count.DISPATCHED}), _NONE),
    Action.RETURN: (_NONE, frozenset({Count.DISPATCHED_RIGHT})),
    Action.FEEDBACK: (frozenset({Count.HANDLED}), _NONE),
    Action.REWORK: (frozenset({Count.REWORKED}), frozenset({Count.HANDLED_IN_TIME})),
    Action.CLOSE: (frozenset({Count.CLOSED}), _NONE),
    Action.REOPEN: (
        _NONE,
        frozenset({Count.CLOSED, Count.CLOSED_IN_TIME, Count.REJECTED, Count.MERGED}),
    ),
}


def tally(steps: Iterable[StepFact]) -> Tally:
    """Return what a whole history counts for."""
    result = Tally()
    for step in steps:
        result = result.after(step)
    return result


def count(tallies: Iterable[Tally]) -> Counter[Count]:
    """Return how many cases count for what."""
    total: Counter[Count] = Counter()
    for one in tallies:
        total.update(one.flags)
    return total


def shares(counts: Mapping[Count, int]) -> dict[str, float | None]:
    """Return each indicator, or None where there is nothing to divide by."""
    found: dict[str, float | None] = {}
    for name, indicator in INDICATORS.items():
        whole = counts.get(indicator.whole, 0)
        part = counts.get(indicator.part, 0)
        found[name] = None if whole == 0 else part / whole
    return found
