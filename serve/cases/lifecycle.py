"""The life of a case, all of it in one table.

reported → verifying → registered(立案) → dispatched(派遣) → handling(处置) →
feedback(反馈) → closed(结案); aside: rejected(不予立案), returned(退回), rework(返工),
suspended(挂账), merged(并案). Extending(延期) and urging(督办) do not change the state.
Only people review: a machine can neither register nor reject.
"""

from dataclasses import dataclass
from enum import StrEnum

from serve.people.roles import Scope


class State(StrEnum):
    """Where a case stands."""

    REPORTED = "reported"
    VERIFYING = "verifying"
    REGISTERED = "registered"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    FEEDBACK = "feedback"
    CLOSED = "closed"
    REJECTED = "rejected"
    RETURNED = "returned"
    REWORK = "rework"
    SUSPENDED = "suspended"
    MERGED = "merged"


class Action(StrEnum):
    """What somebody can do to a case."""

    TAKE = "take"
    REGISTER = "register"
    REJECT = "reject"
    MERGE = "merge"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    RETURN = "return"
    FEEDBACK = "feedback"
    REQUEST_VERIFICATION = "request_verification"
    CLOSE = "close"
    REWORK = "rework"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXTEND = "extend"
    URGE = "urge"
    REOPEN = "reopen"
    NOTE = "note"


class Way(StrEnum):
    """The three ways of handling: 自行处置, 派单处置, 执法处置."""

    SELF = "self"
    DISPATCHED = "dispatched"
    ENFORCEMENT = "enforcement"


@dataclass(frozen=True, slots=True)
class Transition:
    """What an action asks and brings.

    Attributes:
        sources: states in which it is possible.
        target: state afterwards; None leaves it (or, for `resume`, brings it back).
        scope: what the actor must be allowed.
        person: whether only a human being may do it.
        reason: whether it must be explained.
        event: last part of the message type that tells of it.
    """

    sources: frozenset[State]
    target: State | None
    scope: Scope
    event: str
    person: bool = False
    reason: bool = False


_NEW = frozenset({State.REPORTED, State.VERIFYING})
_AT_WORK = frozenset(
    {State.REGISTERED, State.DISPATCHED, State.HANDLING, State.RETURNED, State.REWORK}
)
_LIVE = _NEW | _AT_WORK | {State.FEEDBACK}
# What time does: the message that tells of a deadline.
ESCALATED = "escalated"
OVER = frozenset({State.CLOSED, State.REJECTED, State.MERGED})

TRANSITIONS: dict[Action, Transition] = {
    Action.TAKE: Transition(
        frozenset({State.REPORTED}),
        State.VERIFYING,
        Scope.REVIEW,
        "verifying",
        person=True,
    ),
    Action.REGISTER: Transition(
        _NEW, State.REGISTERED, Scope.REVIEW, "registered", person=True
    ),
    Action.REJECT: Transition(
        _NEW, State.REJECTED, Scope.REVIEW, "rejected", person=True, reason=True
    ),
    Action.MERGE: Transition(_NEW, State.MERGED, Scope.REVIEW, "merged", person=True),
    Action.DISPATCH: Transition(
        frozenset({State.REGISTERED, State.RETURNED}),
        State.DISPATCHED,
        Scope.DISPATCH,
        "dispatched",
    ),
    Action.ACCEPT: Transition(
        frozenset({State.DISPATCHED, State.REWORK}),
        State.HANDLING,
        Scope.HANDLE,
        "handling",
    ),
    Action.RETURN: Transition(
        frozenset({State.DISPATCHED, State.HANDLING}),
        State.RETURNED,
        Scope.HANDLE,
        "returned",
        reason=True,
    ),
    Action.FEEDBACK: Transition(
        frozenset({State.DISPATCHED, State.HANDLING, State.REWORK}),
        State.FEEDBACK,
        Scope.HANDLE,
        "feedback",
    ),
    Action.REQUEST_VERIFICATION: Transition(
        frozenset({State.FEEDBACK, State.HANDLING, State.VERIFYING}),
        None,
        Scope.HANDLE,
        "verification_requested",
    ),
    Action.CLOSE: Transition(
        frozenset({State.FEEDBACK}), State.CLOSED, Scope.REVIEW, "closed", person=True
    ),
    Action.REWORK: Transition(
        frozenset({State.FEEDBACK}), State.REWORK, Scope.REVIEW, "rework", reason=True
    ),
    Action.SUSPEND: Transition(
        _AT_WORK,
        State.SUSPENDED,
        Scope.SUPERVISE,
        "suspended",
        person=True,
        reason=True,
    ),
    Action.RESUME: Transition(
        frozenset({State.SUSPENDED}), None, Scope.SUPERVISE, "resumed", person=True
    ),
    Action.EXTEND: Transition(
        _AT_WORK, None, Scope.SUPERVISE, "extended", person=True, reason=True
    ),
    Action.URGE: Transition(_LIVE, None, Scope.SUPERVISE, "urged", person=True),
    Action.REOPEN: Transition(
        OVER,
        State.VERIFYING,
        Scope.SUPERVISE,
        "reopened",
        person=True,
        reason=True,
    ),
    Action.NOTE: Transition(frozenset(State), None, Scope.READ, "noted", reason=True),
}
# What the engine's second look does to a case that reports itself done.
VERDICTS: dict[str, Action] = {
    "cleared": Action.CLOSE,
    "still_there": Action.REWORK,
}


def possible(state: State) -> list[Action]:
    """Return what can be done in this state, whoever does it."""
    return [act for act, move in TRANSITIONS.items() if state in move.sources]


def target(action: Action, state: State, stopped: State | None) -> State:
    """Return the state after an action that is possible.

    Args:
        action: what is done.
        state: where the case stands.
        stopped: the state before a suspension, to come back to.
    """
    if action is Action.RESUME and stopped is not None:
        return stopped
    return TRANSITIONS[action].target or state
