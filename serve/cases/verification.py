"""The second look: asked for by people, answered by the engine with a picture."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.cases.commands import Command
from serve.cases.lifecycle import VERDICTS, Action, State
from serve.cases.refusals import CameraMoves
from serve.cases.store import CaseStore, locked_as_read, may
from serve.errors import (
    Conflict,
    IllegalTransition,
    InvalidContent,
    NotFound,
)
from serve.people.roles import TIME, Principal
from serve.store.cameras import moves
from serve.store.case_tables import CaseRow, VerificationRow
from serve.store.database import Database
from serve.store.tables import EventRow, EvidenceRow
from vision.core.ports import Clock

PENDING = "pending"
# No engine has answered for so long: the camera may be gone, the engine off.
EXPIRES = timedelta(hours=24)
BATCH = 100


class Verdict(StrEnum):
    """What the engine saw."""

    CLEARED = "cleared"
    STILL_THERE = "still_there"
    CANNOT_VERIFY = "cannot_verify"


@dataclass(frozen=True, slots=True)
class Answer:
    """The engine's answer.

    Attributes:
        verdict: what it saw.
        reasons: why, as on events.
        after: name of the after-picture among the event's evidence.
    """

    verdict: Verdict
    reasons: Sequence[dict[str, str | float | bool | None]]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A request as the engine gets it.

    Attributes:
        row: the request.
        xyxy: where the place lay in the reference view, pixels, or None if the event
            did not say.
    """

    row: VerificationRow
    xyxy: list[float] | None


