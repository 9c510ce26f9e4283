"""The outbox file behind a lock: full disks and damage are dealt with here."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vision.core.errors import SinkError, SinkUnavailableError
from vision.core.ports import Clock
from vision.sinks import database
from vision.sinks.receiver import Stage
from vision.sinks.reserve import SpaceReserve

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


@dataclass(frozen=True, slots=True)
class Damage:
    """What was found and done about a damaged file.

    Attributes:
        moved_to: where the damaged file lies.
        salvaged: messages taken over from it.
        lost: names of messages that were there and could not be.
    """

    moved_to: Path
    salvaged: int
    lost: tuple[str, ...] = ()


class GuardedDatabase:
    """One SQLite file for all threads; every `run` is one committed transaction.

    A damaged file is set aside, at opening or in mid-run; what can be read from it
    with its checksum intact moves to a new file.
    """

    def __init__(
        self,
        path: Path,
        receivers: Sequence[str],
        *,
        clock: Clock,
        on_damage: Callable[[Damage], None],
    ) -> None:
        """Open or make the file.

        Args:
            path: the SQLite file.
            receivers: names that salvaged messages of unknown state are owed to.
            clock: wall time, to name what is set aside.
            on_damage: told when a file was set aside.

        Raises:
            SinkError: the file cannot be opened or made.
        """
        self._path = path
        self._receivers = tuple(receivers)
        self._clock = clock
        self._on_damage = on_damage
        self._lock = threading.RLock()
        self._reserve = SpaceReserve(path.with_name(path.name + ".reserve"))
        try:
            self._db = database.connect(path)
        except sqlite3.Error as error:
            if not database.is_damage(error):
                raise SinkError(self._cannot("be opened", error)) from error
            self._replace(error)
        except OSError as error:
            raise SinkError(self._cannot("be opened", error)) from error
        self._reserve.fill()

    def run(self, what: str, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Do `work` in one transaction; `what` names it in errors.

        Raises:
            SinkUnavailableError: not now; nothing was changed.
            SinkError: the file is damaged and could not be replaced.
        """
        with self._lock:
            try:
                return self._once(work)
            except sqlite3.Error as error:
                if database.is_damage(error):
                    self._replace(error)
                elif not (_is_full(error) and self._reserve.release()):
                    raise SinkUnavailableError(self._cannot(what, error)) from error
            try:
                return self._once(work)
            except sqlite3.Error as error:
                raise SinkUnavailableError(self._cannot(what, error)) from error

    def _once(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._db)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return result

    def _replace(self, error: sqlite3.Error) -> None:
        """Set the damaged file aside and go on with a new one."""
        log.error("outbox %s is damaged (%s)", self._path, error)
        if hasattr(self, "_db"):
            self._db.close()
        try:
            moved_to = database.set_aside(self._path, self._clock.now())
            rescued = database.salvage(moved_to)
            self._db = database.connect(self._path)
        except (sqlite3.Error, OSError) as trouble:
            raise SinkError(self._cannot("be replaced", trouble)) from trouble
        for row in rescued.messages:
            self._once(lambda db, row=row: self._restore(db, row))  # type: ignore[misc]  # mypy cannot infer a bound default
        self._once(lambda db: _number_from(db, rescued.last_seq))
        if self._on_damage is not None:
            self._on_damage(Damage(moved_to, len(rescued.messages), rescued.lost))

    def _restore(self, db: sqlite3.Connection, row: database.Salvaged) -> None:
        # Under its number: a delivery that is on its way will be noted by that.
        digest = database.checksum(row.message_id, row.body, row.files)
        db.execute(
            "INSERT OR IGNORE INTO messages "
            "(seq, id, kind, lane, event_id, body, files, checksum, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.seq,
                row.message_id,
                row.kind,
                row.lane,
                row.event_id,
                row.body,
                row.files,
                digest,
                row.created_at,
            ),
        )
        # Who had it already is unknown for unreadable deliveries: at least once.
        waiting = self._receivers if row.waiting is None else row.waiting
        owe(db, row.seq, row.kind, waiting)
        db.executemany(
            "INSERT INTO deliveries (receiver, seq, state, finished_at) "
            "VALUES (?, ?, 'delivered', ?)",
            [(receiver, row.seq, row.created_at) for receiver in row.had],
        )

    def _cannot(self, what: str, error: Exception) -> str:
        return (
            f"outbox {self._path}: cannot {what} ({error}); expected a writable file "
            "on a disk with free space; free space, fix its owner, or stop whatever "
            "else holds it"
        )

    def refill_reserve(self) -> None:
        """Take the spare room again, if it was given up and there is room."""
        self._reserve.fill()

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        with self._lock:
            self._db.close()


def owe(
    db: sqlite3.Connection, seq: int | None, kind: str, receivers: Sequence[str]
) -> None:
    """Note that a message is owed to receivers.

    Args:
        db: in a transaction.
        seq: the message's place.
        kind: as on `Parcel`.
        receivers: names of those who lack it.
    """
    stage = Stage.FILES if kind == "files" else Stage.MESSAGE
    owed = [(receiver, seq, stage.value) for receiver in receivers]
    db.executemany(
        "INSERT INTO deliveries (receiver, seq, state, stage) VALUES (?, ?, 'due', ?)",
        owed,
    )


def _number_from(db: sqlite3.Connection, last_seq: int) -> None:
    """Give no number again that the file before gave out."""
    db.execute(
        "DELETE FROM sqlite_sequence WHERE name = 'messages' AND seq < ?1", (last_seq,)
    )
    db.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'messages', ?1 "
        "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'messages')",
        (last_seq,),
    )


def _is_full(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in _FULL
