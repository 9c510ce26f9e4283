"""What somebody did: every change of people and keys, every look at an original."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.middleware import request_id
from serve.people.roles import Principal
from serve.store.database import Database
from serve.store.people_tables import AuditRow
from vision.core.ports import Clock

SUBJECT_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the audit log.

    Attributes:
        actor: who.
        action: what, `noun.verb`: `original.read`, `user.created`.
        subject: to what: a path, a name.
        reason: why, in their words; empty where none is asked for.
    """

    actor: Principal
    action: str
    subject: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """Which lines; None asks nothing.

    Attributes:
        actor: who did it, exactly.
        action: how its name begins.
        subject: how it begins.
        before: where the page before ended.
    """

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    before: int | None = None


class AuditLog:
    """Written by the service, read by auditors, changed by nobody."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use this database; `clock` stamps the lines."""
        self._database = database
        self._clock = clock

    def note(self, deed: Deed) -> None:
        """Write one line; when this returns it is kept."""
        with self._database.write() as session:
            self.note_within(session, deed)

    def note_within(self, session: Session, deed: Deed) -> None:
        """Write one line in the transaction that does the deed."""
        session.add(
            AuditRow(
                at=self._clock.now(),
                actor=deed.actor.name,
                action=deed.action,
                subject=deed.subject[:SUBJECT_LENGTH],
                reason=deed.reason,
                request_id=request_id.get(),
            )
        )

    def page(self, wanted: Search, *, limit: int) -> list[AuditRow]:
        """Return lines, newest first."""
        query = select(AuditRow).order_by(AuditRow.number.desc()).limit(limit)
        if wanted.actor is not None:
            query = query.where(AuditRow.actor == wanted.actor)
        if wanted.action is not None:
            query = query.where(
                AuditRow.action.startswith(wanted.action, autoescape=True)
            )
        if wanted.subject is not None:
            query = query.where(
                AuditRow.subject.startswith(wanted.subject, autoescape=True)
            )
        if wanted.before is not None:
            query = query.where(AuditRow.number < wanted.before)
        with self._database.read() as session:
            return list(session.scalars(query))
