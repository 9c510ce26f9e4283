"""What every `EventSink` promises, asked of each implementation."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes import START
from tests.unit.sinks.messages import Book, event
from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import EventSink
from vision.core.violations import Lifecycle
from vision.sinks.direct import DirectSink
from vision.sinks.jsonl import JsonlReceiver
from vision.sinks.outbox import Outbox

ROOT = Path(__file__).parents[2]
Make = Callable[[], EventSink]


def lines(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


@pytest.fixture(params=["outbox", "direct"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Return a maker of sinks that end in `events.jsonl`."""
    made: list[EventSink] = []

    def make_one() -> EventSink:
        receiver = JsonlReceiver(tmp_path / "events.jsonl")
        sink: EventSink
        if request.param == "outbox":
            sink = Outbox(tmp_path / "outbox.db", [receiver])
        else:
            sink = DirectSink(receiver)
        made.append(sink)
        return sink

    yield make_one
    for sink in made:
        sink.close(1)


def test_what_was_put_arrives_once_and_in_order(make: Make, tmp_path: Path) -> None:
    sink = make()
    for sequence, lifecycle in enumerate(Lifecycle, start=1):
        sink.put(event(sequence=sequence, lifecycle=lifecycle))
    sink.close(5)

    assert lines(tmp_path / "events.jsonl") == [f"event-gate-0.{n}" for n in (1, 2, 3)]


def test_a_message_put_again_after_a_restart_is_no_second_message(
    make: Make, tmp_path: Path
) -> None:
    for _ in range(2):
        sink = make()
        sink.put(event())
        sink.close(5)

    assert lines(tmp_path / "events.jsonl") == ["event-gate-0.1"]


def test_a_health_event_arrives(make: Make, tmp_path: Path) -> None:
    sink = make()
    sink.put_health(HealthEvent(HealthKind.VIEW_BLIND, False, START, "black", "gate"))  # noqa: FBT003 a flag of the noun
    sink.close(5)
    text = json.loads((tmp_path / "events.jsonl").read_text())

    assert text["type"] == "org.streetwarden.health.view_blind.v1"
    assert text["data"] == {
        "kind": "view_blind",
        "ok": False,
        "camera_id": "gate",
        "detail": "black",
    }


def test_closing_twice_is_harmless(make: Make) -> None:
    sink = make()
    sink.close(1)
    sink.close(1)


@pytest.mark.parametrize("kind", ["outbox", "direct"])
def test_what_was_put_survives_a_kill_right_after(kind: str, tmp_path: Path) -> None:
    code = textwrap.dedent(
        f"""
        import os, signal
        from pathlib import Path
        from tests.unit.sinks.messages import Book, event
        from vision.sinks.direct import DirectSink
        from vision.sinks.jsonl import JsonlReceiver
        from vision.sinks.outbox import Outbox

        home = Path({str(tmp_path)!r})
        if {kind!r} == "outbox":
            away = Book("book")
            away.down = True
            sink = Outbox(home / "outbox.db", [away])
        else:
            sink = DirectSink(JsonlReceiver(home / "events.jsonl"))
        sink.put(event())
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ, check=False
    )

    assert done.returncode == -signal.SIGKILL
    if kind == "direct":
        assert lines(tmp_path / "events.jsonl") == ["event-gate-0.1"]
        return
    book = Book("book")
    Outbox(tmp_path / "outbox.db", [book]).close(5)
    assert book.events == ["event-gate-0.1"]
