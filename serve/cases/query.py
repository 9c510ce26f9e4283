"""Looking cases up."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select, union_all

from serve.cases.lifecycle import OVER, Action, State
from serve.cases.search import CaseFilter, most_urgent, newest
from serve.errors import NotFound
from serve.paging import Position
from serve.people.roles import Principal
from serve.store.case_tables import CaseRow, CaseStepRow
from serve.store.database import Database
from serve.store.event_filter import Box
from serve.store.tables import EventRow
from serve.store.tiles import stretches
from vision.core.position import LocalPlane
from vision.core.violations import Slug

FIXED_M = 30.0  # an event of a fixed camera has its place, some way from what it sees
FARTHEST_M = 60.0  # however badly both are placed
MOST_ALIKE = 5
DISMISSED = (State.REJECTED, State.MERGED)
MOST_NEAR = 500
MOST_STRETCHES = 8


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
            .where(CaseRow.state.in_(unfinished), *_in_districts(who))
            .group_by(CaseRow.state)
        )
        with self._database.read() as session:
            rows = session.execute(query).all()
        return Workload(
            {State(state): number for state, number, _ in rows},
            sum(overdue for _, _, overdue in rows),
        )

    def alike(self, row: CaseRow, who: Principal) -> list[int]:
        """Return unfinished cases of the same kind at the same place, newest first.

        The same place is the same fixed camera, or within the radii of both (of fixed
        cameras `FIXED_M`, together at most `FARTHEST_M`); a moving camera's own events
        its engine tells apart. Of a camera's events the newest few hundred are looked
        at.
        """
        with self._database.read() as session:
            here = session.scalar(
                select(EventRow).where(EventRow.event_id == row.event_id)
            )
            if here is None:
                return []
            walks = [walk.limit(MOST_NEAR).subquery() for walk in _around(here)]
            near = union_all(*(select(walk.c.event_id) for walk in walks))
            query = (
                select(CaseRow.number)
                .where(
                    CaseRow.event_id.in_(near),
                    CaseRow.state.in_(
                        [state.value for state in State if state not in OVER]
                    ),
                    CaseRow.number != row.number,
                    *_in_districts(who),
                )
                .order_by(CaseRow.number.desc())
                .limit(MOST_ALIKE)
            )
            return list(session.scalars(query))

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


def _around(here: EventRow) -> Iterator[Select[str]]:
    """Yield what finds the events of one kind at one place, index by index."""
    alike = select(EventRow.event_id).where(EventRow.slug.concat("") == here.slug)
    if here.accuracy_m is None:
        seen = alike.where(EventRow.camera_id == here.camera_id)
        yield seen.order_by(EventRow.opened_at.desc(), EventRow.number.desc())
    if here.lat is None or here.lon is None:
        return
    # Metres of one degree; degrees of the farthest way.
    per_lon, per_lat = LocalPlane(here.lat, here.lon).metres(here.lat + 1, here.lon + 1)
    wide, high = FARTHEST_M / per_lon, FARTHEST_M / per_lat
    box = Box(here.lon - wide, here.lat - high, here.lon + wide, here.lat + high)
    east_m = (EventRow.lon - here.lon) * per_lon
    north_m = (EventRow.lat - here.lat) * per_lat
    way_m2 = east_m * east_m + north_m * north_m
    mine_m = FIXED_M if here.accuracy_m is None else here.accuracy_m
    radius_m = func.coalesce(EventRow.accuracy_m, FIXED_M)
    near = alike.where(
        EventRow.lat.between(box.south, box.north),
        EventRow.lon.between(box.west, box.east),
        EventRow.camera_id != here.camera_id,
        way_m2 <= FARTHEST_M**2,
        way_m2 <= mine_m**2 + radius_m * radius_m,
    )
    for first, last in stretches(box, MOST_STRETCHES):
        yield near.where(EventRow.tile.between(first, last))


def _in_districts(who: Principal) -> list[ColumnElement[bool]]:
    return [CaseRow.street.in_(sorted(who.districts))] if who.districts else []
