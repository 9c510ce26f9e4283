"""Events: taken in once, whatever the order and however often they arrive."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from serve.cases.grid import Cell, Grid
from serve.cases.store import CaseStore
from serve.errors import IdConflict, UnknownEvent
from serve.feed import in_order
from serve.geo import to_wgs84
from serve.messages import ViolationMessage, canonical
from serve.paging import Position
from serve.people.roles import Principal
from serve.store.cameras import Sightings, see_camera
from serve.store.database import Database, put
from serve.store.event_filter import EventFilter, EventState, matching
from serve.store.tables import EventRow, EvidenceRow, MessageRow
from vision.core.ports import Clock
from vision.core.violations import Lifecycle

VIOLATIONS = "org.streetwarden.violation."

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class Arrival(StrEnum):
    """What an incoming message was."""

    NEW = "new"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with the files that have arrived for it."""

    row: EventRow
    files: dict[str, EvidenceRow]


@dataclass(frozen=True, slots=True)
class _Incoming:
    """One checked message with all that is known of it."""

    message: ViolationMessage
    text: str
    sha256: str
    cell: Cell | None


class EventStore:
    """Takes steps in and gives events out."""

    def __init__(
        self, database: Database, clock: Clock, grid: Grid, cases: CaseStore
    ) -> None:
        """Use this database; `clock` stamps arrivals, `cases` open for new events."""
        self._database = database
        self._clock = clock
        self._grid = grid
        self._cases = cases
        self._sightings = Sightings()

    def ingest(self, message: ViolationMessage, raw: bytes) -> Arrival:
        """Take one step in; the same one again changes nothing.

        Args:
            message: the checked message.
            raw: the JSON that it was read from; kept whole, unknown members too.

        Raises:
            IdConflict: the id came before with other content.
        """
        text, sha256 = canonical(raw)
        cell = self._grid.cell_at(*place_of(message))
        incoming = _Incoming(message, text, sha256, cell)
        arrival = self._database.settle(lambda session: self._ingest(session, incoming))
        now = self._clock.now()
        if not self._sightings.are_fresh(message, now):
            self._sightings.remember(message, now)
        return arrival

    def _ingest(self, session: Session, incoming: "_Incoming") -> Arrival:
        message = incoming.message
        known = session.scalar(
            select(MessageRow.content_sha256).where(MessageRow.message_id == message.id)
        )
        if known is not None:
            if known != incoming.sha256:
                msg = (
                    f"id: got {message.id} again with other content; expected a new id "
                    "for every step"
                )
                raise IdConflict(msg)
            return Arrival.REPEATED
        now = self._clock.now()
        row = session.scalar(
            select(EventRow)
            .where(EventRow.event_id == message.data.event_id)
            .with_for_update()
        )
        if row is None:
            row = _new_event(incoming, now)
            put(session, row)
            earlier = message.data.recurrence_of
            self._cases.open_within(session, row, incoming.cell, earlier)
            if not self._sightings.are_fresh(message, now):
                see_camera(session, message, now)
        else:
            _merge(row, message, incoming.text)
        in_order(session)
        put(session, _history(incoming, now))
        return Arrival.NEW

    def page(
        self, wanted: EventFilter, *, limit: int, after: Position | None = None
    ) -> list[StoredEvent]:
        """Return events, newest first.

        Args:
            wanted: which ones.
            limit: at most this many.
            after: the previous page's end, or None for the first page.
        """
        query = matching(select(EventRow), wanted)
        if after is not None:
            query = query.where(
                or_(
                    EventRow.opened_at < after.at,
                    and_(
                        EventRow.opened_at == after.at,
                        EventRow.number < after.number,
                    ),
                )
            )
        query = query.order_by(EventRow.opened_at.desc(), EventRow.number.desc())
        with self._database.read() as session:
            rows = session.scalars(query.limit(limit)).all()
            return _with_files(session, rows)

    def rows(self, wanted: EventFilter, *, limit: int) -> Sequence[EventRow]:
        """Return events, newest first, without their files: enough for a map."""
        query = matching(select(EventRow), wanted)
        query = query.order_by(EventRow.opened_at.desc(), EventRow.number.desc())
        with self._database.read() as session:
            return session.scalars(query.limit(limit)).all()

    def get(self, event_id: str, who: Principal) -> StoredEvent:
        """Return one event.

        Raises:
            UnknownEvent: there is none of that id in their districts.
        """
        with self._database.read() as session:
            row = session.scalar(select(EventRow).where(EventRow.event_id == event_id))
            if row is None or not who.sees(row.street):
                msg = f"event: got {event_id!r}; no event of that id was reported"
                raise UnknownEvent(msg)
            return _with_files(session, [row])[0]

    def some(self, event_ids: Sequence[str]) -> dict[str, StoredEvent]:
        """Return these events by id; for those whose cases may be seen."""
        query = select(EventRow).where(EventRow.event_id.in_(event_ids))
        with self._database.read() as session:
            rows = session.scalars(query).all()
            return {one.row.event_id: one for one in _with_files(session, rows)}

    def street_of(self, event_id: str) -> str | None:
        """Return the street an event lies in, or None."""
        with self._database.read() as session:
            return session.scalar(
                select(EventRow.street).where(EventRow.event_id == event_id)
            )

    def history(self, event_id: str) -> list[MessageRow]:
        """Return an event's steps in the order of their sequence."""
        with self._database.read() as session:
            return list(
                session.scalars(
                    select(MessageRow)
                    .where(
                        MessageRow.event_id == event_id,
                        MessageRow.type.startswith(VIOLATIONS),
                    )
                    .order_by(MessageRow.sequence, MessageRow.number)
                )
            )


