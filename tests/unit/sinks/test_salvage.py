"""What a damaged outbox still gave goes on as it was."""

import sqlite3
from pathlib import Path

import pytest

from vision.core.errors import SinkUnavailableError
from vision.sinks import database
from vision.sinks.letters import prune
from vision.sinks.store import Draft, MessageStore

FAR = 1e12


def opened(folder: Path) -> MessageStore:
    return MessageStore(folder / "outbox.db", ["desk"], on_damage=lambda _: None)


def put(store: MessageStore, *names: str) -> None:
    for name in names:
        store.add(Draft(name, "violation", f"lane-{name}", f"event-{name}", "{}"))


def damaged(store: MessageStore) -> None:
    """Have the file found damaged, and replaced."""

    def broken(_: sqlite3.Connection) -> None:
        msg = "bad page"
        raise database.damage(msg)

    with pytest.raises(SinkUnavailableError):
        store.query("look", broken)


def owed(store: MessageStore) -> list[str]:
    skip: list[str] = []
    found: list[str] = []
    while (parcel := store.next_due("desk", skip)) is not None:
        skip.append(parcel.lane)
        found.append(parcel.message_id)
    return found


def test_a_delivery_on_its_way_is_noted_for_its_own_message(tmp_path: Path) -> None:
    store = opened(tmp_path)
    put(store, "a", "b", "c", "d")
    for seq in (1, 2):
        store.finish("desk", seq)
    prune(store, before=FAR, keep=0)
    taken = store.next_due("desk", ())
    assert taken is not None
    damaged(store)
    put(store, "e")
    store.finish("desk", taken.seq)

    assert taken.message_id == "c"
    assert owed(store) == ["d", "e"]


def test_a_number_is_not_given_again_though_its_message_is_gone(tmp_path: Path) -> None:
    store = opened(tmp_path)
    put(store, "a")
    store.finish("desk", 1)
    prune(store, before=FAR, keep=0)
    damaged(store)
    put(store, "b")
    store.finish("desk", 1)

    assert owed(store) == ["b"]


def test_what_was_delivered_is_not_owed_after_a_second_damage(tmp_path: Path) -> None:
    store = opened(tmp_path)
    put(store, "a", "b")
    store.finish("desk", 1)
    damaged(store)
    damaged(store)

    assert owed(store) == ["b"]
