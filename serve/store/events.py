"""Events as they stand, and the steps that led there."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.errors import UnknownEvent
from serve.paging import Position
from serve.people.roles import Principal
from serve.store.database import Database
from serve.store.event_filter import EventFilter
from serve.store.event_search import newest
from serve.store.tables import EventRow, EvidenceRow, MessageRow

VIOLATIONS = "org.streetwarden.violation."


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with the files that have arrived for it."""

    row: EventRow
    files: dict[str, EvidenceRow]


class EventStore:
    """Gives events out as they stand."""

    def __init__(self, database: Database) -> None:
        """Use this database."""
        self._database = database

    def page(
        self, wanted: EventFilter, *, limit: int, after: Position | None = None
    ) -> list[StoredEvent]:
        """Return events, newest first.

        Args:
            wanted: which ones.
            limit: at most this many.
            after: the previous page's end, or None for the first page.
        """
        with self._database.read() as session:
            rows = newest(session, wanted, limit=limit, after=after)
            return _with_files(session, rows)

    def rows(self, wanted: EventFilter, *, limit: int) -> Sequence[EventRow]:
        """Return events, newest first, without their files: enough for a map."""
        with self._database.read() as session:
            return newest(session, wanted, limit=limit)

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

    def rows_of(self, event_ids: Sequence[str]) -> dict[str, EventRow]:
        """Return these events by id, without their files; as `some`."""
        query = select(EventRow).where(EventRow.event_id.in_(event_ids))
        with self._database.read() as session:
            return {row.event_id: row for row in session.scalars(query)}

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


def stored_event(session: Session, event_id: str) -> StoredEvent:
    """Return an event that is known to be there, within a transaction."""
    row = session.scalars(select(EventRow).where(EventRow.event_id == event_id)).one()
    return _with_files(session, [row])[0]


def _with_files(session: Session, rows: Sequence[EventRow]) -> list[StoredEvent]:
    files: dict[str, dict[str, EvidenceRow]] = {row.event_id: {} for row in rows}
    if rows:
        for file in session.scalars(
            select(EvidenceRow).where(EvidenceRow.event_id.in_(list(files)))
        ):
            files[file.event_id][file.name] = file
    return [StoredEvent(row, files[row.event_id]) for row in rows]