class VerificationStore:
    """Keeps requests to look again."""

    def __init__(self, database: Database, clock: Clock, cases: CaseStore) -> None:
        """Use this database and clock; answers move `cases`."""
        self._database = database
        self._clock = clock
        self._cases = cases

    def request(
        self, number: int, who: Principal, *, note: str, expected: int
    ) -> VerificationRow:
        """Ask the engine to look at a case's place again.

        Raises:
            StaleVersion: the case has changed since it was read.
            Conflict: it was asked already and has not answered.
            CameraMoves: nobody can look before the camera drives past again.
        """
        with self._database.write() as session:
            case = locked_as_read(session, number, who, expected)
            if not may(case, Action.REQUEST_VERIFICATION, who):
                msg = f"case {number}: expected scope handle, and a case at work"
                raise IllegalTransition(msg)
            waiting = session.scalar(
                select(VerificationRow).where(
                    VerificationRow.case_number == number,
                    VerificationRow.verdict == PENDING,
                )
            )
            if waiting is not None:
                msg = f"verification {waiting.number} of this case waits for its answer"
                raise Conflict(msg, verification=waiting.number)
            row = self._new(session, case, who)
            session.add(row)
            session.flush()
            command = Command(Action.REQUEST_VERIFICATION, note)
            self._cases.apply(session, case, command, who, {"verification": row.number})
            return row

    def _new(self, session: Session, case: CaseRow, who: Principal) -> VerificationRow:
        event = session.scalars(
            select(EventRow).where(EventRow.event_id == case.event_id)
        ).one()
        if moves(session, event.camera_id):
            msg = (
                f"case {case.number}: camera {event.camera_id} moves and cannot look "
                "again when asked; its next pass clears the event or leaves it open"
            )
            raise CameraMoves(msg)
        return VerificationRow(
            case_number=case.number,
            event_id=case.event_id,
            camera_id=event.camera_id,
            place_id=str(json.loads(event.body)["data"]["place"]["id"]),
            slug=case.slug,
            requested_by=who.name,
            requested_at=self._clock.now(),
            verdict=PENDING,
            reasons="[]",
        )

    def pending(self, *, cameras: Sequence[str], limit: int) -> list[Question]:
        """Return what waits for the engine, oldest first; no camera means all."""
        query = (
            select(VerificationRow, EventRow.body)
            .join(EventRow, EventRow.event_id == VerificationRow.event_id)
            .where(VerificationRow.verdict == PENDING)
        )
        if cameras:
            query = query.where(VerificationRow.camera_id.in_(cameras))
        with self._database.read() as session:
            ordered = query.order_by(VerificationRow.number).limit(limit)
            return [
                Question(row, _footprint(body))
                for row, body in session.execute(ordered)
            ]

    def expire(self) -> int:
        """Answer `cannot_verify` where no engine has answered for a day; how many."""
        now = self._clock.now()
        with self._database.write() as session:
            rows = list(
                session.scalars(
                    select(VerificationRow)
                    .where(
                        VerificationRow.verdict == PENDING,
                        VerificationRow.requested_at <= now - EXPIRES,
                    )
                    .order_by(VerificationRow.number)
                    .limit(BATCH)
                    .with_for_update(skip_locked=True)
                )
            )
            waited: dict[str, str | float | bool | None] = {
                "name": "unanswered_s",
                "value": EXPIRES.total_seconds(),
                "unit": "s",
            }
            for row in rows:
                answer = Answer(Verdict.CANNOT_VERIFY, [waited])
                self._settle(session, row, answer, TIME)
        return len(rows)

    def answer(self, number: int, answer: Answer, who: Principal) -> VerificationRow:
        """Take the engine's answer; the same one again changes nothing.

        A case that reports itself done is closed when the place is clear, and sent
        back when it is not. Not being able to see proves nothing and moves nothing.

        Raises:
            NotFound: nobody asked that.
            Conflict: it was answered otherwise before.
            InvalidContent: `cleared` came without its picture.
        """
        with self._database.write() as session:
            row = session.get(VerificationRow, number, with_for_update=True)
            if row is None:
                msg = f"verification: got {number}; nobody asked that"
                raise NotFound(msg)
            if row.verdict != PENDING:
                if (row.verdict, row.after) != (answer.verdict.value, answer.after):
                    msg = f"verification {number} was answered {row.verdict} before"
                    raise Conflict(msg)
                return row
            _check_picture(session, row, answer)
            self._settle(session, row, answer, who)
            return row

    def _settle(
        self, session: Session, row: VerificationRow, answer: Answer, who: Principal
    ) -> None:
        row.verdict = answer.verdict.value
        row.answered_by = who.name
        row.answered_at = self._clock.now()
        row.reasons = json.dumps(list(answer.reasons))
        row.after = answer.after
        self._move(session, row, answer, who)

    def _move(
        self, session: Session, row: VerificationRow, answer: Answer, who: Principal
    ) -> None:
        case = session.get(CaseRow, row.case_number, with_for_update=True)
        if case is None:
            return
        action = VERDICTS.get(answer.verdict, Action.NOTE)
        if case.state != State.FEEDBACK:
            action = Action.NOTE
        note = f"verification {row.number}: {answer.verdict}"
        detail = {
            "verification": row.number,
            "verdict": answer.verdict.value,
            "after": answer.after,
        }
        self._cases.apply(session, case, Command(action, note), who, detail)

    def of_case(self, number: int) -> list[VerificationRow]:
        """Return every second look at a case, oldest first."""
        with self._database.read() as session:
            return list(
                session.scalars(
                    select(VerificationRow)
                    .where(VerificationRow.case_number == number)
                    .order_by(VerificationRow.number)
                )
            )


def _footprint(body: str) -> list[float] | None:
    box = json.loads(body)["data"]["place"].get("xyxy")
    return [float(side) for side in box] if isinstance(box, list) else None


def _check_picture(session: Session, row: VerificationRow, answer: Answer) -> None:
    if answer.after is None:
        if answer.verdict is Verdict.CLEARED:
            msg = "after: cleared needs an after-picture; hand it in as evidence first"
            raise InvalidContent(msg)
        return
    if session.get(EvidenceRow, (row.event_id, answer.after)) is None:
        msg = (
            f"after: got {answer.after!r}, which has not arrived; hand it in as "
            f"evidence of event {row.event_id} first"
        )
        raise InvalidContent(msg)
