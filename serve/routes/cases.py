"""Cases: what people make of events, step by step."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from serve.access import Handler, Reader, Services_
from serve.cases.commands import Command
from serve.cases.lifecycle import OVER, TRANSITIONS, Action, State, Way
from serve.cases.search import CaseFilter
from serve.cases.views import (
    CaseDetail,
    CaseOut,
    CasePage,
    Past,
    case_detail,
    case_out,
)
from serve.cases.worktime import Span, Unit
from serve.errors import StaleVersion, VersionNeeded
from serve.messages import EXACT, NO_NUL, Plain, QueryTime
from serve.paging import Position, cursor_of, position_of
from serve.people.roles import Principal
from serve.query_names import KnownNames
from serve.services import Services
from serve.store.case_tables import CaseRow
from vision.core.violations import Slug

router = APIRouter(tags=["cases"])

MAX_PAGE = 200
Number = Annotated[int, Path(ge=1, le=2**53)]
_EXPLAINED = ", ".join(one for one, move in TRANSITIONS.items() if move.reason)
Note = Annotated[str, StringConstraints(max_length=2000, pattern=NO_NUL)]


class More(BaseModel):
    """How much longer."""

    model_config = EXACT

    amount: Annotated[float, Field(gt=0, le=1000)]
    unit: Unit


class Do(BaseModel):
    """What to do to a case."""

    model_config = EXACT

    action: Action
    note: Annotated[Note, Field(description=f"Why; needed to {_EXPLAINED}")] = ""
    department: Annotated[
        Annotated[str, StringConstraints(max_length=64, pattern=NO_NUL)] | None,
        Field(description="`dispatch`: its code; default: the one routing found"),
    ] = None
    way: Annotated[Way | None, Field(description="`dispatch`: how it is handled")] = (
        None
    )
    into: Annotated[
        Annotated[int, Field(ge=1, le=2**53)] | None,
        Field(description="`merge`: the case that goes on"),
    ] = None
    extra: Annotated[
        More | None, Field(description="`extend`: by how much the deadline moves")
    ] = None

    def command(self) -> Command:
        """Return it as a command."""
        extra = None if self.extra is None else Span(self.extra.amount, self.extra.unit)
        return Command(
            action=self.action,
            note=self.note,
            department=self.department,
            way=self.way,
            into=self.into,
            extra=extra,
        )


def expected_version(
    if_match: Annotated[
        str | None,
        Header(description='The version you decided on, e.g. `"3"`', max_length=32),
    ] = None,
) -> int:
    """Return the version of `If-Match`.

    Raises:
        VersionNeeded: there is none.
        StaleVersion: it is none of ours.
    """
    if if_match is None:
        msg = "If-Match: got none; expected the ETag of the case as you read it"
        raise VersionNeeded(msg)
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit()):
        msg = f'If-Match: got {if_match!r}; expected an ETag such as "3"'
        raise StaleVersion(msg)
    return int(text)


Version = Annotated[int, Depends(expected_version)]


class Asked(BaseModel):
    """Filters of a query."""

    state: State | None = None
    slug: Slug | None = None
    department: Plain | None = None
    street: Plain | None = None
    overdue: bool = False
    since: Annotated[QueryTime, Field(description="Reported then or later")] | None = (
        None
    )
    until: Annotated[QueryTime, Field(description="Reported before")] | None = None


def case_filter(services: Services_, asked: Annotated[Asked, Query()]) -> CaseFilter:
    """Return which cases a query asks for."""
    return CaseFilter(
        state=asked.state,
        slug=asked.slug,
        department=asked.department,
        street=asked.street,
        overdue_at=services.clock.now() if asked.overdue else None,
        since=asked.since,
        until=asked.until,
    )


class Slice(BaseModel):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 50
    cursor: Annotated[str, StringConstraints(max_length=256)] | None = None


@router.get(
    "/api/v1/cases", summary="List cases, newest first", dependencies=[KnownNames]
)
def list_cases(
    request: Request,
    response: Response,
    services: Services_,
    who: Reader,
    wanted: Annotated[CaseFilter, Depends(case_filter)],
    part: Annotated[Slice, Query()],
) -> CasePage:
    """Return one page of the cases in your districts."""
    after = position_of(part.cursor) if part.cursor is not None else None
    found = services.find_cases.page(wanted, who, limit=part.limit + 1, after=after)
    following = None
    if len(found) > part.limit:
        found = found[: part.limit]
        end = cursor_of(Position(found[-1].reported_at, found[-1].number))
        url = request.url.include_query_params(cursor=end)
        following = f"{url.path}?{url.query}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    now = services.clock.now()
    events = services.events.rows_of([row.event_id for row in found])
    items = [case_out(row, events[row.event_id], who, now) for row in found]
    return CasePage(items=items, next=following)


@router.get("/api/v1/cases/{number}", summary="One case and its history")
def get_case(
    number: Number, response: Response, services: Services_, who: Reader
) -> CaseDetail:
    """Return a case with every step; the ETag goes into `If-Match` of a change."""
    row = services.find_cases.get(number, who)
    response.headers["ETag"] = f'"{row.version}"'
    past = past_of(services, row, who)
    return case_detail(row, past, who, services.clock.now())


def past_of(services: Services, row: CaseRow, who: Principal) -> Past:
    """Return what has happened to a case, and what may be the same."""
    over = State(row.state) in OVER
    return Past(
        event=services.events.rows_of([row.event_id])[row.event_id],
        steps=services.find_cases.steps(row.number),
        looks=services.verifications.of_case(row.number),
        alike=[] if over else services.find_cases.alike(row, who),
        absorbed=services.find_cases.absorbed(row, who),
    )


@router.post("/api/v1/cases/{number}/actions", summary="Do one thing to a case")
def act_on_case(
    number: Number,
    do: Do,
    version: Version,
    response: Response,
    services: Services_,
    who: Reader,
) -> CaseOut:
    """Move a case. `possible` on the case tells what you can do now.

    `If-Match` names the version that you decided on; when it has changed since then
    (somebody was quicker, or the service noted a deadline that nears or passed) the
    answer is 412 and nothing has happened: read it again, decide, and repeat.
    """
    command = do.command()
    if command.action is Action.REQUEST_VERIFICATION:
        services.verifications.request(number, who, note=do.note, expected=version)
        row = services.find_cases.get(number, who)
    else:
        row = services.cases.act(number, command, who, expected=version)
    services.feed.ring()
    response.headers["ETag"] = f'"{row.version}"'
    return _as_it_stands(services, row, who)


@router.post(
    "/api/v1/cases/{number}/verify",
    status_code=202,
    summary="Ask the engine to look at the place again",
)
def request_verification(
    number: Number,
    version: Version,
    response: Response,
    services: Services_,
    who: Handler,
) -> CaseOut:
    """Queue a second look; the answer closes the case or sends it back."""
    services.verifications.request(number, who, note="", expected=version)
    services.feed.ring()
    row = services.find_cases.get(number, who)
    response.headers["ETag"] = f'"{row.version}"'
    return _as_it_stands(services, row, who)


def _as_it_stands(services: Services, row: CaseRow, who: Principal) -> CaseOut:
    event = services.events.rows_of([row.event_id])[row.event_id]
    return case_out(row, event, who, services.clock.now())
