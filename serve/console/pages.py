"""The pages: latest events, one event with its case. Nothing comes from elsewhere."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, Form, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from serve.access import Services_, check_form
from serve.cases.lifecycle import Action
from serve.cases.store import Command, may
from serve.cases.views import CaseDetail, case_detail
from serve.console import sign_in
from serve.console.render import Visitor, back_to, page, same_site, url_with, visitor
from serve.errors import Problem, UnknownEvent
from serve.paging import Position, cursor_of, position_of
from serve.people.roles import Principal, Scope
from serve.routes.cases import past_of
from serve.services import Services
from serve.store.event_filter import EventFilter, EventState
from serve.views import camera_out, event_detail, event_out
from vision.core.violations import Slug

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PAGE_SIZE = 24
_HERE = Path(__file__).parent
# What the page offers as buttons; the rest is for the API.
_BUTTONS = (
    Action.REGISTER,
    Action.REJECT,
    Action.DISPATCH,
    Action.ACCEPT,
    Action.FEEDBACK,
    Action.REQUEST_VERIFICATION,
    Action.CLOSE,
    Action.REWORK,
    Action.RETURN,
    Action.SUSPEND,
    Action.RESUME,
    Action.URGE,
    Action.REOPEN,
)


@router.get("/")
def latest(
    request: Request,
    services: Services_,
    slug: Slug | None = None,
    state: EventState | None = None,
    cursor: Annotated[str | None, Query(max_length=256)] = None,
) -> Response:
    """Show the latest events, or the login."""
    looker = visitor(request, services)
    who = _reader(looker)
    if who is None:
        return sign_in.ask(request, services, looker)
    after = position_of(cursor) if cursor else None
    wanted = EventFilter(slug=slug, state=state, streets=who.districts)
    found = services.events.page(wanted, limit=PAGE_SIZE + 1, after=after)
    older = None
    if len(found) > PAGE_SIZE:
        found = found[:PAGE_SIZE]
        last = found[-1].row
        end = cursor_of(Position(last.opened_at, last.number))
        older = url_with(request, cursor=end)
    cases = services.find_cases.states_of([stored.row.event_id for stored in found])
    values = {
        "events": [event_out(stored) for stored in found],
        "case_states": cases,
        "cameras": [camera_out(report) for report in services.cameras.cameras()],
        "slug": slug,
        "state": state,
        "older": older,
        "first_page": cursor is None,
        "slugs": list(Slug),
        "states": list(EventState),
    }
    return page(request, services, looker, "latest.html", values)


@router.get("/events/{event_id}")
def one_event(request: Request, services: Services_, event_id: str) -> Response:
    """Show one event with its pictures, reasons, steps and case."""
    looker = visitor(request, services)
    who = _reader(looker)
    if who is None:
        return sign_in.ask(request, services, looker)
    try:
        stored = services.events.get(event_id, who)
    except UnknownEvent:
        return page(request, services, looker, "missing.html", {}, status=404)
    event = event_detail(stored, services.events.history(event_id))
    case = _case(services, event_id, who)
    values = {
        "event": event,
        "case": case,
        "buttons": [] if case is None else _buttons(services, case, who),
        "departments": services.policy.routing.departments,
        "originals": who.may(Scope.ORIGINALS),
        "trouble": request.query_params.get("trouble"),
    }
    return page(request, services, looker, "event.html", values)


class Pressed(BaseModel):
    """What a button of the case form sends."""

    action: Action
    version: int
    csrf: str = Field(default="", max_length=256)
    note: str = Field(default="", max_length=2000)
    department: str = Field(default="", max_length=64)


@router.post("/events/{event_id}/case")
def act_on_case(
    request: Request,
    services: Services_,
    event_id: str,
    pressed: Annotated[Pressed, Form()],
) -> Response:
    """Do what a person's button says to the case of an event."""
    looker = visitor(request, services)
    who = _reader(looker)
    if who is None or not same_site(request):
        return sign_in.ask(request, services, looker)
    check_form(who, pressed.csrf)
    case = services.find_cases.of_event(event_id)
    if case is None:
        return page(request, services, looker, "missing.html", {}, status=404)
    here = f"/events/{event_id}"
    try:
        _do(services, case.number, pressed, who)
    except Problem as problem:
        return back_to(f"{here}?trouble={problem.slug}")
    services.feed.ring()
    return back_to(here)


def mount_console(app: FastAPI) -> None:
    """Add the pages and their files."""
    app.include_router(router)
    app.include_router(sign_in.router)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")


def _reader(looker: Visitor) -> Principal | None:
    who = looker.principal
    return who if who is not None and who.may(Scope.READ) else None


def _case(services: Services, event_id: str, who: Principal) -> CaseDetail | None:
    row = services.find_cases.of_event(event_id)
    if row is None:
        return None
    return case_detail(row, past_of(services, row.number), who, services.clock.now())


def _do(services: Services, number: int, pressed: Pressed, who: Principal) -> None:
    note, version = pressed.note, pressed.version
    if pressed.action is Action.REQUEST_VERIFICATION:
        services.verifications.request(number, who, note=note, expected=version)
        return
    command = Command(pressed.action, note, pressed.department or None)
    services.cases.act(number, command, who, expected=version)


def _buttons(services: Services, case: CaseDetail, who: Principal) -> list[Action]:
    if not who.person:
        return []
    row = services.find_cases.get(case.number, who)
    return [action for action in _BUTTONS if may(row, action, who)]
