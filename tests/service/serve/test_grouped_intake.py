"""Single steps that come together are stored together, and answered each for itself."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from serve.errors import IdConflict, Unavailable
from serve.store import grouped
from serve.store.grouped import GroupedIntake
from serve.store.intake import Arrival
from serve.store.letters import Letter
from tests.service.serve.street import Seen, letter

PATIENCE_S = 20


@dataclass
class Slow:
    """A database that finishes its first group only when it is told to."""

    refuse: Callable[[Sequence[Letter]], Exception | None] = lambda _: None
    begun: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    groups: list[list[str]] = field(default_factory=list)

    def take_all(self, letters: Sequence[Letter]) -> list[Arrival | IdConflict]:
        self.groups.append([one.message.data.event_id for one in letters])
        self.begun.set()
        assert self.go_on.wait(PATIENCE_S)
        refusal = self.refuse(letters)
        if refusal is not None:
            raise refusal
        return [
            IdConflict("again") if "bad" in one.message.data.event_id else Arrival.NEW
            for one in letters
        ]


def taken(slow: Slow, first: str, then: Sequence[str]) -> list[Any]:
    """Return what became of one step and of those that came while it was written."""

    async def send() -> list[Any]:
        gathering = GroupedIntake(slow.take_all)

        def take(name: str) -> Coroutine[Any, Any, Arrival]:
            return gathering.take(letter(Seen(event_id=name)))

        alone = asyncio.create_task(take(first))
        assert await asyncio.to_thread(slow.begun.wait, PATIENCE_S)
        others = [asyncio.create_task(take(name)) for name in then]
        await asyncio.sleep(0)  # each has taken its place
        slow.go_on.set()
        return await asyncio.gather(alone, *others, return_exceptions=True)

    return asyncio.run(asyncio.wait_for(send(), PATIENCE_S))


def failure(kind: type[DBAPIError]) -> DBAPIError:
    return kind("INSERT", {}, Exception("as the driver says it"))


def test_who_comes_while_one_is_written_is_stored_in_one_transaction() -> None:
    slow = Slow()
    outcomes = taken(slow, "evt-1", ["evt-2", "evt-3", "evt-4"])

    assert slow.groups == [["evt-1"], ["evt-2", "evt-3", "evt-4"]]
    assert outcomes == [Arrival.NEW] * 4


def test_a_conflict_is_told_to_its_sender_alone() -> None:
    outcomes = taken(Slow(), "evt-1", ["evt-2", "evt-bad", "evt-4"])

    assert outcomes[:2] + outcomes[3:] == [Arrival.NEW] * 3
    assert isinstance(outcomes[2], IdConflict)


def test_what_the_database_refuses_costs_the_others_nothing() -> None:
    def refuse(letters: Sequence[Letter]) -> Exception | None:
        odd = any("odd" in one.message.data.event_id for one in letters)
        return failure(DataError) if odd else None

    outcomes = taken(Slow(refuse), "evt-1", ["evt-2", "evt-odd", "evt-4"])

    assert outcomes[:2] + outcomes[3:] == [Arrival.NEW] * 3
    assert isinstance(outcomes[2], DataError)


@pytest.mark.parametrize("error", [failure(OperationalError), RuntimeError("a fault")])
def test_a_failure_is_told_to_all_at_once_and_the_next_is_stored(
    error: Exception,
) -> None:
    slow = Slow(lambda letters: error if len(letters) == 2 else None)
    outcomes = taken(slow, "evt-1", ["evt-2", "evt-3"])
    again = taken(slow, "evt-2", [])

    assert outcomes == [Arrival.NEW, error, error]
    assert slow.groups == [["evt-1"], ["evt-2", "evt-3"], ["evt-2"]]
    assert again == [Arrival.NEW]


def test_too_many_who_wait_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped, "MOST_WAITING", 2)
    outcomes = taken(Slow(), "evt-1", ["evt-2", "evt-3", "evt-4"])

    assert outcomes[:3] == [Arrival.NEW] * 3
    assert isinstance(outcomes[3], Unavailable)


def test_no_group_is_longer_than_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped, "MOST_TOGETHER", 2)
    slow = Slow()
    taken(slow, "evt-1", ["evt-2", "evt-3", "evt-4"])

    assert slow.groups == [["evt-1"], ["evt-2", "evt-3"], ["evt-4"]]
