"""One event with its case: pictures, reasons, what can be done, what was done."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, field_validator

from serve.access import Services_, check_form
from serve.cases.commands import Command
from serve.cases.lifecycle import TRANSITIONS, Action, State, Way
from serve.cases.store import may
from serve.cases.views import CaseDetail, SameOut, case_detail
from serve.cases.worktime import Span, Unit
from serve.console import sign_in
from serve.console.render import Visitor, back_to, page, same_site, visitor
from serve.console.work import following
from serve.errors import Problem, UnknownEvent
from serve.messages import NO_NUL
from serve.people.roles import Principal, Scope
from serve.routes.cases import past_of
from serve.routes.evidence import may_see_plates
from serve.services import Services
from serve.shapes import EventDetail, EventOut, EvidenceOut
from serve.views import event_detail, event_out, shows_plates

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

# The way of an ordinary case; where it stands is marked on it.
ROAD = (
    State.REPORTED,
    State.VERIFYING,
    State.REGISTERED,
    State.DISPATCHED,
    State.HANDLING,
    State.FEEDBACK,
    State.CLOSED,
)
# Buttons in this order; the first one possible is the expected one.
PLAIN = (
    Action.REGISTER,
    Action.REJECT,
    Action.DISPATCH,
    Action.ACCEPT,
    Action.FEEDBACK,
    Action.REQUEST_VERIFICATION,
    Action.CLOSE,
    Action.RESUME,
    Action.TAKE,
    Action.RETURN,
    Action.REWORK,
    Action.REOPEN,
)
# Rarer things, each with a form of its own.
SPECIAL = (Action.MERGE, Action.EXTEND, Action.SUSPEND, Action.URGE, Action.NOTE)

Named = Annotated[str, Path(max_length=128, pattern=NO_NUL)]


@router.get("/events/{event_id}")
def one_event(request: Request, services: Services_, event_id: Named) -> Response:
    """Show one event with its pictures, reasons, steps and case."""
    return _show(request, services, visitor(request, services), event_id)


@router.get("/events/{event_id}/case")
def case_form(request: Request, event_id: Named) -> Response:
    """Lead to the event from the address where a refused form was answered."""
    return back_to(f"/events/{quote(event_id, safe='')}?{request.url.query}#case")


def _show(
    request: Request,
    services: Services,
    looker: Visitor,
    event_id: str,
    refused: "Refused | None" = None,
) -> Response:
    who = looker.reader
    if who is None:
        return sign_in.ask(request, services, looker)
    try:
        stored = services.events.get(event_id, who)
    except UnknownEvent:
        return page(request, services, looker, "missing.html", {}, status=404)
    shown = event_detail(stored, services.events.history(event_id))
    case, actions = _case(services, event_id, who)
    moving = services.cameras.moves(stored.row.camera_id)
    asks = Action.REQUEST_VERIFICATION in actions
    if moving:
        actions.discard(Action.REQUEST_VERIFICATION)
    values = {
        "event": shown,
        "case": case,
        "road": ROAD,
        "plain": [action for action in PLAIN if action in actions],
        "special": [action for action in SPECIAL if action in actions],
        "reasoned": {one for one, move in TRANSITIONS.items() if move.reason},
        "departments": services.policy.routing.departments,
        "ways": list(Way),
        "units": list(Unit),
        "after": _after(shown.evidence),
        "next_pass": asks and moving,
        "alike": [] if case is None else _alike(services, case, who),
        "following": None if case is None else following(services, case.number, who),
        "reviews": who.may(Scope.REVIEW) and who.person,
        "originals": who.may(Scope.ORIGINALS),
        "plates": _plates(services, shown, who),
        "refused": refused,
    }
    status = 200 if refused is None else int(refused.problem.status)
    return page(request, services, looker, "event.html", values, status=status)


@dataclass(frozen=True, slots=True)
class Merge:
    """One press: the case of this event, at this version, goes into another case."""

    event_id: str
    version: int
    into: int


@dataclass(frozen=True, slots=True)
class Alike:
    """A case that may be the same; `merge` is None where nobody can merge them."""

    same: SameOut
    event: EventOut
    merge: Merge | None


class Pressed(BaseModel):
    """What a button of the case form sends; empty fields were left empty."""

    action: Action
    version: int
    csrf: str = Field(default="", max_length=256)
    note: str = Field(default="", max_length=2000, pattern=NO_NUL)
    department: str | None = Field(default=None, max_length=64, pattern=NO_NUL)
    way: Way | None = None
    into: int | None = Field(default=None, ge=1, le=2**53)
    amount: float | None = Field(default=None, gt=0, le=1000)
    unit: Unit = Unit.WORK_HOUR

    @field_validator("department", "way", "into", "amount", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        # One that is typed in may have blanks around it.
        given = value.strip() if isinstance(value, str) else value
        return None if given == "" else given


@dataclass(frozen=True, slots=True)
class Refused:
    """What a button sent that was not done: it is shown again, to be put right."""

    filled: Pressed
    problem: Problem


@router.post("/events/{event_id}/case")
def act_on_case(
    request: Request,
    services: Services_,
    event_id: Named,
    pressed: Annotated[Pressed, Form()],
) -> Response:
    """Do what a person's button says to the case of an event."""
    looker = visitor(request, services)
    who = looker.reader
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
        refused = Refused(pressed, problem)
        return _show(request, services, looker, event_id, refused)
    services.feed.ring()
    if pressed.action is Action.MERGE:
        return back_to(f"/cases/{pressed.into}")  # the case that goes on
    return back_to(f"{here}#case")


