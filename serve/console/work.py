"""The desk: what waits for whom, the most urgent first."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from serve.access import Services_
from serve.cases.lifecycle import OVER, State
from serve.cases.query import Workload
from serve.cases.search import CaseFilter
from serve.cases.views import CaseOut, case_out
from serve.console import sign_in
from serve.console.render import back_to, page, url_with, visitor
from serve.errors import NotFound
from serve.messages import Plain
from serve.paging import Position, cursor_of, position_of
from serve.people.roles import Principal, Scope
from serve.services import Services
from serve.shapes import EventOut
from serve.views import event_out
from vision.core.violations import Slug

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MOST = 100


class Pile(StrEnum):
    """Cases that wait for the same kind of work."""

    REVIEW = "review"
    DISPATCH = "dispatch"
    WORK = "work"
    CHECK = "check"
    SUSPENDED = "suspended"
    OVERDUE = "overdue"
    OVER = "over"


STATES: dict[Pile, frozenset[State]] = {
    Pile.REVIEW: frozenset({State.REPORTED, State.VERIFYING}),
    Pile.DISPATCH: frozenset({State.REGISTERED, State.RETURNED}),
    Pile.WORK: frozenset({State.DISPATCHED, State.HANDLING, State.REWORK}),
    Pile.CHECK: frozenset({State.FEEDBACK}),
    Pile.SUSPENDED: frozenset({State.SUSPENDED}),
    Pile.OVERDUE: frozenset(State) - OVER - {State.SUSPENDED},
    Pile.OVER: OVER,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the desk."""

    case: CaseOut
    event: EventOut


@router.get("/cases")
def desk(
    request: Request,
    services: Services_,
    pile: Pile | None = None,
    slug: Slug | None = None,
    department: Plain | None = None,
    cursor: Annotated[str | None, Query(max_length=256)] = None,
) -> Response:
    """Show the cases of one pile; without one, that of the reader's own work."""
    looker = visitor(request, services)
    who = looker.reader
    if who is None:
        return sign_in.ask(request, services, looker)
    shown = pile or _own(who)
    now = services.clock.now()
    late = now if shown is Pile.OVERDUE else None
    wanted = CaseFilter(
        slug=slug, department=department, overdue_at=late, states=STATES[shown]
    )
    load = services.find_cases.counts(who, now)
    items, older = _items(services, who, shown, wanted, cursor)
    values = {
        "items": items,
        "pile": shown,
        "piles": [(one, _waiting(load, one)) for one in Pile],
        "slug": slug,
        "slugs": list(Slug),
        "department": department,
        "older": None if older is None else url_with(request, cursor=older),
    }
    return page(request, services, looker, "cases.html", values)


@router.get("/cases/{number}")
def one_case(
    request: Request,
    services: Services_,
    number: Annotated[int, Path(ge=1, le=2**53)],
) -> Response:
    """Lead to the page of the case's event, which shows the case, too."""
    looker = visitor(request, services)
    if looker.reader is None:
        return sign_in.ask(request, services, looker)
    try:
        row = services.find_cases.get(number, looker.reader)
    except NotFound:
        return page(request, services, looker, "missing.html", {}, status=404)
    return back_to(f"/events/{row.event_id}")


def following(services: Services, number: int, who: Principal) -> str | None:
    """Return the event of the next case to review, besides this one."""
    waiting = CaseFilter(states=STATES[Pile.REVIEW])
    rows = services.find_cases.queue(waiting, who, limit=2)
    others = [row.event_id for row in rows if row.number != number]
    return others[0] if others else None


def _items(
    services: Services,
    who: Principal,
    pile: Pile,
    wanted: CaseFilter,
    cursor: str | None,
) -> tuple[list[Item], str | None]:
    """Return the cases of a pile, and where the page after them begins."""
    older = None
    if pile is Pile.OVER:
        # What is over is a history: newest first, page by page.
        after = None if cursor is None else position_of(cursor)
        rows = services.find_cases.page(wanted, who, limit=MOST + 1, after=after)
        if len(rows) > MOST:
            rows = rows[:MOST]
            older = cursor_of(Position(rows[-1].reported_at, rows[-1].number))
    else:
        rows = services.find_cases.queue(wanted, who, limit=MOST)
    events = services.events.some([row.event_id for row in rows])
    now = services.clock.now()
    return [
        Item(
            case_out(row, events[row.event_id].row, who, now),
            event_out(events[row.event_id]),
        )
        for row in rows
        if row.event_id in events
    ], older


def _own(who: Principal) -> Pile:
    if who.may(Scope.REVIEW):
        return Pile.REVIEW
    if who.may(Scope.DISPATCH):
        return Pile.DISPATCH
    return Pile.WORK if who.may(Scope.HANDLE) else Pile.REVIEW


def _waiting(load: Workload, pile: Pile) -> int | None:
    if pile is Pile.OVER:
        return None
    return load.overdue if pile is Pile.OVERDUE else load.of(STATES[pile])
