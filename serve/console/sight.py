"""Cameras: which can see, and how long they could."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from serve.access import Services_
from serve.cases.counting import Period
from serve.console import sign_in
from serve.console.office.door import OfficeForm, Trouble, Word, attempt, enter
from serve.console.render import Visitor, back_to, page, visitor
from serve.people.roles import Principal, Scope
from serve.routes.cameras import seen_by
from serve.routes.engines import engines_out
from serve.services import Services
from serve.shapes import CameraOut
from serve.views import camera_out, health_out
from serve.watching import WatchState

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SPAN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Line:
    """A camera and how much of the latest days it could see; None: unknown."""

    camera: CameraOut
    share: float | None
    blind_s: float


class ForgetForm(OfficeForm):
    """The button of an engine that is no longer used."""

    engine: Word


@router.get("/cameras")
def cameras(request: Request, services: Services_) -> Response:
    """Show every camera, those in trouble first, and the engines."""
    looker = visitor(request, services)
    who = looker.reader
    if who is None:
        return sign_in.ask(request, services, looker)
    return _cameras(request, services, looker, who)


@router.post("/cameras")
def forget(
    request: Request, services: Services_, form: Annotated[ForgetForm, Form()]
) -> Response:
    """Take an engine out of use."""
    officer = enter(request, services, Scope.ADMIN, form=form)
    if isinstance(officer, Response):
        return officer
    _, trouble = attempt(lambda: services.engines.forget(form.engine, officer.who))
    if trouble is None:
        return back_to("/cameras")
    return _cameras(request, services, officer.looker, officer.who, trouble)


def _cameras(
    request: Request,
    services: Services,
    looker: Visitor,
    who: Principal,
    trouble: Trouble | None = None,
) -> Response:
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
    lines.sort(key=_order)
    told = services.cameras.engine_health()
    values = {
        "lines": lines,
        "engine": [health_out(row) for row in told if not row.ok],
        "engines": engines_out(services.engines.engines()),
        "forgets": who.may(Scope.ADMIN) and who.person,
        "trouble": trouble,
    }
    status = 200 if trouble is None else int(trouble.status)
    return page(request, services, looker, "cameras.html", values, status=status)


def _order(line: Line) -> tuple[bool, bool, str]:
    """Sort trouble first, and what is watched no more last."""
    camera = line.camera
    return camera.watch.state is WatchState.LEFT, camera.ok, camera.name
