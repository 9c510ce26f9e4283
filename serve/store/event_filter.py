"""Which events a reader wants."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select

from serve.store.tables import EventRow
from vision.core.violations import Slug


class EventState(StrEnum):
    """Whether the violation still stands."""

    OPEN = "open"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Box:
    """A map window, WGS-84 degrees; south <= north, west <= east."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; None asks nothing.

    Attributes:
        slug: which violation.
        camera_id: which camera.
        state: open or cleared.
        since: opened at this time or later.
        until: opened before this time.
        box: standing within.
        streets: standing on one of them; empty means anywhere.
    """

    slug: Slug | None = None
    camera_id: str | None = None
    state: EventState | None = None
    since: datetime | None = None
    until: datetime | None = None
    box: Box | None = None
    streets: frozenset[str] = frozenset()


def matching(query: Select[EventRow], wanted: EventFilter) -> Select[EventRow]:
    """Return the query narrowed to what is wanted."""
    if wanted.slug is not None:
        query = query.where(EventRow.slug == wanted.slug.value)
    if wanted.camera_id is not None:
        query = query.where(EventRow.camera_id == wanted.camera_id)
    if wanted.state is not None:
        query = query.where(EventRow.state == wanted.state.value)
    if wanted.since is not None:
        query = query.where(EventRow.opened_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(EventRow.opened_at < wanted.until)
    if wanted.streets:
        query = query.where(EventRow.street.in_(sorted(wanted.streets)))
    if wanted.box is not None:
        query = query.where(
            EventRow.lat.between(wanted.box.south, wanted.box.north),
            EventRow.lon.between(wanted.box.west, wanted.box.east),
        )
    return query
