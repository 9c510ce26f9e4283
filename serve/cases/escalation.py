"""Deadlines that near or pass are told once each."""

from datetime import datetime

from sqlalchemy import and_, or_, select

from serve.cases.commands import Command, Step
from serve.cases.lifecycle import ESCALATED, Action, State
from serve.cases.store import CaseStore
from serve.people.roles import TIME
from serve.store.case_tables import CaseRow
from serve.store.database import Database
from vision.core.ports import Clock

NEAR, PASSED = "near", "passed"
BATCH = 100


class Escalation:
    """Looks for cases that run out of time; several processes may look at once."""

    def __init__(self, database: Database, clock: Clock, cases: CaseStore) -> None:
        """Use this database and clock."""
        self._database = database
        self._clock = clock
        self._cases = cases

    def run(self) -> int:
        """Tell of every deadline that neared or passed; return of how many."""
        now = self._clock.now()
        with self._database.write() as session:
            rows = list(
                session.scalars(
                    select(CaseRow)
                    .where(
                        CaseRow.state != State.SUSPENDED.value,
                        or_(
                            and_(
                                CaseRow.due_at <= now,
                                or_(
                                    CaseRow.escalated.is_(None),
                                    CaseRow.escalated == NEAR,
                                ),
                            ),
                            and_(CaseRow.warn_at <= now, CaseRow.escalated.is_(None)),
                        ),
                    )
                    .order_by(CaseRow.due_at)
                    .limit(BATCH)
                    .with_for_update(skip_locked=True)
                )
            )
            for row in rows:
                level = PASSED if _is_over(row, now) else NEAR
                row.escalated = level
                due_at = "" if row.due_at is None else row.due_at.isoformat()
                step = Step(
                    Command(Action.NOTE, f"deadline {level}: {row.due_for}, {due_at}"),
                    TIME,
                    before=State(row.state),
                    detail={"level": level, "stage": row.due_for},
                    event=ESCALATED,
                )
                self._cases.record(session, row, step)
        return len(rows)


def _is_over(row: CaseRow, now: datetime) -> bool:
    return row.due_at is not None and row.due_at <= now
