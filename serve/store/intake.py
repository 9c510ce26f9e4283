"""Steps of violations taken in: each once, whatever the order and however often."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, insert, select, update

from serve.cases.grid import Cell, Grid
from serve.cases.store import CaseStore
from serve.errors import IdConflict
from serve.feed import in_order
from serve.store.base import metadata
from serve.store.cameras import Sightings, see_camera
from serve.store.case_tables import CaseRow
from serve.store.database import Database, put_all
from serve.store.letters import (
    Letter,
    evidence_of,
    history_of,
    latest_of,
    new_event,
    place_of,
    united,
)
from serve.store.tables import EventRow, MessageRow
from vision.core.ports import Clock

# Statements are built once: building one costs as much as running it.
_MESSAGES = metadata.tables[MessageRow.__tablename__]
_EVENTS = metadata.tables[EventRow.__tablename__]
_KNOWN = select(_MESSAGES.c.message_id, _MESSAGES.c.content_sha256).where(
    _MESSAGES.c.message_id.in_(bindparam("ids", expanding=True))
)
# Locked in one order, so that two batches cannot wait for each other.
_STANDING = (
    select(
        _EVENTS.c.event_id, _EVENTS.c.sequence, _EVENTS.c.opened_at, _EVENTS.c.evidence
    )
    .where(_EVENTS.c.event_id.in_(bindparam("ids", expanding=True)))
    .order_by(_EVENTS.c.event_id)
    .with_for_update()
)
_CHANGE = update(_EVENTS).where(_EVENTS.c.event_id == bindparam("changed"))
_APPEND = insert(_MESSAGES).inline()


class Arrival(StrEnum):
    """What an incoming message was."""

    NEW = "new"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class _Standing:
    """What later steps of an event are merged with."""

    sequence: int
    opened_at: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class _Fresh:
    """New events and their cases, stored together."""

    events: list[EventRow] = field(default_factory=list)
    cases: list[CaseRow] = field(default_factory=list)

    def store(self, connection: Connection) -> None:
        put_all(connection, self.events)
        put_all(connection, self.cases)
        self.events.clear()
        self.cases.clear()


class Intake:
    """Takes steps in; many at once cost little more than one."""

    def __init__(
        self, database: Database, clock: Clock, grid: Grid, cases: CaseStore
    ) -> None:
        """Use this database; `clock` stamps arrivals, `cases` open for new events."""
        self._database = database
        self._clock = clock
        self._grid = grid
        self._cases = cases
        self._sightings = Sightings()

    def take(self, letter: Letter) -> Arrival:
        """Take one step in; the same one again changes nothing.

        Raises:
            IdConflict: the id came before with other content.
        """
        (outcome,) = self.take_all([letter])
        if isinstance(outcome, IdConflict):
            raise outcome
        return outcome

    def take_all(self, letters: Sequence[Letter]) -> list[Arrival | IdConflict]:
        """Take steps in, all that can be or (when the database fails) none.

        Returns:
            What became of each, in the order given; a conflict stops no other.
        """
        if not letters:
            return []
        cells = [self._grid.cell_at(*place_of(one.message)) for one in letters]
        placed = list(zip(letters, cells, strict=True))
        outcomes = self._database.settle_rows(lambda c: self._take(c, placed))
        now = self._clock.now()
        for letter in letters:
            if not self._sightings.are_fresh(letter.message, now):
                self._sightings.remember(letter.message, now)
        return outcomes

    def _take(
        self, connection: Connection, placed: Sequence[tuple[Letter, Cell | None]]
    ) -> list[Arrival | IdConflict]:
        now = self._clock.now()
        known = _known(connection, (letter.message.id for letter, _ in placed))
        standing = _standing(connection, (letter for letter, _ in placed))
        outcomes: list[Arrival | IdConflict] = []
        added: list[Letter] = []
        fresh = _Fresh()
        for letter, cell in placed:
            before = known.get(letter.message.id)
            if before is not None:
                same = before == letter.sha256
                outcomes.append(Arrival.REPEATED if same else _conflict(letter))
                continue
            known[letter.message.id] = letter.sha256
            event_id = letter.message.data.event_id
            old = standing.get(event_id)
            if old is None:
                standing[event_id] = self._open(fresh, letter, cell, now)
            else:
                fresh.store(connection)  # it may be one of them that is changed
                standing[event_id] = _merge(connection, old, letter)
            added.append(letter)
            outcomes.append(Arrival.NEW)
        fresh.store(connection)
        self._see(connection, added, now)
        if added:
            in_order(connection)
            connection.execute(_APPEND, [history_of(one, now) for one in added])
        return outcomes

    def _open(
        self, fresh: _Fresh, letter: Letter, cell: Cell | None, now: datetime
    ) -> _Standing:
        row = new_event(letter, cell, now)
        fresh.events.append(row)
        earlier = letter.message.data.recurrence_of
        fresh.cases.append(self._cases.opened_by(row, cell, earlier))
        return _Standing(row.sequence, row.opened_at, row.evidence)

    def _see(
        self, connection: Connection, letters: Iterable[Letter], now: datetime
    ) -> None:
        newest = {one.message.data.camera.id: one.message for one in letters}
        for _, message in sorted(newest.items()):
            if not self._sightings.are_fresh(message, now):
                see_camera(connection, message, now)


def _known(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    rows = connection.execute(_KNOWN, {"ids": list(ids)})
    return {row.message_id: row.content_sha256 for row in rows}


def _standing(
    connection: Connection, letters: Iterable[Letter]
) -> dict[str, _Standing]:
    ids = sorted({one.message.data.event_id for one in letters})
    rows = connection.execute(_STANDING, {"ids": ids})
    return {
        row.event_id: _Standing(row.sequence, row.opened_at, row.evidence)
        for row in rows
    }


def _conflict(letter: Letter) -> IdConflict:
    return IdConflict(
        f"id: got {letter.message.id} again with other content; expected a new id "
        "for every step"
    )


def _merge(connection: Connection, old: _Standing, letter: Letter) -> _Standing:
    message = letter.message
    v = message.data
    # An early step that comes late tells when it opened, and what was seen then.
    opened_at = min(old.opened_at, message.time)
    evidence = json.dumps(united(json.loads(old.evidence), evidence_of(letter)))
    changes: dict[str, object] = {"opened_at": opened_at, "evidence": evidence}
    if v.sequence > old.sequence:
        changes |= latest_of(letter)
    connection.execute(_CHANGE, {**changes, "changed": v.event_id})
    return _Standing(max(old.sequence, v.sequence), opened_at, evidence)
