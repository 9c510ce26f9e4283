"""Cameras and what engines say about themselves."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from serve.access import Ingester, Reader, Services_
from serve.messages import HealthMessage
from serve.people.roles import Principal
from serve.services import Services
from serve.shapes import CameraList, HealthOut
from serve.store.cameras import CameraReport
from serve.views import camera_out, health_out

router = APIRouter(tags=["cameras"])

LATELY = timedelta(days=30)


class HealthReceipt(BaseModel):
    """What became of one health message."""

    id: str
    result: str


@router.post(
    "/api/v1/health-events",
    status_code=201,
    summary="Report the health of a camera or engine",
    responses={200: {"model": HealthReceipt, "description": "It was here before"}},
)
async def report_health(
    message: HealthMessage,
    request: Request,
    response: Response,
    services: Services_,
    _: Ingester,
) -> HealthReceipt:
    """Take one health CloudEvent in; a late one does not undo a newer one."""
    new = await run_in_threadpool(
        services.cameras.ingest, message, await request.body()
    )
    services.feed.ring()
    response.status_code = 201 if new else 200
    return HealthReceipt(id=message.id, result="new" if new else "repeated")


@router.get("/api/v1/cameras", summary="Cameras and how they are")
def list_cameras(services: Services_, who: Reader) -> CameraList:
    """Return the cameras in your districts, with their newest health."""
    return CameraList(
        items=[camera_out(report) for report in seen_by(who, services)],
        engine=engine_trouble(services),
    )


def engine_trouble(services: Services) -> list[HealthOut]:
    """Return what engines said of themselves, and which of them say nothing."""
    told = services.cameras.engine_health()
    return [health_out(row) for row in [*told, *services.engines.silent()]]


def seen_by(who: Principal, services: Services) -> list[CameraReport]:
    """Return the cameras that stand in the asker's districts, or passed lately.

    A moving camera stands nowhere: it is theirs as long as they see what it saw there.
    """
    found = services.cameras.cameras()
    if not who.districts:
        return found
    since = services.clock.now() - LATELY
    passing = services.cameras.passing(who.districts, since)
    inside = []
    for report in found:
        cell = services.grid.cell_at(report.camera.lat, report.camera.lon)
        stands = cell is not None and who.sees(cell.street)
        if stands or report.camera.camera_id in passing:
            inside.append(report)
    return inside
