"""Deadlines of a case: when they start, stop, move and warn."""

from datetime import datetime, timedelta

from serve.cases.lifecycle import Action, State
from serve.cases.policy import STAGE_OF, Policy, Stage
from serve.cases.refusals import DeadlineTooFar
from serve.cases.worktime import (
    CalendarTooShortError,
    Span,
    Unit,
    WorkCalendar,
    after,
    due,
    elapsed,
    part_way,
)
from serve.store.case_tables import CaseRow
from vision.core.violations import Slug


def set_deadline(
    row: CaseRow, policy: Policy, now: datetime, *, anew: bool = False
) -> None:
    """Start the clock of the stage that the case has entered, if it is another one.

    Args:
        row: changed in place: `due_at`, `warn_at`, `due_for`, `escalated`.
        policy: how long stages may take.
        now: when the case entered the state.
        anew: start again also when the stage is the same.
    """
    stage = STAGE_OF.get(State(row.state))
    if stage is not None and stage == row.due_for and not anew:
        return
    row.escalated = None
    row.due_for = stage
    row.due_at = row.warn_at = None
    limit = None if stage is None else policy.limit(Slug(row.slug), stage)
    if limit is None or policy.calendar is None:
        return
    row.due_at = due(now, limit, policy.calendar)
    _warn(row, policy, limit.unit, now)


def stop(row: CaseRow, now: datetime) -> None:
    """Stop the clock for a suspension; `due_at` is kept to know what was left."""
    row.stopped_at = now


def restart(row: CaseRow, policy: Policy, now: datetime) -> timedelta:
    """Let the clock run on with what was left; return how long it stood.

    What was left is counted in the stage's own kind of time, so a suspension over a
    weekend neither gives nor takes working hours. A deadline that had passed before
    the suspension stays where it was.
    """
    stopped, row.stopped_at = row.stopped_at, None
    if stopped is None:
        return timedelta()
    kind = _kind(row, policy)
    if kind is None or row.due_at is None or row.due_at <= stopped:
        return now - stopped
    unit, calendar = kind
    left = elapsed(stopped, row.due_at, unit, calendar)
    row.due_at = after(now, left, unit, calendar)
    if row.warn_at is not None and row.warn_at > stopped:
        warn_left = elapsed(stopped, row.warn_at, unit, calendar)
        row.warn_at = after(now, warn_left, unit, calendar)
    return now - stopped


def extend(row: CaseRow, policy: Policy, extra: Span | None, now: datetime) -> None:
    """Move the deadline away by this much time, from where it stands.

    The warning follows in the stage's own kind of time, whatever `extra` counts in.

    Raises:
        DeadlineTooFar: the calendar does not reach so far.
    """
    if extra is None or row.due_at is None:
        return
    if policy.calendar is None:
        return
    try:
        row.due_at = due(row.due_at, extra, policy.calendar)
    except CalendarTooShortError as error:
        msg = f"extra: {error}"
        raise DeadlineTooFar(msg) from error
    if row.due_at > now:
        row.escalated = None
        kind = _kind(row, policy)
        _warn(row, policy, extra.unit if kind is None else kind[0], now)


def clock_after(
    row: CaseRow,
    action: Action,
    policy: Policy,
    now: datetime,
    extra: Span | None = None,
) -> dict[str, str | float | None]:
    """Do to the deadline what an action brings; return the explanation.

    Args:
        row: the case after its state was changed.
        action: what was done.
        policy: how long stages may take.
        now: when.
        extra: for `extend`: by how much.
    """
    before, stood = row.due_at, timedelta()
    match action:
        case Action.SUSPEND:
            stop(row, now)
        case Action.RESUME:
            stood = restart(row, policy, now)
        case Action.EXTEND:
            extend(row, policy, extra, now)
        case Action.REOPEN | Action.REWORK:
            set_deadline(row, policy, now, anew=True)
        case Action.NOTE:
            pass  # a clock that stands goes on standing
        case _:
            set_deadline(row, policy, now)
    return _explained(row, before, stood, extra)


def _explained(
    row: CaseRow, before: datetime | None, stood: timedelta, extra: Span | None
) -> dict[str, str | float | None]:
    explained: dict[str, str | float | None] = {}
    if before != row.due_at:
        explained["due_before"] = None if before is None else before.isoformat()
        explained["due_after"] = None if row.due_at is None else row.due_at.isoformat()
    if stood:
        explained["clock_stood_s"] = stood.total_seconds()
    if extra is not None:
        explained["extended_by"] = f"{extra.amount:g} {extra.unit}"
    return explained


def _warn(row: CaseRow, policy: Policy, unit: Unit, now: datetime) -> None:
    """Set when to warn: when the share of the time from now to the deadline is used."""
    if row.due_at is None or policy.calendar is None or policy.deadlines is None:
        return
    share, calendar = policy.deadlines.warn_share, policy.calendar
    row.warn_at = part_way(now, row.due_at, share, unit=unit, calendar=calendar)


def _kind(row: CaseRow, policy: Policy) -> tuple[Unit, WorkCalendar] | None:
    if row.due_for is None or policy.calendar is None:
        return None
    limit = policy.limit(Slug(row.slug), Stage(row.due_for))
    return None if limit is None else (limit.unit, policy.calendar)
