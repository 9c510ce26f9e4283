"""Looking after the outbox: what waits, what was refused, what may go."""

import sqlite3
from dataclasses import dataclass

from vision.sinks.store import MessageStore

_Row = tuple[str, str, int, str, str | None, int, str | None]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that a receiver refused for good.

    Attributes:
        message_id: the message's idempotency key.
        receiver: who refused it.
        seq: its place in the outbox.
        kind: `violation`, `health` or `files`.
        event_id: its violation, or None.
        attempts: deliveries tried.
        error: the refusal in words.
    """

    message_id: str
    receiver: str
    seq: int
    kind: str
    event_id: str | None
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one receiver has not got yet.

    Attributes:
        receiver: its name.
        due: messages that wait for it, themselves or with files.
        files: of those, the ones that it took, or need not take: files alone are left.
        dead: messages it refused.
        size_bytes: text of the waiting messages; files not counted.
        oldest_at: when the oldest waiting message was kept, POSIX seconds, or None.
    """

    receiver: str
    due: int
    files: int
    dead: int
    size_bytes: int
    oldest_at: float | None


def dead_letters(store: MessageStore) -> list[DeadLetter]:
    """Return every refused delivery, oldest first."""

    def select(db: sqlite3.Connection) -> list[DeadLetter]:
        rows = db.execute(
            "SELECT m.id, d.receiver, d.seq, m.kind, m.event_id, d.attempts, "
            "d.last_error FROM deliveries d JOIN messages m ON m.seq = d.seq "
            "WHERE d.state = 'dead' ORDER BY d.seq, d.receiver"
        )
        return [DeadLetter(*row) for row in rows]

    return store.query("list dead letters", select)


def replay(
    store: MessageStore, message_id: str | None = None, receiver: str | None = None
) -> int:
    """Make dead letters due again.

    Args:
        store: the outbox file.
        message_id: only this message; None: all.
        receiver: only for this receiver; None: all.

    Returns:
        How many deliveries will be tried again.
    """

    def update(db: sqlite3.Connection) -> int:
        cursor = db.execute(
            "UPDATE deliveries SET state = 'due', next_attempt_at = NULL, "
            "finished_at = NULL WHERE state = 'dead' "
            "AND (?1 IS NULL OR receiver = ?1) "
            "AND (?2 IS NULL OR seq = (SELECT seq FROM messages WHERE id = ?2))",
            (receiver, message_id),
        )
        return cursor.rowcount

    return store.query("replay dead letters", update)


def forget(store: MessageStore, receiver: str) -> int:
    """Drop every delivery owed to a receiver that is no longer there.

    Returns:
        How many deliveries were dropped.
    """

    def delete(db: sqlite3.Connection) -> int:
        db.execute("DELETE FROM progress WHERE receiver = ?", (receiver,))
        cursor = db.execute("DELETE FROM deliveries WHERE receiver = ?", (receiver,))
        return cursor.rowcount

    return store.query("forget a receiver", delete)


def waiting(store: MessageStore) -> list[Waiting]:
    """Return what each receiver lacks, by name."""

    def select(db: sqlite3.Connection) -> list[Waiting]:
        rows = db.execute(
            "SELECT d.receiver, sum(d.state = 'due'), "
            "sum(d.state = 'due' AND d.stage = 1), sum(d.state = 'dead'), "
            "coalesce(sum(CASE d.state WHEN 'due' THEN length(m.body) END), 0), "
            "min(CASE d.state WHEN 'due' THEN m.created_at END) "
            "FROM deliveries d JOIN messages m ON m.seq = d.seq "
            "GROUP BY d.receiver ORDER BY d.receiver"
        )
        return [Waiting(*row) for row in rows]

    return store.query("count what waits", select)


def undelivered_events(store: MessageStore) -> set[str]:
    """Return the events with a message that some receiver lacks or has refused."""

    def select(db: sqlite3.Connection) -> set[str]:
        rows = db.execute(
            "SELECT DISTINCT m.event_id FROM deliveries d "
            "JOIN messages m ON m.seq = d.seq "
            "WHERE d.state <> 'delivered' AND m.event_id IS NOT NULL"
        )
        return {str(row[0]) for row in rows}

    return store.query("list undelivered events", select)


def prune(store: MessageStore, *, before: float, keep: int) -> int:
    """Remove old messages that every receiver has; others are never touched.

    Args:
        store: the outbox file.
        before: only messages kept before this time, POSIX seconds, or more than
            `keep` places behind the newest.
        keep: how many of the newest seqs stay whatever their age.

    Returns:
        How many messages were removed.
    """

    def delete(db: sqlite3.Connection) -> int:
        cursor = db.execute(
            "DELETE FROM messages WHERE "
            "(created_at < ?1 OR seq <= (SELECT max(seq) FROM messages) - ?2) "
            "AND NOT EXISTS (SELECT 1 FROM deliveries d "
            "WHERE d.seq = messages.seq AND d.state <> 'delivered')",
            (before, keep),
        )
        return cursor.rowcount

    return store.query("remove delivered messages", delete)
