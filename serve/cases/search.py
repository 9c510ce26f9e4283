"""Finds cases among a million, also where nothing fits.

Each walk goes along one index in the order that is asked for and reads nothing but that
index; only the cases of the page are then fetched. The streets, what is overdue, or the
department, state and kind lead the walk, the first of them that is asked for; the rest
is looked at on the way. States and kinds are few: where one of the two is asked for,
or a department, there is a walk for each of the others.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, union_all
from sqlalchemy.orm import Session

from serve.cases.lifecycle import State
from serve.paging import Position
from serve.store.case_tables import CaseRow
from vision.core.violations import Slug

EVERY = 2**31 - 1
_NEWEST = (CaseRow.reported_at.desc(), CaseRow.number.desc())
# The most urgent first; what has no deadline last.
_URGENT = (CaseRow.due_at.is_(None), CaseRow.due_at, CaseRow.number)

Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases; None asks nothing."""

    state: State | None = None
    slug: Slug | None = None
    department: str | None = None
    street: str | None = None
    overdue_at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    states: frozenset[State] = frozenset()


def newest(
    session: Session,
    wanted: CaseFilter,
    districts: frozenset[str],
    *,
    limit: int,
    after: Position | None = None,
) -> Sequence[CaseRow]:
    """Return cases that fit, newest first.

    Args:
        session: where.
        wanted: which ones.
        districts: on these streets only; empty means anywhere.
        limit: at most this many.
        after: the end of the page before, or None for the first.
    """
    rest = [*_where(wanted, districts), *_beyond(after)]
    walks = []
    for leading in _leading(wanted, districts):
        walk = select(CaseRow.number, CaseRow.reported_at).where(*leading, *rest)
        if not _by_deadline(wanted, districts):
            walk = walk.order_by(*_NEWEST).limit(limit)
        else:
            # All that is overdue, instead of all there is in order of time.
            walk = walk.limit(EVERY)
        found = walk.subquery()
        walks.append(select(found.c.number, found.c.reported_at))
    if not walks:
        return []
    every = union_all(*walks).subquery()
    ordered = select(every.c.number).order_by(
        every.c.reported_at.desc(), every.c.number.desc()
    )
    numbers = session.scalars(ordered.limit(limit)).all()
    rows = select(CaseRow).where(CaseRow.number.in_(numbers)).order_by(*_NEWEST)
    return session.scalars(rows).all()


def most_urgent(
    session: Session, wanted: CaseFilter, districts: frozenset[str], *, limit: int
) -> Sequence[CaseRow]:
    """Return cases that fit, the next deadline first, those without one last."""
    states = [CaseRow.state.in_(sorted(wanted.states))] if wanted.states else []
    found = select(CaseRow.number).where(*states, *_where(wanted, districts))
    numbers = session.scalars(found.order_by(*_URGENT).limit(limit)).all()
    rows = select(CaseRow).where(CaseRow.number.in_(numbers)).order_by(*_URGENT)
    return session.scalars(rows).all()


def _by_deadline(wanted: CaseFilter, districts: frozenset[str]) -> bool:
    anywhere = wanted.street is None and not districts
    return anywhere and wanted.overdue_at is not None


def _leading(wanted: CaseFilter, districts: frozenset[str]) -> Iterator[Conditions]:
    """Yield the beginnings of the walks: what stands first in an index."""
    if wanted.street is not None or districts:
        streets = districts if wanted.street is None else {wanted.street}
        for street in sorted(streets):
            yield [CaseRow.street == street]
        return
    if _by_deadline(wanted, districts):
        yield [CaseRow.due_at < wanted.overdue_at]
        return
    whose: Conditions = []
    if wanted.department is not None:
        whose = [CaseRow.department == wanted.department]
    if not whose and wanted.state is None and wanted.slug is None and not wanted.states:
        yield []
        return
    states = wanted.states or (set(State) if wanted.state is None else {wanted.state})
    slugs = list(Slug) if wanted.slug is None else [wanted.slug]
    for state, slug in itertools.product(sorted(states), slugs):
        yield [*whose, CaseRow.state == state.value, CaseRow.slug == slug.value]


def _where(wanted: CaseFilter, districts: frozenset[str]) -> Conditions:
    # As expressions, so that no other index than the leading one is followed.
    conditions: Conditions = [
        column.concat("") == value
        for column, value in (
            (CaseRow.state, wanted.state),
            (CaseRow.slug, wanted.slug),
            (CaseRow.department, wanted.department),
            (CaseRow.street, wanted.street),
        )
        if value is not None
    ]
    if wanted.states:
        conditions.append(CaseRow.state.concat("").in_(sorted(wanted.states)))
    if districts:
        conditions.append(CaseRow.street.concat("").in_(sorted(districts)))
    if wanted.overdue_at is not None:
        conditions += [
            CaseRow.due_at < wanted.overdue_at,
            CaseRow.state.concat("") != State.SUSPENDED.value,
        ]
    if wanted.since is not None:
        conditions.append(CaseRow.reported_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(CaseRow.reported_at < wanted.until)
    return conditions


def _beyond(after: Position | None) -> Conditions:
    if after is None:
        return []
    # The first condition says where the index is entered; a choice alone does not.
    return [
        CaseRow.reported_at <= after.at,
        or_(CaseRow.reported_at < after.at, CaseRow.number < after.number),
    ]
