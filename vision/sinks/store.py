"""Messages and their deliveries, kept in one SQLite file."""

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vision.core.clock import SystemClock
from vision.core.ports import Clock
from vision.sinks import database
from vision.sinks.guarded import Damage, GuardedDatabase, owe
from vision.sinks.receiver import FileRef, Parcel, Stage

_Result = TypeVar("_Result")
_COLUMNS = (
    "m.seq, m.id, m.kind, m.lane, m.event_id, m.body, m.files, d.attempts, m.checksum"
)

_AT: dict[Stage | None, str] = {
    None: "",
    Stage.MESSAGE: "AND d.stage = 0",
    Stage.FILES: (
        "AND d.stage = 1 AND NOT EXISTS (SELECT 1 FROM messages e "
        "JOIN deliveries x ON x.receiver = d.receiver AND x.seq = e.seq "
        "WHERE e.event_id = m.event_id AND e.seq < d.seq "
        "AND x.state = 'due' AND x.stage = 0)"
    ),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it has a place in the outbox; fields as on `Parcel`."""

    message_id: str
    kind: str
    lane: str
    event_id: str | None
    body: str
    files: tuple[FileRef, ...] = ()

    def parcel(self, seq: int = 0) -> Parcel:
        """Return it as a receiver gets it, for the first time."""
        return Parcel(
            seq=seq,
            message_id=self.message_id,
            kind=self.kind,
            lane=self.lane,
            event_id=self.event_id,
            body=self.body,
            files=self.files,
            attempts=0,
        )


class MessageStore:
    """Durable messages; every method is one committed transaction."""

    def __init__(
        self,
        path: Path,
        receivers: Sequence[str],
        *,
        clock: Clock | None = None,
        on_damage: Callable[[Damage], None],
    ) -> None:
        """Open or make the file.

        Args:
            path: the SQLite file.
            receivers: names that new messages are owed to.
            clock: wall time.
            on_damage: told when a file was set aside; may call `add`.

        Raises:
            SinkError: the file cannot be opened or made.
        """
        self._receivers = tuple(receivers)
        self._clock = SystemClock() if clock is None else clock
        self._db = GuardedDatabase(
            path, receivers, clock=self._clock, on_damage=on_damage
        )

    def add(self, draft: Draft) -> bool:
        """Keep a message for good.

        Args:
            draft: the message; one with a known id is left alone.

        Returns:
            Whether it is new.

        Raises:
            SinkError: it could not be made durable.
        """
        files = json.dumps([_packed(file) for file in draft.files])
        now = self._clock.now().timestamp()

        def insert(db: sqlite3.Connection) -> bool:
            cursor = db.execute(
                "INSERT INTO messages "
                "(id, kind, lane, event_id, body, files, checksum, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (
                    draft.message_id,
                    draft.kind,
                    draft.lane,
                    draft.event_id,
                    draft.body,
                    files,
                    database.checksum(draft.message_id, draft.body, files),
                    now,
                ),
            )
            if cursor.rowcount == 0:
                return False
            owe(db, cursor.lastrowid, draft.kind, self._receivers)
            return True

        return self._db.run("keep a message", insert)

    def next_due(
        self, receiver: str, skip: Collection[str], stage: Stage | None = None
    ) -> Parcel | None:
        """Return the oldest waiting message whose lane is not in `skip`, or None.

        A message that is not as it was put is never returned: the file is damaged,
        and dealt with as such.

        Args:
            receiver: whose.
            skip: lanes that must wait.
            stage: only deliveries that have come so far; None: all. Files come only
                after the messages of their event that were put before them.
        """

        def select(db: sqlite3.Connection) -> Parcel | None:
            cursor = db.execute(
                f"SELECT {_COLUMNS} FROM deliveries d "  # noqa: S608 constants
                "JOIN messages m ON m.seq = d.seq "
                f"WHERE d.receiver = ? AND d.state = 'due' {_AT[stage]} ORDER BY d.seq",
                (receiver,),
            )
            for row in cursor:
                if row[3] in skip:
                    continue
                if not database.is_whole(row[1], row[5], row[6], row[8]):
                    msg = f"message {row[0]} is not as it was put"
                    raise database.damage(msg)
                return _parcel(row[:8])
            return None

        return self._db.run("read the next message", select)

    def taken(self, receiver: str, seq: int) -> None:
        """Note that a receiver has taken a message whose files it still lacks."""

        def update(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE deliveries SET stage = ?, next_attempt_at = NULL "
                "WHERE receiver = ? AND seq = ?",
                (Stage.FILES.value, receiver, seq),
            )

        self._db.run("note a delivery", update)

    def finish(self, receiver: str, seq: int) -> None:
        """Note that a receiver has taken a message."""
        now = self._clock.now().timestamp()

        def update(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE deliveries SET state = 'delivered', finished_at = ?, "
                "next_attempt_at = NULL, attempts = attempts + 1 "
                "WHERE receiver = ? AND seq = ?",
                (now, receiver, seq),
            )
            db.execute(
                "DELETE FROM progress WHERE receiver = ? AND seq = ?", (receiver, seq)
            )

        self._db.run("note a delivery", update)

    def fail(
        self, receiver: str, seq: int, *, error: str, retry_in_s: float | None
    ) -> None:
        """Note a failed attempt.

        Args:
            receiver: who failed or refused.
            seq: the message.
            error: why, in words without secrets.
            retry_in_s: seconds until the next attempt; None makes it a dead letter.
        """
        now = self._clock.now().timestamp()
        dead = retry_in_s is None
        due_at = None if retry_in_s is None else now + retry_in_s

        def update(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE deliveries SET attempts = attempts + 1, last_error = ?, "
                "next_attempt_at = ?, state = ?, finished_at = ? "
                "WHERE receiver = ? AND seq = ?",
                (
                    error[:500],
                    due_at,
                    "dead" if dead else "due",
                    now if dead else None,
                    receiver,
                    seq,
                ),
            )

        self._db.run("note a failure", update)

    def steps(self, receiver: str, seq: int) -> set[str]:
        """Return the confirmed steps of one delivery."""

        def select(db: sqlite3.Connection) -> set[str]:
            rows = db.execute(
                "SELECT step FROM progress WHERE receiver = ? AND seq = ?",
                (receiver, seq),
            )
            return {row[0] for row in rows}

        return self._db.run("read progress", select)

    def mark_step(self, receiver: str, seq: int, step: str) -> None:
        """Note one confirmed step of a delivery."""

        def insert(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT OR IGNORE INTO progress "
                "SELECT ?, seq, ? FROM messages WHERE seq = ?",
                (receiver, step, seq),
            )

        self._db.run("note progress", insert)

    def lane_of(self, event_id: str) -> str | None:
        """Return the lane of an event's latest message, or None if unknown."""

        def select(db: sqlite3.Connection) -> str | None:
            row = db.execute(
                "SELECT lane FROM messages WHERE event_id = ? "
                "ORDER BY seq DESC LIMIT 1",
                (event_id,),
            ).fetchone()
            return None if row is None else str(row[0])

        return self._db.run("look up an event", select)

    def query(
        self, what: str, work: Callable[[sqlite3.Connection], _Result]
    ) -> _Result:
        """Run other work in one transaction; `what` names it in errors."""
        return self._db.run(what, work)

    def refill_reserve(self) -> None:
        """Take the spare disk space again, if it was given up and there is room."""
        self._db.refill_reserve()

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        self._db.close()


def _packed(file: FileRef) -> dict[str, str | int]:
    return {
        "name": file.name,
        "path": str(file.path),
        "role": file.role,
        "media_type": file.media_type,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
    }


def _parcel(row: tuple[int, str, str, str, str | None, str, str, int]) -> Parcel:
    seq, message_id, kind, lane, event_id, body, files, attempts = row
    return Parcel(
        seq=seq,
        message_id=message_id,
        kind=kind,
        lane=lane,
        event_id=event_id,
        body=body,
        files=tuple(
            FileRef(**{**file, "path": Path(file["path"])})
            for file in json.loads(files)
        ),
        attempts=attempts,
    )
