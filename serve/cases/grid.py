"""The management grid: imported cells, and which one a point lies in."""

import json
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from shapely import GEOSException, Point, STRtree
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import delete, func, select

from serve.errors import InvalidContent
from serve.store.case_tables import GridCellRow
from serve.store.database import Database
from vision.core.ports import Clock

REFRESH_S = 10.0
MAX_CELLS = 100_000

Degree = Annotated[float, Field(ge=-180, le=180)]
Vertex = Annotated[list[Degree], Field(min_length=2, max_length=2)]
Ring = Annotated[list[Vertex], Field(min_length=4, max_length=100_000)]


class CellProperties(BaseModel):
    """What a cell tells besides its outline."""

    grid_id: Annotated[str, Field(min_length=1, max_length=64)]
    street: Annotated[str, Field(max_length=128)] = ""
    community: Annotated[str, Field(max_length=128)] = ""
    dept_code: Annotated[str, Field(max_length=64)] = ""
    street_class: Annotated[str, Field(max_length=64)] | None = None


class PolygonIn(BaseModel):
    """One outline, with holes, in WGS-84, [lon, lat]."""

    type: Literal["Polygon"]
    coordinates: list[Ring]


class MultiPolygonIn(BaseModel):
    """Several outlines."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[Ring]]


class CellFeature(BaseModel):
    """One cell."""

    type: Literal["Feature"]
    properties: CellProperties
    geometry: Annotated[PolygonIn | MultiPolygonIn, Field(discriminator="type")]


class GridFile(BaseModel):
    """A whole grid as GeoJSON."""

    type: Literal["FeatureCollection"]
    features: Annotated[list[CellFeature], Field(max_length=MAX_CELLS)]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a point lies."""

    grid_id: str
    street: str
    community: str
    department: str
    street_class: str | None


class Grid:
    """Looks points up; reads the cells again when they have changed.

    Other processes see an import after `REFRESH_S` seconds at the latest.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use this database; nothing is read yet."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._checked_s: float | None = None
        self._revision: str | None = None
        self._cells: list[Cell] = []
        self._outlines: list[BaseGeometry] = []
        self._tree = STRtree([])

    def replace(self, file: GridFile) -> int:
        """Take a new grid instead of the old one; return how many cells it has.

        Raises:
            InvalidContent: an outline is none, or an id stands twice.
        """
        rows = _rows(file)
        with self._database.write() as session:
            session.execute(delete(GridCellRow))
            session.add_all(rows)
        with self._reading:
            self._checked_s = None
        return len(rows)

    def cell_at(self, lat: float | None, lon: float | None) -> Cell | None:
        """Return the cell that a point lies in, the smallest if there are several.

        Args:
            lat: WGS-84 degrees, or None for an unknown place.
            lon: likewise.
        """
        if lat is None or lon is None:
            return None
        self._refresh()
        point = Point(lon, lat)
        with self._lock:
            hits = [
                int(index)
                for index in self._tree.query(point)
                if self._outlines[int(index)].covers(point)
            ]
            if not hits:
                return None
            return self._cells[min(hits, key=lambda hit: self._outlines[hit].area)]

    def cells(self) -> Sequence[GridCellRow]:
        """Return every cell by id."""
        with self._database.read() as session:
            query = select(GridCellRow).order_by(GridCellRow.grid_id)
            return list(session.scalars(query))

    def streets(self) -> list[str]:
        """Return the names of all streets, in order."""
        with self._database.read() as session:
            query = select(GridCellRow.street).distinct().order_by(GridCellRow.street)
            return list(session.scalars(query))

    def _refresh(self) -> None:
        # Whoever comes while it is read waits: what is placed by no grid, or by an old
        # one, keeps its place for ever.
        with self._reading:
            now_s = self._clock.monotonic_s()
            if self._checked_s is None or now_s - self._checked_s >= REFRESH_S:
                self._read()
                self._checked_s = now_s

    def _read(self) -> None:
        with self._database.read() as session:
            revision = session.scalar(select(func.min(GridCellRow.revision)))
            if revision == self._revision:
                return
            rows = list(session.scalars(select(GridCellRow)))
        outlines = [shape(json.loads(row.outline)) for row in rows]
        self._revision = revision
        with self._lock:
            self._outlines = outlines
            self._tree = STRtree(outlines)
            self._cells = [
                Cell(
                    row.grid_id,
                    row.street,
                    row.community,
                    row.department,
                    row.street_class,
                )
                for row in rows
            ]


def _rows(file: GridFile) -> list[GridCellRow]:
    rows: dict[str, GridCellRow] = {}
    revision = secrets.token_hex(8)
    for index, feature in enumerate(file.features):
        cell = feature.properties
        outline = feature.geometry.model_dump()
        where = f"features/{index} ({cell.grid_id})"
        try:
            drawn = shape(outline)
            usable = drawn.is_valid and not drawn.is_empty
        except (GEOSException, ValueError, TypeError, IndexError) as error:
            msg = f"{where}: got an outline that cannot be read ({error})"
            raise InvalidContent(msg) from error
        if not usable or cell.grid_id in rows:
            what = (
                "an id that stands twice"
                if usable
                else "an outline that crosses itself"
            )
            msg = f"{where}: got {what}; expected one valid outline for each id"
            raise InvalidContent(msg)
        rows[cell.grid_id] = GridCellRow(
            grid_id=cell.grid_id,
            street=cell.street,
            community=cell.community,
            department=cell.dept_code,
            street_class=cell.street_class,
            revision=revision,
            outline=json.dumps(outline),
        )
    return list(rows.values())
