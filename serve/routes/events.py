"""Events: in from engines, out to dispatchers."""

import json
import math
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from serve.access import Reader, Services_, authorize
from serve.errors import IdConflict, InvalidContent
from serve.failures import not_the_schema
from serve.messages import Identifier, Plain, QueryTime, ViolationMessage, canonical_of
from serve.paging import Position, cursor_of, position_of
from serve.people.roles import Scope
from serve.query_names import KnownNames
from serve.services import services_of
from serve.shapes import EventDetail, EventPage, FeatureCollection
from serve.store.event_filter import Box, EventFilter, EventState
from serve.store.intake import Arrival
from serve.store.letters import Letter
from serve.views import event_detail, event_out, feature
from vision.core.violations import Slug

router = APIRouter(tags=["events"])


class GeoJsonResponse(JSONResponse):
    """A map layer."""

    media_type = "application/geo+json"


MAX_PAGE = 200
MAX_LON = 180.0
MAX_LAT = 90.0
MAX_FEATURES = 1000


class Receipt(BaseModel):
    """What became of one message."""

    event_id: str
    id: Annotated[str, Field(description="The CloudEvent's id")]
    result: Annotated[str, Field(description="`new` or `repeated`")]


@router.post(
    "/api/v1/events",
    status_code=201,
    summary="Report one step of a violation",
    response_model=Receipt,
    responses={200: {"model": Receipt, "description": "It was here before"}},
    openapi_extra={
        "security": [{"HTTPBearer": []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "If given, must equal the CloudEvent's id",
                "schema": {"type": "string"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"$ref": "#/components/schemas/ViolationMessage"}}
                for kind in ("application/json", "application/cloudevents+json")
            },
        },
    },
)
async def report_event(request: Request) -> Response:
    """Take one CloudEvent in; sending it again is harmless and answers 200.

    Steps may arrive in any order: `data.sequence` decides which one stands.
    """
    # The way that everything takes, at every moment: it reads the body once and does
    # without the framework's dependencies, which cost as much as storing the event.
    services = await services_of(request)
    await authorize(request, services, Scope.INGEST)
    letter = _letter(await request.body())
    message = letter.message
    given = request.headers.get("idempotency-key", message.id)
    if given != message.id:
        msg = f"Idempotency-Key: got {given}; expected the id {message.id}"
        raise IdConflict(msg)
    arrival = await services.grouped.take(letter)
    services.feed.ring()
    v = message.data
    services.metrics.event(v.slug, v.lifecycle, arrival)
    return JSONResponse(
        {"event_id": v.event_id, "id": message.id, "result": arrival.value},
        status_code=201 if arrival is Arrival.NEW else 200,
        headers={"Location": f"/api/v1/events/{v.event_id}"},
    )


def _letter(raw: bytes) -> Letter:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        msg = f"body: {error}; expected a CloudEvent as JSON"
        raise InvalidContent(msg) from error
    try:
        message = ViolationMessage.model_validate(document)
    except ValidationError as error:
        raise not_the_schema(error) from None
    return Letter(message, *canonical_of(document))


def _box(
    bbox: Annotated[
        str | None,
        Query(
            description="west,south,east,north in WGS-84 degrees",
            examples=["114.30,30.50,114.40,30.60"],
            max_length=128,
        ),
    ] = None,
) -> Box | None:
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(side) for side in bbox.split(","))
    except ValueError as error:
        msg = f"bbox: got {bbox!r}; expected four numbers west,south,east,north"
        raise InvalidContent(msg) from error
    sides = (west, south, east, north)
    inside = -MAX_LON <= west <= east <= MAX_LON and (
        -MAX_LAT <= south <= north <= MAX_LAT
    )
    if not inside or not all(math.isfinite(side) for side in sides):
        msg = f"bbox: got {bbox!r}; expected west <= east and south <= north, degrees"
        raise InvalidContent(msg)
    return Box(west=west, south=south, east=east, north=north)


class Asked(BaseModel):
    """Filters of a query."""

    slug: Slug | None = None
    camera: Plain | None = None
    state: EventState | None = None
    since: Annotated[QueryTime, Field(description="Opened then or later")] | None = None
    until: Annotated[QueryTime, Field(description="Opened before")] | None = None


def event_filter(
    box: Annotated[Box | None, Depends(_box)],
    who: Reader,
    asked: Annotated[Asked, Query()],
) -> EventFilter:
    """Return which events a query asks for, within the asker's districts."""
    return EventFilter(
        slug=asked.slug,
        camera_id=asked.camera,
        state=asked.state,
        since=asked.since,
        until=asked.until,
        box=box,
        streets=who.districts,
    )


Wanted = Annotated[EventFilter, Depends(event_filter)]


@router.get(
    "/api/v1/events", summary="List events, newest first", dependencies=[KnownNames]
)
def list_events(
    request: Request,
    response: Response,
    services: Services_,
    _: Reader,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=256)] = None,
) -> EventPage:
    """Return one page; follow `Link: rel="next"` (or `next`) for more."""
    after = position_of(cursor) if cursor is not None else None
    found = services.events.page(wanted, limit=limit + 1, after=after)
    following = None
    if len(found) > limit:
        found = found[:limit]
        last = found[-1].row
        end = cursor_of(Position(last.opened_at, last.number))
        url = request.url.include_query_params(cursor=end)
        following = f"{url.path}?{url.query}"
        response.headers["Link"] = f'<{following}>; rel="next"'
    return EventPage(items=[event_out(stored) for stored in found], next=following)


@router.get(
    "/events.geojson",
    summary="Events as a map layer, under a short address",
    operation_id="get_map",
    dependencies=[KnownNames],
    response_model=FeatureCollection,
    response_class=GeoJsonResponse,
)
@router.get(
    "/api/v1/events.geojson",
    summary="Events as a map layer",
    dependencies=[KnownNames],
    response_model=FeatureCollection,
    response_class=GeoJsonResponse,
)
def get_events_geojson(
    services: Services_,
    _: Reader,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=MAX_FEATURES)] = MAX_FEATURES,
) -> Response:
    """Return the newest events as GeoJSON, WGS-84, coordinates as [lon, lat]."""
    rows = services.events.rows(wanted, limit=limit)
    return GeoJsonResponse(
        {
            "type": "FeatureCollection",
            "features": [feature(row) for row in rows],
        }
    )


@router.get("/api/v1/events/{event_id}", summary="One event and its steps")
def get_event(event_id: Identifier, services: Services_, who: Reader) -> EventDetail:
    """Return one event as it stands, with every step that led there."""
    stored = services.events.get(event_id, who)
    return event_detail(stored, services.events.history(event_id))
