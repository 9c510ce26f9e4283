"""Whole tables for other programs: CSV, JSON lines, GeoJSON."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse

from serve.access import Reader, Services_
from serve.cases.search import CaseFilter
from serve.cases.views import CaseOut, case_out
from serve.paging import Position
from serve.people.roles import Principal
from serve.query_names import KnownNames
from serve.routes.cases import case_filter
from serve.routes.events import Wanted
from serve.services import Services
from serve.shapes import EventOut
from serve.store.event_filter import EventFilter
from serve.store.events import StoredEvent
from serve.views import event_out, feature

router = APIRouter(prefix="/api/v1/export", tags=["export"])

PAGE = 500
Cell = str | int | float | bool | None
Row = Mapping[str, Cell]

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "geojson": "application/geo+json",
}
_LINES = {"schema": {"type": "string"}}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


@router.get(
    "/events.{extension}",
    summary="All events that fit",
    dependencies=[KnownNames],
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "text/csv": _LINES,
                "application/jsonl": _LINES,
                "application/geo+json": {
                    "schema": {"$ref": "#/components/schemas/FeatureCollection"}
                },
            }
        }
    },
)
def export_events(
    extension: Annotated[Literal["csv", "jsonl", "geojson"], Path()],
    services: Services_,
    wanted: Wanted,
) -> StreamingResponse:
    """Stream events, newest first, however many there are."""
    if extension == "csv":
        found = map(event_out, _events(services, wanted))
        lines = _csv(_EVENT_COLUMNS, map(_event_row, found))
    elif extension == "jsonl":
        found = map(event_out, _events(services, wanted))
        lines = (event.model_dump_json() + "\n" for event in found)
    else:
        lines = _geojson(services, wanted)
    return StreamingResponse(lines, media_type=_TYPES[extension])


@router.get(
    "/cases.{extension}",
    summary="All cases that fit",
    dependencies=[KnownNames],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": _LINES, "application/jsonl": _LINES}}},
)
def export_cases(
    extension: Annotated[Literal["csv", "jsonl"], Path()],
    services: Services_,
    who: Reader,
    wanted: Annotated[CaseFilter, Depends(case_filter)],
) -> StreamingResponse:
    """Stream cases, newest first, however many there are."""
    rows = _cases(services, wanted, who)
    if extension == "csv":
        lines = _csv(_CASE_COLUMNS, rows)
    else:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return StreamingResponse(lines, media_type=_TYPES[extension])


def _events(services: Services, wanted: EventFilter) -> Iterator[StoredEvent]:
    after: Position | None = None
    while found := services.events.page(wanted, limit=PAGE, after=after):
        yield from found
        last = found[-1].row
        after = Position(last.opened_at, last.number)


def _cases(
    services: Services, wanted: CaseFilter, who: Principal
) -> Iterator[dict[str, Cell]]:
    after: Position | None = None
    now = services.clock.now()
    while found := services.find_cases.page(wanted, who, limit=PAGE, after=after):
        events = services.events.some([row.event_id for row in found])
        for row in found:
            event = events[row.event_id]
            out = case_out(row, event.row, who, now).model_dump(mode="json")
            due = out.pop("due") or {}
            for nested in ("possible", "location"):
                out.pop(nested)
            due_columns = {"due_at": due.get("at"), "overdue": due.get("overdue")}
            yield {**out, **due_columns, **_about(event_out(event))}
        after = Position(found[-1].reported_at, found[-1].number)


def _about(event: EventOut) -> dict[str, Cell]:
    """Return what was seen where, for tables of events and of cases."""
    place = event.location
    return {
        "scheme": event.scheme,
        "code": event.code,
        "code_name": event.code_name,
        "camera": event.camera["id"],
        "lat": place.lat if place else None,
        "lon": place.lon if place else None,
        "address": place.address if place else None,
        "accuracy_m": place.accuracy_m if place else None,
    }


def _event_row(event: EventOut) -> Row:
    return {
        **_about(event),
        "event_id": event.event_id,
        "state": event.state,
        "slug": event.slug,
        "zone": event.zone,
        "grid_id": event.location.grid_id if event.location else None,
        "started": event.started.isoformat(),
        "ended": event.ended.isoformat() if event.ended else None,
        "opened_at": event.opened_at.isoformat(),
        "observed_s": event.observed_s,
        "confidence": event.confidence,
        "severity": event.severity,
        "reasons": "; ".join(str(reason["text"]) for reason in event.reasons),
    }


_EVENT_COLUMNS = (
    "event_id", "state", "slug", "code", "scheme", "camera", "zone", "lat", "lon",
    "address", "grid_id", "started", "ended", "opened_at", "observed_s", "confidence",
    "severity", "reasons", "accuracy_m",
)  # fmt: skip
_ABOUT_COLUMNS = (
    "scheme", "code", "code_name", "camera", "lat", "lon", "address", "accuracy_m",
)  # fmt: skip
_CASE_COLUMNS = (
    *(
        name
        for name in CaseOut.model_fields
        if name not in {"due", "possible", "location", *_ABOUT_COLUMNS}
    ),
    "due_at",
    "overdue",
    # Programs may count columns: what comes later stands at the end.
    *_ABOUT_COLUMNS,
)


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Yield a table's lines; one without rows has its heading all the same."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    # Spreadsheets take the mark for "this is UTF-8", else Chinese comes out broken.
    buffer.write("\ufeff")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_harmless(row[name]) for name in columns])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _harmless(value: Cell) -> Cell:
    # A spreadsheet would run a text that begins like a formula.
    if isinstance(value, str) and value.startswith(_DANGEROUS):
        return f"'{value}"
    return value


def _geojson(services: Services, wanted: EventFilter) -> Iterator[str]:
    yield '{"type":"FeatureCollection","features":['
    for index, stored in enumerate(_events(services, wanted)):
        text = json.dumps(feature(stored.row), ensure_ascii=False)
        yield f",{text}" if index else text
    yield "]}"
