"""One map: cells of the grid, cameras and what is open there. No tiles from elsewhere.

Drawn to scale on a local equirectangular projection, which is right to a few metres
over a city.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from shapely import MultiPolygon, Polygon
from shapely.geometry import shape

from serve.access import Services_
from serve.console import sign_in
from serve.console.render import page, visitor
from serve.people.roles import Principal
from serve.routes.cameras import seen_by
from serve.services import Services
from serve.shapes import EventOut
from serve.store.case_tables import GridCellRow
from serve.store.event_filter import EventFilter, EventState
from serve.store.tables import EventRow
from serve.views import event_out
from vision.core.violations import Slug

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

WIDTH, HEIGHT = 1000.0, 640.0
MARGIN = 60.0
MOST_EVENTS = 1000
MOST_CELLS = 2000
MOST_LISTED = 60
_METRES_PER_DEGREE = 111_320.0
_SMALLEST_M = 400.0  # a single camera is shown with its surroundings
_SCALES_M = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
_LONGEST_SCALE = 220.0

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Projection:
    """From WGS-84 degrees to the drawing's units, y downwards.

    Attributes:
        lon: of the middle, degrees.
        lat: likewise.
        units_per_m: scale.
    """

    lon: float
    lat: float
    units_per_m: float

    @classmethod
    def around(cls, points: Sequence[LonLat]) -> "Projection":
        """Return the one that shows all points as large as fits."""
        lons, lats = [p[0] for p in points], [p[1] for p in points]
        lon, lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
        wide_m = (max(lons) - min(lons)) * _METRES_PER_DEGREE * _squeeze(lat)
        high_m = (max(lats) - min(lats)) * _METRES_PER_DEGREE
        wide_m, high_m = max(wide_m, _SMALLEST_M), max(high_m, _SMALLEST_M)
        scale = min(
            (WIDTH - 2 * MARGIN) / wide_m,
            (HEIGHT - 2 * MARGIN) / high_m,
        )
        return cls(lon, lat, scale)

    def __call__(self, point: LonLat) -> tuple[float, float]:
        """Return where a point (lon, lat) is drawn."""
        x = (point[0] - self.lon) * _METRES_PER_DEGREE * _squeeze(self.lat)
        y = (point[1] - self.lat) * _METRES_PER_DEGREE
        return (
            round(WIDTH / 2 + x * self.units_per_m, 1),
            round(HEIGHT / 2 - y * self.units_per_m, 1),
        )

    def scale_bar(self) -> tuple[int, float]:
        """Return a round length in metres and how long it is drawn."""
        fitting = [m for m in _SCALES_M if m * self.units_per_m <= _LONGEST_SCALE]
        metres = fitting[-1] if fitting else _SCALES_M[0]
        return metres, round(metres * self.units_per_m, 1)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the grid as drawn."""

    grid_id: str
    street: str
    path: str
    open: int


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map and what is open there."""

    x: float
    y: float
    radius: float
    name: str
    camera_id: str
    slug: str
    ok: bool
    events: list[EventOut]
    count: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a moving camera saw; it lies within `reach` of the point."""

    x: float
    y: float
    reach: float
    accuracy_m: float
    camera_id: str
    camera: str
    slug: str
    event_id: str
    opened_at: datetime


@router.get("/map")
def one_map(
    request: Request, services: Services_, slug: Slug | None = None
) -> Response:
    """Show where something is open now."""
    looker = visitor(request, services)
    who = looker.reader
    if who is None:
        return sign_in.ask(request, services, looker)
    wanted = EventFilter(slug=slug, state=EventState.OPEN, streets=who.districts)
    rows = services.events.rows(wanted, limit=MOST_EVENTS)
    cells = [one for one in services.grid.cells() if who.sees(one.street)]
    cameras = _cameras(services, who)
    points = [place for _, place, _ in cameras] + _places(rows)
    if not points:
        points = _corners(cells)
    drawn = None if not points else _draw(services, cells, cameras, rows, points)
    values = {"drawn": drawn, "slug": slug, "slugs": list(Slug), "open": len(rows)}
    return page(request, services, looker, "map.html", values)


_Camera = tuple[str, LonLat, tuple[str, bool]]


