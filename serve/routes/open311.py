"""Open311 GeoReport v2, read-only: events as service requests, JSON and XML.

https://wiki.open311.org/GeoReport_v2/ - the server answers what it knows and leaves
out what it does not; requests are filed by engines, not through this interface.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Annotated, Literal, TypeVar
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from serve.access import Reader, Services_
from serve.console.words import Language, sentence, speaker
from serve.errors import InvalidContent, UnknownEvent
from serve.messages import NO_NUL, QueryTime
from serve.people.roles import Principal
from serve.services import Services
from serve.shapes import EventOut
from serve.store.event_filter import EventFilter, EventState
from serve.store.events import StoredEvent
from serve.views import event_out
from vision.core.violations import Slug

router = APIRouter(prefix="/open311/v2", tags=["open311"])

Format = Annotated[Literal["json", "xml"], Path()]
SPAN = timedelta(days=90)
LIMIT = 1000
MOST_IDS = 100
_SLUGS = {slug.value: slug for slug in Slug}
_STATES = {"open": EventState.OPEN, "closed": EventState.CLEARED}
T = TypeVar("T")
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
    """Which service requests; lists are separated by commas, as the standard has it."""

    service_request_id: Annotated[
        str | None,
        Field(max_length=8192, description="Asked for alone"),
    ] = None
    service_code: Annotated[
        str | None, Field(max_length=256, examples=["garbage_pile,illegal_parking"])
    ] = None
    start_date: QueryTime | None = None
    end_date: QueryTime | None = None
    status: Annotated[
        str | None, Field(max_length=64, examples=["open", "open,closed"])
    ] = None


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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """These ids, or, without any, what fits one of the filters."""

    ids: str | None
    filters: list[EventFilter]


def _wanted(
    who: Reader, services: Services_, query: Annotated[RequestQuery, Query()]
) -> _Wanted:
    # The standard's default: the last ninety days, and never a longer span.
    until = query.end_date or services.clock.now() + timedelta(seconds=1)
    since = max(query.start_date or until - SPAN, until - SPAN)
    slugs = _listed("service_code", query.service_code, _SLUGS)
    states = _listed("status", query.status, _STATES)
    state = next(iter(states)) if len(states) == 1 else None
    span = EventFilter(since=since, until=until, state=state, streets=who.districts)
    filters = [replace(span, slug=slug) for slug in slugs] or [span]
    return _Wanted(query.service_request_id, filters)


def _listed(name: str, given: str | None, known: Mapping[str, T]) -> set[T]:
    """Return what a list with commas names; nothing for no list.

    Raises:
        InvalidContent: it names something else.
    """
    words = [] if given is None else [word.strip() for word in given.split(",")]
    for word in words:
        if word not in known:
            msg = f"{name}: got {word!r}; expected some of {', '.join(known)}"
            raise InvalidContent(msg)
    return {known[word] for word in words}


def _by_ids(given: str, services: Services, who: Principal) -> list[StoredEvent]:
    ids = list(dict.fromkeys(one.strip() for one in given.split(",")))
    if len(ids) > MOST_IDS or any("\x00" in one for one in ids):
        msg = f"service_request_id: got {len(ids)} ids; expected at most {MOST_IDS}"
        raise InvalidContent(msg)
    found = []
    for one in ids:
        with suppress(UnknownEvent):
            found.append(services.events.get(one, who))
    return found


@router.get(
    "/requests.{extension}",
    summary="Open311: requests",
    response_model=list[Open311Request],
    responses=_BOTH,
)
def list_open311_requests(
    extension: Format,
    services: Services_,
    who: Reader,
    wanted: Annotated[_Wanted, Depends(_wanted)],
) -> Response:
    """Return events as service requests, newest first, a thousand at most."""
    if wanted.ids is not None:
        found = _by_ids(wanted.ids, services, who)
    else:
        pages = [services.events.page(one, limit=LIMIT) for one in wanted.filters]
        found = sorted(chain(*pages), key=_age, reverse=True)[:LIMIT]
    rows = [_row(event_out(stored)) for stored in found]
    return _answer(rows, extension, "service_requests", "request")


@router.get(
    "/requests/{request_id}.{extension}",
    summary="Open311: one request",
    response_model=list[Open311Request],
    responses=_BOTH,
)
def get_open311_request(
    request_id: Annotated[str, Path(max_length=128, pattern=NO_NUL)],
    extension: Format,
    services: Services_,
    who: Reader,
) -> Response:
    """Return one event as a service request."""
    stored = services.events.get(request_id, who)
    return _answer([_row(event_out(stored))], extension, "service_requests", "request")


def _age(stored: StoredEvent) -> tuple[datetime, int]:
    return stored.row.opened_at, stored.row.number


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
    return "".join(sign for sign in str(value) if _speakable(sign))


def _speakable(sign: str) -> bool:
    return sign in "\t\n\r" or (sign >= " " and sign not in "\ufffe\uffff")
