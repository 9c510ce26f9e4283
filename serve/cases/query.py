"""Looking cases up."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select

from serve.cases import same
from serve.cases.lifecycle import OVER, Action, State
from serve.cases.same import Same
from serve.cases.search import CaseFilter, most_urgent, newest
from serve.errors import NotFound
from serve.paging import Position
from serve.people.roles import Principal
from serve.store.case_tables import CaseRow, CaseStepRow
from serve.store.database import Database
from vision.core.violations import Slug

DISMISSED = (State.REJECTED, State.MERGED)


@dataclass(frozen=True, slots=True)
class Workload:
    """How many cases wait.

    Attributes:
        by_state: those that are not over.
        overdue: how many of them are past their deadline.
    """

    by_state: dict[State, int]
    overdue: int

    def of(self, states: Collection[State]) -> int:
        """Return how many stand in these states."""
        return sum(self.by_state.get(state, 0) for state in states)


class CaseQuery:
    """Gives cases out."""

    def __init__(self, database: Database) -> None:
        """Use this database."""
        self._database = database

    def get(self, number: int, who: Principal) -> CaseRow:
        """Return one case.

        Raises:
            NotFound: there is none in their districts.
        """
        with self._database.read() as session:
            row = session.get(CaseRow, number)
        return visible(row, number, who)

    def of_event(self, event_id: str) -> CaseRow | None:
        """Return the case that an event opened."""
        with self._database.read() as session:
            return session.scalar(select(CaseRow).where(CaseRow.event_id == event_id))

    def shows_plates(self, event_id: str) -> bool:
        """Return whether an event is a parking case that a person registered."""
        registered = select(CaseRow.number).join(
            CaseStepRow, CaseStepRow.case_number == CaseRow.number
        )
        registered = registered.where(
            CaseRow.event_id == event_id,
            CaseRow.slug == Slug.ILLEGAL_PARKING,
            CaseRow.state.not_in([State.REPORTED, State.VERIFYING, *DISMISSED]),
            # No machine can take this step, see the lifecycle.
            CaseStepRow.action == Action.REGISTER,
        )
        with self._database.read() as session:
            return session.scalar(registered.limit(1)) is not None

    def states_of(self, event_ids: Sequence[str]) -> dict[str, str]:
        """Return the case states of these events, by event."""
        query = select(CaseRow.event_id, CaseRow.state)
        with self._database.read() as session:
            rows = session.execute(query.where(CaseRow.event_id.in_(event_ids)))
            return {row.event_id: row.state for row in rows}

    def steps(self, number: int) -> list[CaseStepRow]:
        """Return a case's steps in order; its report is not among them."""
        with self._database.read() as session:
            return list(
                session.scalars(
                    select(CaseStepRow)
                    .where(CaseStepRow.case_number == number)
                    .order_by(CaseStepRow.version)
                )
            )

    def queue(self, wanted: CaseFilter, who: Principal, *, limit: int) -> list[CaseRow]:
        """Return cases in their districts, the most urgent first."""
        with self._database.read() as session:
            return list(most_urgent(session, wanted, who.districts, limit=limit))

    def counts(self, who: Principal, now: datetime) -> "Workload":
        """Return how many unfinished cases stand where, in their districts."""
        unfinished = [state.value for state in State if state not in OVER]
        late = and_(CaseRow.due_at < now, CaseRow.state != State.SUSPENDED.value)
        query = (
            select(CaseRow.state, func.count(), func.count().filter(late))
            .where(CaseRow.state.in_(unfinished), *in_districts(who))
            .group_by(CaseRow.state)
        )
        with self._database.read() as session:
            rows = session.execute(query).all()
        return Workload(
            {State(state): number for state, number, _ in rows},
            sum(overdue for _, _, overdue in rows),
        )

    def alike(self, row: CaseRow, who: Principal) -> list[Same]:
        """Return unfinished cases that may be of the same thing, newest first."""
        with self._database.read() as session:
            return same.alike(session, row, in_districts(who))

    def absorbed(self, row: CaseRow, who: Principal) -> list[Same]:
        """Return the cases that were merged into this one, oldest first."""
        with self._database.read() as session:
            return same.absorbed(session, row, in_districts(who))

    def page(
        self,
        wanted: CaseFilter,
        who: Principal,
        *,
        limit: int,
        after: Position | None = None,
    ) -> list[CaseRow]:
        """Return cases in their districts, newest first."""
        with self._database.read() as session:
            found = newest(session, wanted, who.districts, limit=limit, after=after)
            return list(found)


def visible(row: CaseRow | None, number: int, who: Principal) -> CaseRow:
    """Return the case, which outside their districts looks as if there were none.

    Raises:
        NotFound: there is none in their districts.
    """
    if row is None or not who.sees(row.street):
        msg = f"case: got {number}; there is no such case"
        raise NotFound(msg)
    return row


def in_districts(who: Principal) -> list[ColumnElement[bool]]:
    """Return what holds for the cases that somebody may see."""
    return [CaseRow.street.in_(sorted(who.districts))] if who.districts else []
