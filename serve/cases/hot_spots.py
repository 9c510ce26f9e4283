"""Where the same violation comes back: at a fixed camera, or at a place on the map.

What moving cameras saw is counted by tile of the map first, by the database; a thing
near the edge of a tile lies now in one, now in the next, so neighbours that are near
each other are then put together, beginning with the fullest. What was merged into
another case is that case's, and not counted again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from operator import attrgetter

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from serve.cases.lifecycle import State
from serve.store.case_tables import CaseRow
from serve.store.tables import EventRow
from serve.store.tiles import SIDE, tile_of
from vision.core.position import distance_m

SPOT_M = 30.0
MOST_TILES = 2000  # the fullest; further ones would have one event each


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A place where one violation comes back again and again.

    Attributes:
        camera_id: the fixed camera that saw it there; None: moving ones did.
        slug: which violation.
        grid_id: the cell of the grid it lies in.
        events: how many.
        latest: when the newest opened.
        place: (lat, lon) of their middle, WGS-84 degrees; None at a fixed camera.
    """

    camera_id: str | None
    slug: str
    grid_id: str | None
    events: int
    latest: datetime
    place: tuple[float, float] | None = None


def hot_spots(
    session: Session, wanted: Sequence[ColumnElement[bool]], *, limit: int
) -> list[HotSpot]:
    """Return where the same violation came back most often.

    Args:
        session: where.
        wanted: what holds for the events that count.
        limit: at most this many.
    """
    merged = select(CaseRow.number).where(
        CaseRow.event_id == EventRow.event_id, CaseRow.state == State.MERGED.value
    )
    counted = [*wanted, ~merged.exists()]
    found = [*_at_cameras(session, counted, limit), *_on_the_map(session, counted)]
    # Sorting keeps the order of what is equal.
    return sorted(found, key=attrgetter("events"), reverse=True)[:limit]


def _at_cameras(
    session: Session, counted: Sequence[ColumnElement[bool]], limit: int
) -> Iterator[HotSpot]:
    number = func.count()
    of = (EventRow.camera_id, EventRow.slug, EventRow.grid_id)
    query = (
        select(*of, number, func.max(EventRow.opened_at))
        .where(EventRow.accuracy_m.is_(None), *counted)
        .group_by(*of)
        .having(number > 1)
        .order_by(number.desc(), EventRow.camera_id, EventRow.slug)
        .limit(limit)
    )
    for row in session.execute(query):
        yield HotSpot(*row)


def _on_the_map(
    session: Session, counted: Sequence[ColumnElement[bool]]
) -> Iterator[HotSpot]:
    number = func.count()
    query = (
        select(
            EventRow.slug,
            func.max(EventRow.grid_id),
            number,
            func.max(EventRow.opened_at),
            func.avg(EventRow.lat),
            func.avg(EventRow.lon),
        )
        .where(EventRow.accuracy_m.is_not(None), EventRow.tile.is_not(None), *counted)
        .group_by(EventRow.tile, EventRow.slug)
        .order_by(number.desc(), EventRow.tile, EventRow.slug)
        .limit(MOST_TILES)
    )
    tiles: dict[tuple[str, int | None], HotSpot] = {}
    for slug, grid_id, events, latest, lat, lon in session.execute(query):
        spot = HotSpot(None, slug, grid_id, events, latest, (lat, lon))
        tiles[slug, tile_of(lat, lon)] = spot
    for key, spot in list(tiles.items()):
        if key in tiles:
            together = [tiles.pop(near) for near in list(_near(spot, tiles))]
            if sum(one.events for one in together) > 1:
                yield _middle(together)


def _near(
    spot: HotSpot, tiles: dict[tuple[str, int | None], HotSpot]
) -> Iterator[tuple[str, int | None]]:
    """Yield its own tile and those beside it whose middle is near, of one violation."""
    lat, lon = spot.place or (0.0, 0.0)
    for north, east in product((0, -1, 1), (0, -1, 1)):
        tile = tile_of(lat + north * 180.0 / SIDE, lon + east * 360.0 / SIDE)
        other = tiles.get((spot.slug, tile))
        if other is None or other.place is None:
            continue
        if distance_m((lat, lon), other.place) <= SPOT_M:
            yield spot.slug, tile


def _middle(spots: Sequence[HotSpot]) -> HotSpot:
    """Return several as one, which lies where most of them were."""
    first, events = spots[0], sum(one.events for one in spots)
    placed = [(one.place, one.events) for one in spots if one.place is not None]
    return HotSpot(
        camera_id=None,
        slug=first.slug,
        grid_id=first.grid_id,
        events=events,
        latest=max(one.latest for one in spots),
        place=(
            _mean((lat, count) for (lat, _), count in placed),
            _mean((lon, count) for (_, lon), count in placed),
        ),
    )


def _mean(values: Iterable[tuple[float, int]]) -> float:
    known = list(values)
    return sum(value * count for value, count in known) / sum(n for _, n in known)
