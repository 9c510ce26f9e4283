"""Cases: opened by events, moved by people, every step kept."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from serve.cases.clockwork import clock_after, set_deadline
from serve.cases.commands import Command, Step
from serve.cases.grid import Cell
from serve.cases.indicators import StepFact, Tally
from serve.cases.lifecycle import (
    OVER,
    TRANSITIONS,
    Action,
    State,
    Way,
    possible,
    target,
)
from serve.cases.policy import Policy, Spot
from serve.cases.query import visible
from serve.cases.refusals import (
    DepartmentNeeded,
    ExtensionNeeded,
    NoDeadline,
    OtherCaseNeeded,
    ReasonNeeded,
)
from serve.cases.told import CaseTold, told_of
from serve.errors import Forbidden, IllegalTransition, StaleVersion
from serve.feed import Own, tell
from serve.people.audit import AuditLog, Deed
from serve.people.roles import ANYONE_HERE, TIME, Principal
from serve.store.case_tables import CaseRow, CaseStepRow
from serve.store.database import Database
from serve.store.tables import EventRow
from vision.core.ports import Clock
from vision.core.violations import Slug

CASE_TYPE = "org.streetwarden.case.{event}.v1"
CHANCE_BYTES = 4


class CaseStore:
    """Opens, moves and gives out cases."""

    def __init__(
        self, database: Database, clock: Clock, policy: Policy, audit: AuditLog
    ) -> None:
        """Use this database and clock; `policy` routes and sets deadlines."""
        self._database = database
        self._audit = audit
        self._clock = clock
        self._policy = policy

    def opened_by(
        self, event: EventRow, cell: Cell | None, earlier: str | None
    ) -> CaseRow:
        """Return the case of a new event, to be stored in the same transaction.

        Args:
            event: what was reported.
            cell: the grid cell it lies in.
            earlier: the event at the same place that was cleared before.
        """
        route = self._policy.route(
            Spot(
                slug=Slug(event.slug),
                grid_id=cell.grid_id if cell else None,
                grid_department=(cell.department or None) if cell else None,
                street=cell.street if cell else None,
                street_class=cell.street_class if cell else None,
            )
        )
        row = CaseRow(
            event_id=event.event_id,
            version=1,
            state=State.REPORTED.value,
            slug=event.slug,
            grid_id=event.grid_id,
            street=event.street,
            community=cell.community if cell else None,
            department=route.department,
            responsible=route.responsible,
            reported_at=event.received_at,
            updated_at=event.received_at,
            recurrence_of=earlier,
            tally=Tally().write(),
        )
        set_deadline(row, self._policy, event.received_at)
        return row

    def act(
        self, number: int, command: Command, who: Principal, *, expected: int
    ) -> CaseRow:
        """Do one thing to a case.

        Args:
            number: which case.
            command: what.
            who: must be allowed to.
            expected: the version that they saw.

        Raises:
            NotFound: there is no such case in their districts.
            StaleVersion: somebody else was quicker.
            IllegalTransition: it cannot be done in this state.
            Forbidden: they may not do it.
        """
        with self._database.write() as session:
            if command.into is not None and command.into < number:
                # Two people who merge two cases into each other wait, not deadlock.
                locked(session, command.into, who)
            row = locked_as_read(session, number, who, expected)
            _allow(row, command, who)
            self.apply(session, row, command, who)
            return row

    def apply(
        self,
        session: Session,
        row: CaseRow,
        command: Command,
        who: Principal,
        detail: Mapping[str, str | float | None] | None = None,
    ) -> None:
        """Move a case that is locked, without asking whether `who` may.

        Raises:
            IllegalTransition: it cannot be done in this state.
        """
        now, action, before = self._clock.now(), command.action, State(row.state)
        if action not in possible(before):
            msg = f"case {row.number}: {action} is not possible in state {before}"
            raise IllegalTransition(
                msg, possible=[str(one) for one in possible(before)]
            )
        explained = dict(detail or {})
        if action is Action.MERGE:
            explained["into"] = self._merge(session, row, command, who)
        if action is Action.DISPATCH:
            self._assign(row, command)
        if action is Action.SUSPEND:
            row.stopped_state = before.value
        due_before = row.due_at
        stopped = None if row.stopped_state is None else State(row.stopped_state)
        row.state = target(action, before, stopped).value
        if action is Action.RESUME:
            row.stopped_state = None
        if action is Action.REOPEN:
            row.merged_into = None
        row.closed_at = _end(row, before, now)
        explained |= clock_after(row, action, self._policy, now, command.extra)
        self.record(session, row, Step(command, who, before, explained, due_before))

    def record(self, session: Session, row: CaseRow, step: Step) -> None:
        """Write the step that just happened, and tell those who follow."""
        now = self._clock.now()
        row.version += 1
        row.updated_at = now
        action = step.event or step.command.action.value
        fact = StepFact(action, now, step.due_before)
        row.tally = Tally.read(row.tally).after(fact).write()
        session.add(
            CaseStepRow(
                case_number=row.number,
                version=row.version,
                action=action,
                from_state=step.before.value,
                to_state=row.state,
                actor=step.who.name,
                at=now,
                note=step.command.note,
                department=row.department,
                due_at=row.due_at,
                detail=json.dumps(step.detail),
            )
        )
        if step.who is not TIME:
            subject, note = f"cases/{row.number}", step.command.note
            deed = Deed(step.who, f"case.{action}", subject, note)
            self._audit.note_within(session, deed)
        told = told_of(session, row, step.command.note, dict(step.detail))
        tell(session, _message(told, step, now), now=now)

    def _merge(
        self, session: Session, row: CaseRow, command: Command, who: Principal
    ) -> int:
        if command.into is None or command.into == row.number:
            msg = "into: expected the number of another case that goes on"
            raise OtherCaseNeeded(msg)
        into = locked(session, command.into, who)
        if State(into.state) in OVER:
            msg = f"into: case {into.number} is {into.state}; expected one that goes on"
            raise IllegalTransition(msg)
        row.merged_into = into.number
        absorbed = Command(Action.NOTE, f"case {row.number} was merged into this one")
        self.apply(session, into, absorbed, who, {"absorbed": row.number})
        return into.number

    def _assign(self, row: CaseRow, command: Command) -> None:
        department = command.department or row.department
        if department is None or not self._policy.knows(department):
            known = [one.code for one in self._policy.routing.departments]
            expected = f"one of departments.yaml, {known}" if known else "its code"
            msg = f"department: got {department!r}; expected {expected}"
            raise DepartmentNeeded(msg)
        row.department = department
        row.way = (command.way or Way.DISPATCHED).value


def locked(session: Session, number: int, who: Principal) -> CaseRow:
    """Return a case that nobody else can change until the transaction ends.

    Raises:
        NotFound: there is none in their districts.
    """
    return visible(session.get(CaseRow, number, with_for_update=True), number, who)


def locked_as_read(
    session: Session, number: int, who: Principal, expected: int
) -> CaseRow:
    """Return a case as `locked` does, if it is still as it was read.

    Raises:
        NotFound: there is none in their districts.
        StaleVersion: it has changed since.
    """
    row = locked(session, number, who)
    if row.version != expected:
        msg = (
            f"If-Match: got version {expected}; the case is at {row.version}; "
            "read it again and decide anew"
        )
        raise StaleVersion(msg, version=row.version)
    return row


def may(row: CaseRow, action: Action, who: Principal) -> bool:
    """Return whether this person or machine can do this to this case now."""
    move = TRANSITIONS[action]
    known = who is not ANYONE_HERE
    allowed = known and who.may(move.scope) and (who.person or not move.person)
    return allowed and State(row.state) in move.sources


def _allow(row: CaseRow, command: Command, who: Principal) -> None:
    move = TRANSITIONS[command.action]
    if who is ANYONE_HERE:
        msg = f"{command.action} needs a key or a login; open reads only read"
        raise Forbidden(msg)
    if not who.may(move.scope):
        msg = f"{command.action} needs the scope {move.scope}"
        raise Forbidden(msg)
    if move.person and not who.person:
        msg = (
            f"{command.action} is for people: log in, or use a person's own key; "
            "no machine registers, rejects or closes a case"
        )
        raise Forbidden(msg)
    if move.reason and not command.note.strip():
        msg = f"note: {command.action} must be explained; got nothing"
        raise ReasonNeeded(msg)
    if command.action is Action.EXTEND and not row.due_at:
        msg = f"extend: case {row.number} has no deadline now; there is none to move"
        raise NoDeadline(msg)
    if command.action is Action.EXTEND and command.extra is None:
        msg = "extra: expected an amount and a unit, by which the deadline moves"
        raise ExtensionNeeded(msg)


def _end(row: CaseRow, before: State, now: datetime) -> datetime | None:
    """Return when the case was over, if it is; what is noted later does not move it."""
    if row.state not in OVER:
        return None
    return row.closed_at if before in OVER else now


def _message(told: CaseTold, step: Step, now: datetime) -> Own:
    action = step.command.action
    # By chance, too: after a backup was restored, number and version come again with
    # other facts, and receivers drop what comes under an id that they know.
    chance = secrets.token_hex(CHANCE_BYTES)
    return Own(
        message_id=f"case-{told.case}.{told.version}-{chance}",
        type=CASE_TYPE.format(event=step.event or TRANSITIONS[action].event),
        source="/cases",
        subject=f"cases/{told.case}",
        order_key=told.event_id,
        sequence=told.version,
        time=now,
        data=told.model_dump(mode="json"),
    )