def _with_files(session: Session, rows: Sequence[EventRow]) -> list[StoredEvent]:
    files: dict[str, dict[str, EvidenceRow]] = {row.event_id: {} for row in rows}
    if rows:
        for file in session.scalars(
            select(EvidenceRow).where(EvidenceRow.event_id.in_(list(files)))
        ):
            files[file.event_id][file.name] = file
    return [StoredEvent(row, files[row.event_id]) for row in rows]


def _new_event(incoming: _Incoming, now: datetime) -> EventRow:
    message, text, cell = incoming.message, incoming.text, incoming.cell
    v = message.data
    lat, lon = place_of(message)
    return EventRow(
        event_id=v.event_id,
        state=_state(v.lifecycle),
        sequence=v.sequence,
        slug=v.slug.value,
        camera_id=v.camera.id,
        severity=v.severity,
        lat=lat,
        lon=lon,
        grid_id=cell.grid_id if cell else None,
        street=cell.street if cell else None,
        opened_at=message.time,
        updated_at=message.time,
        received_at=now,
        body=text,
        evidence=json.dumps(_evidence_of(text)),
    )


def _merge(row: EventRow, message: ViolationMessage, text: str) -> None:
    v = message.data
    # An early step that comes late tells when it opened, and what was seen then.
    row.opened_at = min(row.opened_at, message.time)
    row.evidence = json.dumps(_united(json.loads(row.evidence), _evidence_of(text)))
    if v.sequence <= row.sequence:
        return
    row.sequence = v.sequence
    row.state = _state(v.lifecycle)
    row.severity = v.severity
    row.updated_at = message.time
    row.body = text
    row.lat, row.lon = place_of(message)


def _history(incoming: _Incoming, now: datetime) -> MessageRow:
    message = incoming.message
    return MessageRow(
        message_id=message.id,
        content_sha256=incoming.sha256,
        type=message.type,
        event_id=message.data.event_id,
        sequence=message.data.sequence,
        time=message.time,
        received_at=now,
        body=incoming.text,
    )


def _state(lifecycle: Lifecycle) -> str:
    cleared = lifecycle is Lifecycle.CLEARED
    return (EventState.CLEARED if cleared else EventState.OPEN).value


def _evidence_of(text: str) -> list[dict[str, Json]]:
    announced: list[dict[str, Json]] = json.loads(text)["data"].get("evidence") or []
    return announced


def _united(
    old: list[dict[str, Json]], new: list[dict[str, Json]]
) -> list[dict[str, Json]]:
    seen = {(item["name"], item["sha256"]) for item in old}
    return old + [item for item in new if (item["name"], item["sha256"]) not in seen]


def place_of(message: ViolationMessage) -> tuple[float | None, float | None]:
    """Return (lat, lon) in WGS-84 degrees, or (None, None) for an unknown place."""
    location = message.data.location
    if location is None:
        return None, None
    return to_wgs84(location.lat, location.lon, location.crs)
