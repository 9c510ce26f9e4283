"""The management grid and the departments."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from serve.access import Reader, Services_, authorize
from serve.cases.grid import GridFile
from serve.failures import not_the_schema
from serve.people.audit import Deed
from serve.people.roles import Principal, Scope
from serve.services import Services

router = APIRouter(tags=["grid"])

_GRID_FILE = "#/components/schemas/GridFile"


class Imported(BaseModel):
    """What became of an import.

    `unlisted_departments` are `dept_code`s that departments.yaml does not list: cases
    of their cells go nowhere until somebody chooses a department for each.
    """

    cells: int
    unlisted_departments: list[str] = []


class CellOut(BaseModel):
    """Where a point lies and who is responsible there."""

    grid_id: str
    street: str
    community: str
    department: str
    street_class: str | None


class Found(BaseModel):
    """The cell at a point, or null."""

    cell: CellOut | None


class DepartmentOut(BaseModel):
    """Somebody that cases go to."""

    code: str
    name: str


@router.put(
    "/api/v1/grid",
    summary="Import the management grid",
    response_model=Imported,
    openapi_extra={
        "security": [{"HTTPBearer": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _GRID_FILE}}},
        },
    },
)
async def import_grid(request: Request, services: Services_) -> Imported:
    """Replace all cells by those of a GeoJSON file (WGS-84, lon before lat).

    Each feature has `grid_id, street, community, dept_code` and may have
    `street_class`. Cells are imported, never computed. The answer names the
    departments that departments.yaml does not list.
    """
    # Whoever may not is turned away before so much is read and understood.
    who = await authorize(request, services, Scope.ADMIN)
    return await run_in_threadpool(take_grid, await request.body(), services, who)


def take_grid(content: bytes, services: Services, who: Principal) -> Imported:
    """Replace the grid by that of a file's bytes.

    Raises:
        InvalidContent: they are no grid.
    """
    try:
        file = GridFile.model_validate_json(content)
    except ValidationError as error:
        raise not_the_schema(error) from None
    count = services.grid.replace(file)
    services.audit.note(Deed(who, "grid.imported", f"{count} cells"))
    named = (feature.properties.dept_code for feature in file.features)
    return Imported(cells=count, unlisted_departments=services.policy.unlisted(named))


@router.get("/api/v1/grid/at", summary="Which cell is a point in")
def get_cell_at(
    services: Services_,
    _: Reader,
    lat: Annotated[float, Query(ge=-90, le=90)],
    lon: Annotated[float, Query(ge=-180, le=180)],
) -> Found:
    """Return the grid cell at a point in WGS-84."""
    cell = services.grid.cell_at(lat, lon)
    if cell is None:
        return Found(cell=None)
    return Found(
        cell=CellOut(
            grid_id=cell.grid_id,
            street=cell.street,
            community=cell.community,
            department=cell.department,
            street_class=cell.street_class,
        )
    )


@router.get("/api/v1/departments", summary="Departments that cases go to")
def list_departments(services: Services_, _: Reader) -> list[DepartmentOut]:
    """Return the departments of the city's configuration."""
    return [
        DepartmentOut(code=one.code, name=one.name)
        for one in services.policy.routing.departments
    ]
