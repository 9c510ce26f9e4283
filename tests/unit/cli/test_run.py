"""What a run says when it is over."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.unit.sinks.messages import Book, event
from vision.cli.run import tell_waiting
from vision.sinks.outbox import Outbox


@pytest.mark.parametrize(("down", "told"), [(True, "1 deliveries wait"), (False, "")])
def test_a_run_tells_what_has_not_arrived(
    *, down: bool, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path))
    receiver = Book("desk")
    receiver.down = down
    outbox = Outbox(tmp_path / "outbox.db", [receiver])
    outbox.put(event())
    outbox.close(0.05 if down else 5)
    said = io.StringIO()

    tell_waiting(Console(file=said))

    assert told in said.getvalue()
    assert bool(told) == bool(said.getvalue())