def _draw(
    services: Services,
    cells: Sequence[GridCellRow],
    cameras: Sequence[_Camera],
    rows: Sequence[EventRow],
    points: Sequence[LonLat],
) -> dict[str, object]:
    project = Projection.around(points)
    by_cell: dict[str | None, int] = {}
    for row in rows:
        by_cell[row.grid_id] = by_cell.get(row.grid_id, 0) + 1
    shapes = [
        Cell(
            one.grid_id,
            one.street,
            _path(one.outline, project),
            by_cell.get(one.grid_id, 0),
        )
        for one in cells[:MOST_CELLS]
    ]
    metres, length = project.scale_bar()
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "cells": shapes,
        "spots": _spots(services, cameras, rows, project),
        "sightings": list(_sightings(rows, project)),
        "scale_m": metres,
        "scale_length": length,
        "unplaced": sum(row.lat is None for row in rows),
    }


def _cameras(services: Services, who: Principal) -> list[_Camera]:
    """Return (id, place, (name, all well)) of the cameras in their districts."""
    found = []
    for report in seen_by(who, services):
        camera = report.camera
        if camera.lat is None or camera.lon is None:
            continue
        ok = all(health.ok for health in report.health)
        name = camera.address or camera.name or camera.camera_id
        found.append((camera.camera_id, (camera.lon, camera.lat), (name, ok)))
    return found


def _spots(
    services: Services,
    cameras: Sequence[_Camera],
    rows: Sequence[EventRow],
    project: Projection,
) -> list[Spot]:
    listed = services.events.some([row.event_id for row in rows[:MOST_LISTED]])
    by_camera: dict[str, list[EventRow]] = {}
    for row in rows:
        if row.lat is not None and row.accuracy_m is None:
            by_camera.setdefault(row.camera_id, []).append(row)
    spots = []
    for camera_id, place, (name, ok) in cameras:
        here = by_camera.get(camera_id, [])
        x, y = project(place)
        slugs = {row.slug for row in here}
        shown = [event_out(listed[r.event_id]) for r in here if r.event_id in listed]
        spots.append(
            Spot(
                x=x,
                y=y,
                radius=round(9 + 4 * math.sqrt(len(here)), 1) if here else 7.0,
                name=name,
                camera_id=camera_id,
                slug=slugs.pop() if len(slugs) == 1 else "mixed" if slugs else "none",
                ok=ok,
                events=shown,
                count=len(here),
            )
        )
    return sorted(spots, key=lambda spot: spot.count)


def _sightings(rows: Iterable[EventRow], project: Projection) -> Iterator[Sighting]:
    for row in rows:
        if row.lat is None or row.lon is None or row.accuracy_m is None:
            continue
        x, y = project((row.lon, row.lat))
        yield Sighting(
            x=x,
            y=y,
            reach=round(row.accuracy_m * project.units_per_m, 1),
            accuracy_m=row.accuracy_m,
            camera_id=row.camera_id,
            camera=json.loads(row.body)["data"]["camera"].get("name") or row.camera_id,
            slug=row.slug,
            event_id=row.event_id,
            opened_at=row.opened_at,
        )


def _places(rows: Iterable[EventRow]) -> list[LonLat]:
    return [
        (row.lon, row.lat)
        for row in rows
        if row.lat is not None and row.lon is not None
    ]


def _corners(cells: Iterable[GridCellRow]) -> list[LonLat]:
    return [point for one in cells for ring in _rings(one.outline) for point in ring]


def _rings(outline: str) -> Iterator[list[LonLat]]:
    drawn = shape(json.loads(outline))
    # Imported cells are polygons or several of them, and nothing else.
    parts = drawn.geoms if isinstance(drawn, MultiPolygon) else [drawn]
    for part in parts:
        if isinstance(part, Polygon):
            for ring in (part.exterior, *part.interiors):
                yield [(lon, lat) for lon, lat, *_ in ring.coords]


def _path(outline: str, project: Projection) -> str:
    """Return an outline as an SVG path."""
    lines = []
    for ring in _rings(outline):
        points = (project(point) for point in ring)
        lines.append("M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z")
    return "".join(lines)


def _squeeze(lat: float) -> float:
    return max(math.cos(math.radians(lat)), 0.01)
