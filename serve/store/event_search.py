"""Finds events, newest first, quickly also where a map window is asked for.

A window that shows much of the city is found among the newest events; one that shows
little of it by place. Which of the two it is only the events themselves tell, so the
newest are looked through first. Both looks read nothing but an index.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, aliased

from serve.paging import Position
from serve.store.event_filter import EventFilter, matching
from serve.store.tables import EventRow

Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])
GLANCE = 20_000
EVERY = 2**31 - 1
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
    if wanted.box is None or wanted.camera_id is not None:
        # A camera narrows more than anything else that can be asked.
        spread = wanted.camera_id is not None
        query = matching(select(EventRow), wanted, spread=spread)
        query = _beyond(query, after)
        return session.scalars(query.order_by(*_NEWEST).limit(limit)).all()
    numbers = _among_the_newest(session, wanted, limit, after)
    if len(numbers) < limit:
        numbers = _by_place(session, wanted, limit, after)
    rows = select(EventRow).where(EventRow.number.in_(numbers)).order_by(*_NEWEST)
    return session.scalars(rows).all()


def _among_the_newest(
    session: Session, wanted: EventFilter, limit: int, after: Position | None
) -> Sequence[int]:
    columns = (
        EventRow.number, EventRow.opened_at, EventRow.lat, EventRow.lon,
        EventRow.state, EventRow.slug, EventRow.street,
    )  # fmt: skip
    glance = select(*columns)
    # One of the two leads through an index of its own; the other is asked after it.
    if wanted.state is not None:
        glance = glance.where(EventRow.state == wanted.state.value)
    elif wanted.slug is not None:
        glance = glance.where(EventRow.slug == wanted.slug.value)
    glance = _beyond(glance, after).order_by(*_NEWEST).limit(GLANCE)
    recent = aliased(EventRow, glance.subquery())
    query = matching(select(recent.number), wanted, recent)
    ordered = query.order_by(recent.opened_at.desc(), recent.number.desc())
    return session.scalars(ordered.limit(limit)).all()


def _by_place(
    session: Session, wanted: EventFilter, limit: int, after: Position | None
) -> Sequence[int]:
    query = matching(select(EventRow.number, EventRow.opened_at), wanted, spread=True)
    # The limit keeps the database from merging the two queries, and from walking
    # through all events in order of time to find the few that fit.
    found = _beyond(query, after).limit(EVERY).subquery()
    ordered = select(found.c.number).order_by(
        found.c.opened_at.desc(), found.c.number.desc()
    )
    return session.scalars(ordered.limit(limit)).all()


def _beyond(query: Q, after: Position | None) -> Q:
    if after is None:
        return query
    return query.where(
        or_(
            EventRow.opened_at < after.at,
            and_(EventRow.opened_at == after.at, EventRow.number < after.number),
        )
    )
