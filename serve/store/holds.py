"""Legal holds: while one stands, nothing of the event is deleted."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.errors import Conflict, NotFound
from serve.people.audit import AuditLog, Deed
from serve.people.roles import Principal
from serve.store.database import Database
from serve.store.retention_tables import DeletionRow, HoldRow
from vision.core.ports import Clock


@dataclass(frozen=True, slots=True)
class HoldStore:
    """Places and releases holds; both are audited.

    Attributes:
        database: where they are kept.
        clock: stamps them.
        audit: is told, in the same transaction.
    """

    database: Database
    clock: Clock
    audit: AuditLog

    def place(self, event_id: str, reason: str, who: Principal) -> HoldRow:
        """Hold everything of an event that is known.

        Raises:
            Conflict: it is held already.
        """
        with self.database.write() as session:
            if _standing(session, event_id) is not None:
                msg = f"event {event_id} is held already; see its reason in the list"
                raise Conflict(msg)
            row = HoldRow(
                event_id=event_id,
                reason=reason,
                held_by=who.name,
                held_at=self.clock.now(),
            )
            session.add(row)
            deed = Deed(who, "hold.placed", event_id, reason)
            self.audit.note_within(session, deed)
            return row

    def release(self, event_id: str, reason: str, who: Principal) -> HoldRow:
        """Let retention have the event again.

        Raises:
            NotFound: it is not held.
        """
        with self.database.write() as session:
            row = _standing(session, event_id)
            if row is None:
                msg = f"event {event_id} is not held"
                raise NotFound(msg)
            row.released_by, row.released_at = who.name, self.clock.now()
            deed = Deed(who, "hold.released", event_id, reason)
            self.audit.note_within(session, deed)
            return row

    def standing(self, *, limit: int) -> list[HoldRow]:
        """Return holds that stand, newest first."""
        query = select(HoldRow).where(HoldRow.released_at.is_(None))
        with self.database.read() as session:
            ordered = query.order_by(HoldRow.number.desc()).limit(limit)
            return list(session.scalars(ordered))

    def deletions(
        self, *, event_id: str | None, before: int | None, limit: int
    ) -> list[DeletionRow]:
        """Return lines of the deletion log, newest first."""
        query = select(DeletionRow).order_by(DeletionRow.number.desc()).limit(limit)
        if event_id is not None:
            query = query.where(DeletionRow.event_id == event_id)
        if before is not None:
            query = query.where(DeletionRow.number < before)
        with self.database.read() as session:
            return list(session.scalars(query))


def _standing(session: Session, event_id: str) -> HoldRow | None:
    return session.scalar(
        select(HoldRow)
        .where(HoldRow.event_id == event_id, HoldRow.released_at.is_(None))
        .with_for_update()
    )
