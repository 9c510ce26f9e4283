"""Open311 GeoReport v2, read-only: events as service requests, JSON and XML.

https://wiki.open311.org/GeoReport_v2/ - the server answers what it knows and leaves
out what it does not; requests are filed by engines, not through this interface.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from serve.access import Reader, Services_
from serve.console.words import Language, sentence, speaker
from serve.messages import Time
from serve.shapes import EventOut
from serve.store.event_filter import EventFilter, EventState
from serve.views import event_out
from vision.core.violations import Slug

router = APIRouter(prefix="/open311/v2", tags=["open311"])

Format = Annotated[Literal["json", "xml"], Path()]
SPAN = timedelta(days=90)
LIMIT = 1000
_XML = "application/xml; charset=utf-8"
_BOTH: dict[int | str, dict[str, object]] = {
    200: {
        "content": {"application/xml": {"schema": {"type": "string"}}},
        "description": "As the extension asks",
    }
}


class Open311Service(BaseModel):
    """Something that can be reported."""

    service_code: str
    service_name: str
    description: str
    metadata: bool
    type: str
    keywords: str
    group: str


class Open311Request(BaseModel):
    """An event as a service request."""

    service_request_id: str
    status: Literal["open", "closed"]
    status_notes: str | None = None
    service_name: str
    service_code: str
    description: str
    requested_datetime: str
    updated_datetime: str
    expected_datetime: str | None = None
    address: str | None
    address_id: str | None
    lat: float | None
    long: float | None
    media_url: Annotated[str | None, Field(description="Needs the key, too")]


class RequestQuery(BaseModel):
    """Which service requests."""

    service_code: Slug | None = None
    start_date: Time | None = None
    end_date: Time | None = None
    status: Literal["open", "closed"] | None = None


@router.get(
    "/services.{extension}",
    summary="Open311: what is reported",
    response_model=list[Open311Service],
    responses=_BOTH,
)
def list_open311_services(extension: Format, _: Reader) -> Response:
    """Return the four violations as services."""
    english, chinese = speaker(Language.EN), speaker(Language.ZH)
    rows = [
        Open311Service(
            service_code=slug.value,
            service_name=english(slug.value),
            description=chinese(slug.value),
            metadata=False,
            type="realtime",
            keywords="street",
            group="street order",
        )
        for slug in Slug
    ]
    return _answer(rows, extension, "services", "service")


def _wanted(
    who: Reader, services: Services_, query: Annotated[RequestQuery, Query()]
) -> EventFilter:
    # The standard's default: the last ninety days, and never a longer span.
    until = query.end_date or services.clock.now() + timedelta(seconds=1)
    since = max(query.start_date or until - SPAN, until - SPAN)
    state = None
    if query.status is not None:
        state = EventState.OPEN if query.status == "open" else EventState.CLEARED
    return EventFilter(
        slug=query.service_code,
        state=state,
        since=since,
        until=until,
        streets=who.districts,
    )


@router.get(
    "/requests.{extension}",
    summary="Open311: requests",
    response_model=list[Open311Request],
    responses=_BOTH,
)
def list_open311_requests(
    extension: Format,
    services: Services_,
    wanted: Annotated[EventFilter, Depends(_wanted)],
) -> Response:
    """Return events as service requests, newest first, a thousand at most."""
    found = services.events.page(wanted, limit=LIMIT)
    rows = [_row(event_out(stored)) for stored in found]
    return _answer(rows, extension, "service_requests", "request")


@router.get(
    "/requests/{request_id}.{extension}",
    summary="Open311: one request",
    response_model=list[Open311Request],
    responses=_BOTH,
)
def get_open311_request(
    request_id: Annotated[str, Path(max_length=128)],
    extension: Format,
    services: Services_,
    who: Reader,
) -> Response:
    """Return one event as a service request."""
    stored = services.events.get(request_id, who)
    return _answer([_row(event_out(stored))], extension, "service_requests", "request")


def _row(event: EventOut) -> Open311Request:
    english = speaker(Language.EN)
    reasons = [sentence(reason, Language.EN) for reason in event.reasons]
    told = [one.text for one in reasons if one.holds is not None]
    closed = event.state == EventState.CLEARED
    place = event.location
    media = next(
        (file.url for file in event.evidence if file.url and file.shared), None
    )
    return Open311Request(
        service_request_id=event.event_id,
        status="closed" if closed else "open",
        service_name=english(event.slug),
        service_code=event.slug,
        description="; ".join(told),
        requested_datetime=_time(event.opened_at),
        updated_datetime=_time(event.updated_at),
        address=place.address if place else None,
        address_id=place.grid_id if place else None,
        lat=place.lat if place else None,
        long=place.lon if place else None,
        media_url=media,
    )


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _answer(
    rows: Sequence[BaseModel], extension: str, root: str, item: str
) -> Response:
    if extension == "json":
        return JSONResponse([row.model_dump() for row in rows])
    tree = Element(root)
    for row in rows:
        node = SubElement(tree, item)
        for name, value in row.model_dump().items():
            SubElement(node, name).text = _text(value)
    return Response(tostring(tree, "utf-8", xml_declaration=True), media_type=_XML)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return None
    # XML 1.0 has no place for control characters, whatever an engine sent.
    return "".join(sign for sign in str(value) if sign >= " " or sign in "\t\n\r")
