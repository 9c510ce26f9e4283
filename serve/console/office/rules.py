"""The city's rules as they are in force: who is responsible, how long, when, where."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse

from serve.access import Services_
from serve.cases.policy import Stage
from serve.console.office.door import OfficeForm, Officer, Trouble, attempt, enter
from serve.console.render import back_to
from serve.people.roles import Scope
from serve.routes import grids as api
from vision.core.violations import Slug

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/office")
def office(request: Request, services: Services_) -> Response:
    """Lead to the first page of the office."""
    officer = enter(request, services, Scope.READ)
    return officer if isinstance(officer, Response) else back_to("/office/rules")


@router.get("/office/rules")
def rules(request: Request, services: Services_) -> Response:
    """Show departments, routing, deadlines, calendar and grid."""
    officer = enter(request, services, Scope.READ)
    return officer if isinstance(officer, Response) else _rules(officer)


@router.get("/office/rules/grid")
def grid_form() -> Response:
    """Lead to the rules from the address where a refused file was answered."""
    return back_to("/office/rules#grid")


@router.post("/office/rules/grid")
def import_grid(
    request: Request,
    services: Services_,
    csrf: Annotated[str, Form(max_length=256)] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Replace the grid by the cells of a GeoJSON file."""
    form = OfficeForm(csrf=csrf)
    officer = enter(request, services, Scope.ADMIN, form=form)
    if isinstance(officer, Response):
        return officer
    content = b"" if file is None else file.file.read()

    _, trouble = attempt(lambda: api.take_grid(content, services, officer.who))
    if trouble is not None:
        return _rules(officer, Trouble("bad_grid", trouble.detail, trouble.status))
    return back_to("/office/rules#grid")


def _rules(officer: Officer, trouble: Trouble | None = None) -> Response:
    policy = officer.services.policy
    names = {one.code: one.name for one in policy.routing.departments}
    streets: dict[str, tuple[set[str], int]] = {}
    cells = officer.services.grid.cells()
    for cell in cells:
        departments, count = streets.get(cell.street, (set(), 0))
        streets[cell.street] = (departments | {cell.department}, count + 1)
    values = {
        "routing": policy.routing,
        "names": names,
        "limits": {
            slug: {stage: policy.limit(slug, stage) for stage in Stage} for slug in Slug
        },
        "stages": list(Stage),
        "warn_share": policy.deadlines.warn_share if policy.deadlines else None,
        "calendar": policy.written,
        "missing_years": policy.missing_years(officer.services.clock.now()),
        "streets": sorted(streets.items()),
        "cells": len(cells),
        "unlisted": policy.unlisted(cell.department for cell in cells),
        "imports": officer.who.may(Scope.ADMIN) and officer.who.person,
    }
    return officer.show("rules.html", values, trouble=trouble)
