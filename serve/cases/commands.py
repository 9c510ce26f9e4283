"""What is asked of a case, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from serve.cases.lifecycle import Action, State, Way
from serve.cases.worktime import Span
from serve.people.roles import Principal


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wants done to a case.

    Attributes:
        action: what.
        note: why, in their words.
        department: for `dispatch`: to whom; None takes the routed one.
        way: for `dispatch`: one of the three ways of handling.
        into: for `merge`: the case that goes on.
        extra: for `extend`: by how much.
    """

    action: Action
    note: str = ""
    department: str | None = None
    way: Way | None = None
    into: int | None = None
    extra: Span | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What just happened to a case.

    Attributes:
        command: what was asked.
        who: by whom.
        before: the state it was in.
        detail: what followed from it, for the history.
        due_before: the deadline that ran until then.
        event: what it is called, if not after the action.
    """

    command: Command
    who: Principal
    before: State
    detail: Mapping[str, str | float | None]
    due_before: datetime | None = None
    event: str | None = None
