"""Cameras: which can see, and how long they could."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from serve.access import Services_
from serve.cases.counting import Period
from serve.console import sign_in
from serve.console.render import page, visitor
from serve.routes.cameras import seen_by
from serve.shapes import CameraOut
from serve.views import camera_out, health_out

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SPAN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Line:
    """A camera and how much of the latest days it could see; None: unknown."""

    camera: CameraOut
    share: float | None
    blind_s: float


@router.get("/cameras")
def cameras(request: Request, services: Services_) -> Response:
    """Show every camera, those in trouble first."""
    looker = visitor(request, services)
    who = looker.reader
    if who is None:
        return sign_in.ask(request, services, looker)
    now = services.clock.now()
    coverage = {
        one.camera_id: one
        for one in services.statistics.coverage(Period(now - SPAN, now))
    }
    lines = []
    for report in seen_by(who, services):
        one = coverage.get(report.camera.camera_id)
        share = None if one is None or not one.known else 1 - one.blind / one.known
        blind_s = 0.0 if one is None else one.blind.total_seconds()
        lines.append(Line(camera_out(report), share, blind_s))
    lines.sort(key=lambda line: (line.camera.ok, line.camera.name))
    engine = [health_out(row) for row in services.cameras.engine_health()]
    values = {"lines": lines, "engine": [one for one in engine if not one.ok]}
    return page(request, services, looker, "cameras.html", values)