def _case(
    services: Services, event_id: str, who: Principal
) -> tuple[CaseDetail | None, set[Action]]:
    """Return the case of an event and what the reader can do to it now."""
    row = services.find_cases.of_event(event_id)
    if row is None:
        return None, set()
    case = case_detail(row, past_of(services, row, who), who, services.clock.now())
    actions = {one for one in Action if may(row, one, who)} if who.person else set()
    if any(look.verdict == "pending" for look in case.verifications):
        actions.discard(Action.REQUEST_VERIFICATION)
    return case, actions


def _alike(services: Services, case: CaseDetail, who: Principal) -> list[Alike]:
    """Return what may be the same, with its picture and the button that says so."""
    events = services.events.some([one.event_id for one in case.alike])
    return [
        Alike(
            same=one,
            event=event_out(events[one.event_id]),
            merge=_merge(case, one) if who.person and who.may(Scope.REVIEW) else None,
        )
        for one in case.alike
        if one.event_id in events
    ]


def _merge(case: CaseDetail, other: SameOut) -> Merge | None:
    """Return which of two goes into which: the later, of those that still can."""
    here = Merge(case.event_id, case.version, into=other.case)
    there = Merge(other.event_id, other.version, into=case.number)
    sources = TRANSITIONS[Action.MERGE].sources
    if case.state in sources and (
        other.state not in sources or other.case < case.number
    ):
        return here
    return there if other.state in sources else None


def _plates(
    services: Services, event: EventDetail, who: Principal
) -> list[EvidenceOut]:
    """Return the copies with plates, if the reader may see them now."""
    files = [one for one in event.evidence if shows_plates(one.role) and one.url]
    if not files or not may_see_plates(services, event.event_id, who):
        return []
    return files


def _after(files: list[EvidenceOut]) -> dict[str, EvidenceOut]:
    """Return the pictures of second looks that every reader may see, by name."""
    return {
        file.name: file
        for file in files
        if file.shared and file.role.startswith("after")
    }


def _do(services: Services, number: int, pressed: Pressed, who: Principal) -> None:
    note, version = pressed.note, pressed.version
    if pressed.action is Action.REQUEST_VERIFICATION:
        services.verifications.request(number, who, note=note, expected=version)
        return
    amount = pressed.amount
    command = Command(
        pressed.action,
        note,
        department=pressed.department,
        way=pressed.way,
        into=pressed.into,
        extra=None if amount is None else Span(amount, pressed.unit),
    )
    services.cases.act(number, command, who, expected=version)
