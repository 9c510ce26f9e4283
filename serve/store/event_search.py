"""Finds events, newest first, quickly whatever is asked for, also where nothing fits.

Each way below walks along one index, in the order that is asked for, and reads nothing
but that index until it has found enough; only the events of the page are then fetched.
A way is quick when what it has to step over is bounded:

* a camera, a kind with a state, a kind, a state, or nothing: what fits lies together;
* some streets: together for each street, so that each is walked for itself;
* a map window: it lies together neither by time nor by place. A window that shows much
  of the city is found among the newest events, one that shows little of it by place;
  which of the two it is only the events tell, so the newest are looked through first.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Select, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from serve.paging import Position
from serve.store.event_filter import EventFilter, matching
from serve.store.tables import EventRow
from serve.store.tiles import stretches

Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])
GLANCE = 10_000
MOST_STRETCHES = 24
_ON_MAP = (
    EventRow.number, EventRow.opened_at, EventRow.lat, EventRow.lon, EventRow.state,
    EventRow.slug, EventRow.street,
)  # fmt: skip
_NEWEST = (EventRow.opened_at.desc(), EventRow.number.desc())


def newest(
    session: Session, wanted: EventFilter, *, limit: int, after: Position | None = None
) -> Sequence[EventRow]:
    """Return events that fit, newest first.

    Args:
        session: where.
        wanted: which ones.
        limit: at most this many.
        after: the end of the page before, or None for the first.
    """
    if wanted.camera_id is not None:
        # A camera narrows more than anything else that can be asked.
        query = matching(select(EventRow.number), wanted, spread=True)
        numbers = _first(session, _beyond(query, after), limit)
    elif wanted.box is not None:
        numbers = _in_window(session, wanted, limit, after)
    elif wanted.streets:
        numbers = _on_streets(session, wanted, limit, after)
    else:
        query = matching(select(EventRow.number), wanted)
        numbers = _first(session, _beyond(query, after), limit)
    if not numbers:
        return []
    rows = select(EventRow).where(EventRow.number.in_(numbers)).order_by(*_NEWEST)
    return session.scalars(rows).all()


def _first(session: Session, query: Select[int], limit: int) -> Sequence[int]:
    return session.scalars(query.order_by(*_NEWEST).limit(limit)).all()


def _in_window(
    session: Session, wanted: EventFilter, limit: int, after: Position | None
) -> Sequence[int]:
    glance = _glance(wanted, after)
    recent = aliased(EventRow, glance.limit(GLANCE).subquery())
    query = matching(select(recent.number), wanted, recent)
    ordered = query.order_by(recent.opened_at.desc(), recent.number.desc())
    numbers = session.scalars(ordered.limit(limit)).all()
    if len(numbers) == limit:
        return numbers
    beyond = glance.with_only_columns(EventRow.number).offset(GLANCE).limit(1)
    if session.scalar(beyond) is None:
        return numbers  # that was every one that could fit
    return _by_place(session, wanted, limit, after)


def _glance(wanted: EventFilter, after: Position | None) -> Select[*tuple[Any, ...]]:
    glance = select(*_ON_MAP)
    along = EventFilter(
        slug=wanted.slug, state=wanted.state, since=wanted.since, until=wanted.until
    )
    return _beyond(matching(glance, along), after).order_by(*_NEWEST)


def _by_place(
    session: Session, wanted: EventFilter, limit: int, after: Position | None
) -> Sequence[int]:
    if wanted.box is None:
        return []
    # One walk along the index for each stretch of the map: a choice between stretches
    # within one query would make databases read the rows.
    walks = [
        select(*_ON_MAP).where(EventRow.tile.between(first, last))
        for first, last in stretches(wanted.box, MOST_STRETCHES)
    ]
    here = aliased(EventRow, union_all(*walks).subquery())
    query = _beyond(matching(select(here.number), wanted, here), after, here)
    ordered = query.order_by(here.opened_at.desc(), here.number.desc())
    return session.scalars(ordered.limit(limit)).all()


def _on_streets(
    session: Session, wanted: EventFilter, limit: int, after: Position | None
) -> Sequence[int]:
    walks = []
    for street in sorted(wanted.streets):
        query = matching(
            select(EventRow.number, EventRow.opened_at),
            replace(wanted, streets=frozenset()),
            spread=True,
        ).where(EventRow.street == street)
        walk = _beyond(query, after).order_by(*_NEWEST).limit(limit).subquery()
        walks.append(select(walk.c.number, walk.c.opened_at))
    found = union_all(*walks).subquery()
    ordered = select(found.c.number).order_by(
        found.c.opened_at.desc(), found.c.number.desc()
    )
    return session.scalars(ordered.limit(limit)).all()


def _beyond(query: Q, after: Position | None, events: type[EventRow] = EventRow) -> Q:
    if after is None:
        return query
    # The first condition says where the index is entered; a choice alone does not.
    return query.where(
        events.opened_at <= after.at,
        or_(events.opened_at < after.at, events.number < after.number),
    )
