"""The pages: latest events, and where the other pages hang. Nothing from elsewhere."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field, field_validator

from serve.access import Services_
from serve.cases.hot_spots import SPOT_M
from serve.console import event, figures, plan, sight, sign_in, work
from serve.console.office import audit, keys, people, rules, webhooks
from serve.console.render import page, url_with, visitor
from serve.messages import Plain
from serve.paging import Position, cursor_of, position_of
from serve.routes.cameras import seen_by
from serve.store.event_filter import Box, EventFilter, EventState
from serve.views import camera_out, event_out
from vision.core.position import LocalPlane
from vision.core.violations import Slug

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PAGE_SIZE = 24
_NEAR_M = 1.5 * SPOT_M  # a spot's middle moves towards where most was seen
_PLACE = r"^-?[0-8]?\d(\.\d{1,9})?,-?1?\d?\d(\.\d{1,9})?$"
_HERE = Path(__file__).parent


class Asked(BaseModel):
    """Which events; `place` is "lat,lon", and what was seen near it; `day` is local."""

    slug: Slug | None = None
    state: EventState | None = None
    camera: Plain | None = None
    place: Annotated[str, Field(pattern=_PLACE, max_length=64)] | None = None
    # Not the calendar's ends: a day has a next one, in every zone.
    day: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))] | None = (
        None
    )
    cursor: Annotated[str, Field(max_length=256)] | None = None

    @field_validator("day", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


@router.get("/")
def latest(
    request: Request, services: Services_, asked: Annotated[Asked, Query()]
) -> Response:
    """Show the latest events, or the login."""
    looker = visitor(request, services)
    who = looker.reader
    if who is None:
        return sign_in.ask(request, services, looker)
    after = position_of(asked.cursor) if asked.cursor else None
    since, until = _ends(asked.day, ZoneInfo(services.settings.timezone))
    wanted = EventFilter(
        slug=asked.slug,
        state=asked.state,
        camera_id=asked.camera,
        since=since,
        until=until,
        box=_around(asked.place),
        streets=who.districts,
    )
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
        "cameras": [camera_out(report) for report in seen_by(who, services)],
        "slug": asked.slug,
        "state": asked.state,
        "camera": asked.camera,
        "place": asked.place,
        "day": asked.day,
        "table": _table(wanted),
        "older": older,
        "first_page": asked.cursor is None,
        "slugs": list(Slug),
        "states": list(EventState),
    }
    return page(request, services, looker, "latest.html", values)


def _ends(day: date | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Return when a day begins and ends where the cameras are."""
    if day is None:
        return None, None
    following = day + timedelta(days=1)
    begins, ends = (datetime.combine(one, time(), zone) for one in (day, following))
    return begins, ends


def _table(wanted: EventFilter) -> str:
    """Return the address of what is shown as a table, all pages of it."""
    box = wanted.box
    asked = {
        "slug": wanted.slug,
        "state": wanted.state,
        "camera": wanted.camera_id,
        "since": wanted.since and wanted.since.isoformat(),
        "until": wanted.until and wanted.until.isoformat(),
        "bbox": box and f"{box.west},{box.south},{box.east},{box.north}",
    }
    query = urlencode({name: one for name, one in asked.items() if one is not None})
    return f"/api/v1/export/events.csv?{query}"


def _around(place: str | None) -> Box | None:
    """Return the window around a place in which a hot spot's events lie."""
    if place is None:
        return None
    lat, lon = (float(part) for part in place.split(","))
    plane = LocalPlane(lat, lon)
    (south, west), (north, east) = (plane.degrees(m, m) for m in (-_NEAR_M, _NEAR_M))
    return Box(west, south, east, north)


def mount_console(app: FastAPI) -> None:
    """Add the pages and their files."""
    for part in (router, event.router, work.router, plan.router, figures.router):
        app.include_router(part)
    for room in (sight, sign_in, rules, people, keys, webhooks, audit):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
