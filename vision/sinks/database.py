"""The outbox's SQLite file: opened, checked, and set aside when damaged."""

import hashlib
import logging
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vision.core.errors import SinkError

log = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 10.0
_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    lane TEXT NOT NULL,
    event_id TEXT,
    body TEXT NOT NULL,
    files TEXT NOT NULL,
    checksum TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_event ON messages (event_id);
CREATE TABLE IF NOT EXISTS deliveries (
    receiver TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('due', 'delivered', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL,
    finished_at REAL,
    last_error TEXT,
    stage INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (receiver, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deliveries_by_state
    ON deliveries (receiver, state, seq);
CREATE INDEX IF NOT EXISTS deliveries_by_stage
    ON deliveries (receiver, state, stage, seq);
CREATE INDEX IF NOT EXISTS deliveries_by_seq ON deliveries (seq, state);
CREATE TABLE IF NOT EXISTS progress (
    receiver TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    step TEXT NOT NULL,
    PRIMARY KEY (receiver, seq, step)
) WITHOUT ROWID;
"""
# Version 1 knew no stages: what a receiver was handed stood in `progress` alone.
_ADD_STAGES = """
BEGIN IMMEDIATE;
ALTER TABLE deliveries ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET stage = 1 WHERE
    EXISTS (SELECT 1 FROM messages m WHERE m.seq = deliveries.seq AND m.kind = 'files')
    OR EXISTS (SELECT 1 FROM progress p WHERE p.receiver = deliveries.receiver
        AND p.seq = deliveries.seq AND p.step = 'message');
COMMIT;
"""
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@dataclass(frozen=True, slots=True)
class Salvaged:
    """A message read from a damaged file, who waits for it, and who has it."""

    seq: int
    message_id: str
    kind: str
    lane: str
    event_id: str | None
    body: str
    files: str
    created_at: float
    waiting: tuple[str, ...] | None
    had: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rescue:
    """What a damaged file still gave.

    Attributes:
        messages: whole, in their order.
        lost: ids of messages that are there but not as they were put; those whose
            ids cannot be read stand as their numbers, `#17`.
        last_seq: the last number that it gave out, 0 if that cannot be read.
    """

    messages: tuple[Salvaged, ...] = ()
    lost: tuple[str, ...] = ()
    last_seq: int = 0


def damage(what: str) -> sqlite3.DatabaseError:
    """Return an error that says that the file itself is broken."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error says that the file itself is broken."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in _DAMAGE


def checksum(message_id: str, body: str, files: str) -> str:
    """Return the digest that tells a salvaged row from a garbled one."""
    text = "\x00".join((message_id, body, files))
    return hashlib.sha256(text.encode()).hexdigest()


def is_whole(message_id: object, body: object, files: object, known: object) -> bool:
    """Return whether a row is as it was put; SQLite itself keeps no checksums."""
    texts = (message_id, body, files)
    if not all(isinstance(text, str) for text in texts):
        return False
    return checksum(str(message_id), str(body), str(files)) == known


def connect(path: Path) -> sqlite3.Connection:
    """Open the outbox file, make it if missing, and prove that it is whole.

    Args:
        path: the SQLite file; its folder is made.

    Returns:
        A connection that may be shared between threads under a lock; every
        commit is on disk when it returns.

    Raises:
        sqlite3.DatabaseError: the file is damaged or no SQLite file.
        SinkError: it was written by a newer version.
        OSError: the folder cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL, not NORMAL: with NORMAL the last commits are lost in a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        msg = f"{path}: {verdict}"
        raise damage(msg)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        msg = (
            f"{path}: outbox version {version}, expected at most {_VERSION}; "
            "start the newer engine again or name another STREETWARDEN_HOME"
        )
        raise SinkError(msg)
    columns = {row[1] for row in connection.execute("PRAGMA table_info(deliveries)")}
    if columns and "stage" not in columns:
        connection.executescript(_ADD_STAGES)
    connection.executescript(_SCHEMA)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def set_aside(path: Path, at: datetime) -> Path:
    """Move a damaged file and its journal out of the way.

    Args:
        path: the SQLite file.
        at: when, for the new name.

    Returns:
        Where it lies now.
    """
    stamp = at.strftime("%Y%m%dT%H%M%S.%fZ")
    target = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(target.with_name(target.name + suffix))
    return target


def salvage(damaged: Path) -> Rescue:
    """Return the messages of a damaged file that can still be read and trusted.

    Args:
        damaged: a file that `set_aside` moved.
    """
    found: list[Salvaged] = []
    lost: list[str] = []
    top = 0
    try:
        connection = sqlite3.connect(damaged, timeout=1, isolation_level=None)
    except sqlite3.Error:
        return Rescue()
    try:
        last = connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'messages'"
        ).fetchone()
        top = 0 if last is None else int(last[0])
        # Row by row: one broken page must not hide the rows on the others.
        lowest = max(1, top - 100_000)
        for seq in range(lowest, top + 1):
            row = _salvage_one(connection, seq)
            if isinstance(row, Salvaged):
                found.append(row)
            elif row is not None:
                lost.append(row)
    except (sqlite3.Error, ValueError):
        log.warning("damaged outbox %s: reading stopped early", damaged)
    finally:
        connection.close()
    return Rescue(tuple(found), tuple(lost), top)


def _salvage_one(connection: sqlite3.Connection, seq: int) -> Salvaged | str | None:
    """Return a message, or the name of one that is lost, or None for a gap."""
    try:
        row = connection.execute(
            "SELECT id, kind, lane, event_id, body, files, created_at, checksum "
            "FROM messages WHERE seq = ?",
            (seq,),
        ).fetchone()
    except sqlite3.Error:
        return f"#{seq}"
    if row is None:
        return None
    if not is_whole(row[0], row[4], row[5], row[7]):
        return str(row[0])[:100]
    waiting, had = _who_waits(connection, seq)
    return Salvaged(seq, *(*row[:7], waiting, had))


def _who_waits(
    connection: sqlite3.Connection, seq: int
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return who lacks a message, None: unknown, so all; and who has it."""
    try:
        rows = connection.execute(
            "SELECT receiver, state FROM deliveries WHERE seq = ?", (seq,)
        ).fetchall()
    except sqlite3.Error:
        return None, ()
    if not rows:
        return None, ()
    had = tuple(receiver for receiver, state in rows if state == "delivered")
    return tuple(receiver for receiver, _ in rows if receiver not in had), had
