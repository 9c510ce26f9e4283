"""Which events a reader wants."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Select

from serve.store.tables import EventRow
from vision.core.violations import Slug

Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])


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


def matching(
    query: Q,
    wanted: EventFilter,
    events: type[EventRow] = EventRow,
    *,
    spread: bool = False,
) -> Q:
    """Return the query narrowed to what is wanted.

    Args:
        query: over events.
        wanted: which ones.
        events: what stands for them in the query.
        spread: kind, state and street are spread over the whole city, so that no index
            of theirs is worth following.
    """
    for column, value in (
        (events.slug, None if wanted.slug is None else wanted.slug.value),
        (events.state, None if wanted.state is None else wanted.state.value),
    ):
        if value is not None:
            query = query.where((column.concat("") if spread else column) == value)
    if wanted.camera_id is not None:
        query = query.where(events.camera_id == wanted.camera_id)
    if wanted.since is not None:
        query = query.where(events.opened_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(events.opened_at < wanted.until)
    if wanted.streets:
        street = events.street.concat("") if spread else events.street
        query = query.where(street.in_(sorted(wanted.streets)))
    if wanted.box is not None:
        query = query.where(
            events.lat.between(wanted.box.south, wanted.box.north),
            events.lon.between(wanted.box.west, wanted.box.east),
        )
    return query
