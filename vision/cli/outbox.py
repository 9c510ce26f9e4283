"""`streetwarden outbox`: what waits, what was refused, and another try."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from vision.config.home import Home
from vision.core.errors import SinkError
from vision.sinks import letters
from vision.sinks.store import MessageStore

app = typer.Typer(
    name="outbox",
    help="See what waits for delivery; replay what was refused.",
    no_args_is_help=True,
)

Message = Annotated[str | None, typer.Argument(help="A message's id; none: all.")]
Receiver = Annotated[str | None, typer.Option(help="Only this receiver.")]


@app.command("list")
def list_waiting() -> None:
    """Print how much waits for each receiver."""
    found = waiting()
    if not found:
        print("The outbox is empty.")
    for one in found:
        oldest = ""
        if one.oldest_at is not None:
            at = datetime.fromtimestamp(one.oldest_at, UTC)
            oldest = f", oldest {at:%Y-%m-%d %H:%M:%S} UTC"
        size = f"{one.size_bytes / 1024:.0f} KiB"
        files = f", {one.files} for files alone" if one.files else ""
        wait = f"{one.due} wait ({size}{oldest}{files})"
        print(f"{one.receiver}: {wait}, {one.dead} refused")


def waiting() -> list[letters.Waiting]:
    """Return what each receiver is still owed."""
    with _store() as store:
        return letters.waiting(store)


@app.command()
def dead() -> None:
    """Print every message that a receiver refused for good."""
    with _store() as store:
        found = letters.dead_letters(store)
    if not found:
        print("No message was refused.")
    for letter in found:
        tries = f"{letter.attempts} attempts"
        print(f"{letter.message_id}  {letter.receiver}  {tries}: {letter.error}")


@app.command()
def replay(message: Message = None, receiver: Receiver = None) -> None:
    """Try refused messages again; a running engine takes them up within 30 s."""
    with _store() as store:
        count = letters.replay(store, message, receiver)
    print(f"{count} deliveries will be tried again.")
    if message is not None and count == 0:
        raise typer.Exit(1)


@app.command()
def forget(
    receiver: Annotated[str, typer.Argument(help="A receiver that is gone for good.")],
) -> None:
    """Drop everything that is owed to a receiver."""
    with _store() as store:
        count = letters.forget(store, receiver)
    print(f"{count} deliveries dropped.")


@contextmanager
def _store() -> Iterator[MessageStore]:
    path = Home.from_environment().outbox
    if not path.exists():
        msg = f"{path}: there is no outbox; is STREETWARDEN_HOME right?"
        raise SinkError(msg)
    store = MessageStore(path, (), on_damage=lambda _: None)
    try:
        yield store
    finally:
        store.close()
