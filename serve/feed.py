"""The feed: every message in one order, for all who follow.

Numbers are given and made visible in the same order, so a follower that has seen
number n has seen everything before it.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from serve.store.database import Database, in_turn
from serve.store.tables import MessageRow

Json: TypeAlias = (
    "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
)

_LOCK = 7378


@dataclass(frozen=True, slots=True)
class Own:
    """A message of the service itself.

    Attributes:
        message_id: unique; the idempotency key.
        type: CloudEvent type.
        source: who tells, a path.
        subject: of what, a path.
        order_key: messages of the same key are delivered in order: the event's id.
        sequence: rising within the subject.
        time: when it happened.
        data: what happened.
    """

    message_id: str
    type: str
    source: str
    subject: str
    order_key: str
    sequence: int
    time: datetime
    data: Mapping[str, Json]


def in_order(connection: Connection) -> None:
    """Make this transaction's messages visible after those numbered before them.

    PostgreSQL hands out numbers before commit, so a later number could be seen first
    and the earlier one be missed for ever.
    """
    in_turn(connection, _LOCK)


def tell(session: Session, own: Own, *, now: datetime) -> None:
    """Append a message of the service's own, in the transaction that makes it true."""
    body = json.dumps(
        {
            "specversion": "1.0",
            "type": own.type,
            "id": own.message_id,
            "source": own.source,
            "subject": own.subject,
            "time": own.time.isoformat(),
            "datacontenttype": "application/json",
            "data": own.data,
        }
    )
    in_order(session.connection())
    session.add(
        MessageRow(
            message_id=own.message_id,
            content_sha256="",
            type=own.type,
            event_id=own.order_key,
            sequence=own.sequence,
            time=own.time,
            received_at=now,
            body=body,
        )
    )


class Feed:
    """Reads the feed, and wakes those who wait for more."""

    def __init__(self, database: Database) -> None:
        """Use this database."""
        self._database = database
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def after(self, number: int, *, limit: int) -> list[MessageRow]:
        """Return the messages after this number, in order."""
        with self._database.read() as session:
            return list(
                session.scalars(
                    select(MessageRow)
                    .where(MessageRow.number > number)
                    .order_by(MessageRow.number)
                    .limit(limit)
                )
            )

    def newest(self) -> int:
        """Return the number of the newest message, 0 if there is none."""
        with self._database.read() as session:
            return session.scalar(select(func.max(MessageRow.number))) or 0

    def number_of(self, message_id: str) -> int | None:
        """Return the number of a message, or None for an unknown one."""
        with self._database.read() as session:
            return session.scalar(
                select(MessageRow.number).where(MessageRow.message_id == message_id)
            )

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each arrival in this process; return how to stop it.

        It is a hint only: other processes write too, so listeners look from time to
        time as well.
        """
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def ring(self) -> None:
        """Say that something has arrived."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener()
