"""Cases of one thing: which may be, by their place, and which a person said are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.orm import Session

from serve.cases.lifecycle import OVER, State
from serve.store.case_tables import CaseRow
from serve.store.event_filter import Box
from serve.store.tables import EventRow
from serve.store.tiles import stretches
from vision.core.position import LocalPlane, distance_m

FIXED_M = 30.0  # an event of a fixed camera has its place, some way from what it sees
FARTHEST_M = 60.0  # however badly both are placed
MOST_ALIKE = 5
MOST_ABSORBED = 50
MOST_NEAR = 500
MOST_STRETCHES = 8


@dataclass(frozen=True, slots=True)
class Same:
    """Another case that is, or may be, of the same thing.

    Attributes:
        case: it.
        event: opened it.
        distance_m: between the places of both events as reported, metres; None where
            one has none.
    """

    case: CaseRow
    event: EventRow
    distance_m: float | None


def alike(
    session: Session, row: CaseRow, seen: Sequence[ColumnElement[bool]]
) -> list[Same]:
    """Return unfinished cases of the same kind at the same place, newest first.

    The same place is the same fixed camera, or within the radii of both (of fixed
    cameras `FIXED_M`, together at most `FARTHEST_M`); a moving camera's own events
    its engine tells apart. Of a camera's events the newest few hundred are looked
    at.

    Args:
        session: where.
        row: a case.
        seen: what holds for those that the asker may see.
    """
    here = _opener(session, row)
    walks = [walk.limit(MOST_NEAR).subquery() for walk in _around(here)]
    near = union_all(*(select(walk.c.event_id) for walk in walks))
    query = (
        _with_events()
        .where(
            CaseRow.event_id.in_(near),
            CaseRow.state.in_([state.value for state in State if state not in OVER]),
            CaseRow.number != row.number,
            *seen,
        )
        .order_by(CaseRow.number.desc())
        .limit(MOST_ALIKE)
    )
    return _same(session, here, query)


def absorbed(
    session: Session, row: CaseRow, seen: Sequence[ColumnElement[bool]]
) -> list[Same]:
    """Return the cases that were merged into this one, also by way of others.

    Args:
        session: where.
        row: a case.
        seen: what holds for those that the asker may see.
    """
    merged = select(CaseRow.number).where(CaseRow.merged_into == row.number)
    tree = merged.cte(recursive=True)
    further = select(CaseRow.number).join(tree, CaseRow.merged_into == tree.c.number)
    numbers = select(tree.union(further).c.number)
    query = _with_events().where(CaseRow.number.in_(numbers), *seen)
    query = query.order_by(CaseRow.number).limit(MOST_ABSORBED)
    return _same(session, _opener(session, row), query)


def _opener(session: Session, row: CaseRow) -> EventRow:
    found = select(EventRow).where(EventRow.event_id == row.event_id)
    return session.scalars(found).one()


def _with_events() -> Select[CaseRow, EventRow]:
    return select(CaseRow, EventRow).join(
        EventRow, EventRow.event_id == CaseRow.event_id
    )


def _same(
    session: Session, here: EventRow, query: Select[CaseRow, EventRow]
) -> list[Same]:
    return [
        Same(case, event, _way_m(here, event)) for case, event in session.execute(query)
    ]


def _way_m(here: EventRow, there: EventRow) -> float | None:
    if here.lat is None or here.lon is None or there.lat is None or there.lon is None:
        return None
    return distance_m((here.lat, here.lon), (there.lat, there.lon))


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
