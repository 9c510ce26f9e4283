"""Events and their files go separate ways to a receiver that takes both."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from tests.unit.sinks.messages import Book, artifact, event
from vision.core.backoff import Backoff
from vision.core.events import ViolationEvent
from vision.core.evidence import Evidence
from vision.core.health import HealthEvent, HealthKind
from vision.core.violations import Lifecycle
from vision.sinks import database
from vision.sinks.lanes import RetryPolicy
from vision.sinks.letters import dead_letters, waiting
from vision.sinks.outbox import Outbox
from vision.sinks.receiver import Parcel, Progress, RetryLaterError
from vision.sinks.standing import Standing

QUICK = RetryPolicy(backoff=Backoff(first_s=0.01, cap_s=0.05))
Open = Callable[[Book], Outbox]


class Shelf(Book):
    """A receiver of files, too; `line` held: each file stays on its way."""

    takes_files = True

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.refusing_files = False
        self.line = threading.Event()
        self.line.set()
        self.on_the_way = threading.Event()

    @override
    def deliver(self, parcel: Parcel, progress: Progress) -> None:
        if parcel.kind != "files" and not progress.done("message"):
            super().deliver(parcel, progress)
            progress.mark("message")
        for file in parcel.files:
            if progress.done(file.name):
                continue
            self.on_the_way.set()
            assert self.line.wait(30)
            if self.refusing_files:
                msg = "no room"
                raise RetryLaterError(msg)
            self.files.append(file.name)
            progress.mark(file.name)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    made: list[Outbox] = []

    def open_outbox(book: Book) -> Outbox:
        outbox = Outbox(tmp_path / "outbox.db", [book], policy=QUICK)
        made.append(outbox)
        return outbox

    yield open_outbox
    for outbox in made:
        outbox.close(5)


def pictured(folder: Path) -> ViolationEvent:
    """Return the first event with a picture of its own, `0.jpg`."""
    return event(0, artifacts=(artifact(folder / "0.jpg", b"0"),))


def test_an_event_does_not_wait_for_files_of_earlier_ones(
    opened: Open, tmp_path: Path
) -> None:
    shelf = Shelf()
    shelf.line.clear()
    outbox = opened(shelf)
    outbox.put(pictured(tmp_path))
    assert shelf.on_the_way.wait(10)
    outbox.put(event(1))
    outbox.put(event(0, sequence=2, lifecycle=Lifecycle.CLEARED))
    arrived = shelf.wait_for_tries(3)
    events, files = list(shelf.events), list(shelf.files)
    shelf.line.set()
    outbox.close(10)

    assert arrived
    assert events == ["event-gate-0.1", "event-gate-1.1", "event-gate-0.2"]
    assert files == []
    assert shelf.files == ["0.jpg"]


def test_files_that_cannot_be_taken_hold_up_no_step_of_their_place(
    opened: Open, tmp_path: Path
) -> None:
    shelf = Shelf()
    shelf.refusing_files = True
    outbox = opened(shelf)
    outbox.put(pictured(tmp_path))
    assert shelf.on_the_way.wait(10)
    outbox.put(event(0, sequence=2, lifecycle=Lifecycle.CLEARED))
    arrived = shelf.wait_for_tries(2)
    shelf.refusing_files = False
    outbox.close(10)

    assert arrived
    assert shelf.events == ["event-gate-0.1", "event-gate-0.2"]
    assert shelf.files == ["0.jpg"]


def test_files_wait_for_their_own_event_and_not_for_others(
    opened: Open, tmp_path: Path
) -> None:
    shelf = Shelf()
    shelf.busy = {"event-gate-0.1"}
    outbox = opened(shelf)
    outbox.put(event(0))
    clips = [artifact(tmp_path / f"{n}.mp4", b"moves", role="clip") for n in range(2)]
    outbox.attach("event-gate-0", Evidence((clips[0],)))
    outbox.put(event(1))
    outbox.attach("event-gate-1", Evidence((clips[1],)))
    assert shelf.on_the_way.wait(10)
    assert shelf.wait_for_tries(8)
    before = list(shelf.files)
    shelf.busy.clear()
    outbox.close(10)

    assert before == ["1.mp4"]
    assert shelf.files == ["1.mp4", "0.mp4"]


def test_files_of_an_event_that_was_refused_do_not_wait_for_it(
    opened: Open, tmp_path: Path
) -> None:
    shelf = Shelf()
    shelf.refused = {"event-gate-0.1"}
    outbox = opened(shelf)
    outbox.put(event(0))
    clip = artifact(tmp_path / "0.mp4", b"moves", role="clip")
    outbox.attach("event-gate-0", Evidence((clip,)))
    outbox.close(10)

    assert shelf.files == ["0.mp4"]


def test_a_message_that_was_taken_is_not_sent_again_for_its_files(
    opened: Open, tmp_path: Path
) -> None:
    shelf = Shelf()
    shelf.refusing_files = True
    outbox = opened(shelf)
    outbox.put(pictured(tmp_path))
    assert shelf.on_the_way.wait(10)
    outbox.close(0.1)
    after_restart = Shelf()
    opened(after_restart).close(10)

    assert after_restart.events == []
    assert after_restart.files == ["0.jpg"]


# As version 1 of the engine made it.
_VERSION_1 = """
CREATE TABLE messages (
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
CREATE INDEX messages_by_event ON messages (event_id);
CREATE TABLE deliveries (
    receiver TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('due', 'delivered', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL,
    finished_at REAL,
    last_error TEXT,
    PRIMARY KEY (receiver, seq)
) WITHOUT ROWID;
CREATE INDEX deliveries_by_state ON deliveries (receiver, state, seq);
CREATE INDEX deliveries_by_seq ON deliveries (seq, state);
CREATE TABLE progress (
    receiver TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    step TEXT NOT NULL,
    PRIMARY KEY (receiver, seq, step)
) WITHOUT ROWID;
"""


def as_version_1(path: Path, *, half_sent: str, dead: str) -> None:
    """Turn an outbox back into what version 1 wrote.

    Args:
        path: closed; nothing of it was delivered.
        half_sent: id of a message that was taken; its files were not.
        dead: id of one that was refused.
    """
    old = path.with_suffix(".v1")
    with sqlite3.connect(old) as db:
        db.execute("ATTACH ? AS new", (str(path),))
        db.executescript(_VERSION_1)
        db.executescript(
            "INSERT INTO messages SELECT * FROM new.messages;"
            "INSERT INTO deliveries SELECT receiver, seq, state, 0, NULL, NULL, NULL "
            "FROM new.deliveries; PRAGMA user_version = 1;"
        )
        db.execute(
            "INSERT INTO progress SELECT 'book', seq, 'message' FROM messages "
            "WHERE id = ?",
            (half_sent,),
        )
        db.execute(
            "UPDATE deliveries SET state = 'dead' WHERE seq = "
            "(SELECT seq FROM messages WHERE id = ?)",
            (dead,),
        )
    db.close()
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()
    old.rename(path)


def test_an_outbox_of_version_1_goes_on_where_it_was(
    opened: Open, tmp_path: Path
) -> None:
    away = Shelf()
    away.down = True
    outbox = opened(away)
    for index in range(3):
        picture = artifact(tmp_path / f"{index}.jpg", bytes([index]))
        outbox.put(event(index, artifacts=(picture,)))
    clip = artifact(tmp_path / "1.mp4", b"moves", role="clip")
    outbox.attach("event-gate-1", Evidence((clip,)))
    outbox.close(0.1)
    path = tmp_path / "outbox.db"
    as_version_1(path, half_sent="event-gate-0.1", dead="event-gate-2.1")

    shelf = Shelf()
    after = opened(shelf)
    left = {letter.message_id for letter in dead_letters(after.store)}
    after.close(10)
    with sqlite3.connect(path) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
    db.close()

    assert shelf.events == ["event-gate-1.1"]
    assert sorted(shelf.files) == ["0.jpg", "1.jpg", "1.mp4"]
    assert left == {"event-gate-2.1"}
    assert version == 2


def test_the_way_to_the_next_message_is_not_longer_with_many_files_waiting(
    opened: Open, tmp_path: Path
) -> None:
    away = Shelf()
    away.down = True
    outbox = opened(away)
    outbox.close(0.1)
    db = database.connect(tmp_path / "outbox.db")
    plan = db.execute(
        "EXPLAIN QUERY PLAN SELECT seq FROM deliveries WHERE receiver = 'book' "
        "AND state = 'due' AND stage = 0 ORDER BY seq"
    ).fetchall()
    db.close()

    assert "deliveries_by_stage" in str(plan)
    assert "TEMP B-TREE" not in str(plan)


def test_what_waits_says_of_what_files_alone_are_left(
    opened: Open, tmp_path: Path
) -> None:
    shelf = Shelf()
    shelf.line.clear()
    outbox = opened(shelf)
    outbox.put(pictured(tmp_path))
    assert shelf.on_the_way.wait(10)
    (counted,) = waiting(outbox.store)
    shelf.line.set()
    outbox.close(10)
    (after,) = waiting(opened(Shelf()).store)

    assert (counted.due, counted.files) == (1, 1)
    assert (after.due, after.files) == (0, 0)


def test_a_receiver_is_well_again_only_when_events_and_files_pass(
    tmp_path: Path,
) -> None:
    health: list[HealthEvent] = []
    told = threading.Event()

    def listen(news: HealthEvent) -> None:
        health.append(news)
        told.set()

    shelf = Shelf()
    shelf.refusing_files = True
    outbox = Outbox(tmp_path / "outbox.db", [shelf], policy=QUICK, on_health=listen)
    outbox.put(pictured(tmp_path))
    assert told.wait(30)
    for index in range(1, 6):
        outbox.put(event(index))  # these arrive, and say nothing of the files
    assert shelf.wait_for_tries(6)
    shelf.refusing_files = False
    outbox.close(10)

    assert [(h.kind, h.ok) for h in health] == [
        (HealthKind.DELIVERY_FAILING, False),
        (HealthKind.DELIVERY_FAILING, True),
    ]


def test_a_standing_is_told_once_each_way() -> None:
    told: list[tuple[bool, str]] = []

    def listen(receiver: str, *, ok: bool, detail: str) -> None:
        assert receiver == "desk"
        told.append((ok, detail))

    standing = Standing("desk", listen)
    standing.works(None)
    standing.fails(None, "no room")
    standing.fails(None, "no room")
    standing.works(None)
    standing.works(None)

    assert told == [(False, "no room"), (True, "delivering again")]
