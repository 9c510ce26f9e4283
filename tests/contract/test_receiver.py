"""What every `sinks.receiver.Receiver` promises the outbox.

A new receiver joins by a line in `RECEIVERS`, under the `type` that a site names: the
other end, and how both are made.
"""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol, get_args

import pytest
from typing_extensions import override

from tests.unit.sinks.messages import event
from vision.config.sinks import SinkSettings
from vision.core.errors import SinkUnavailableError
from vision.sinks.client import ServiceClient
from vision.sinks.drafts import violation_draft
from vision.sinks.http import HttpReceiver
from vision.sinks.jsonl import JsonlReceiver
from vision.sinks.receiver import Receiver

Make = Callable[[], Receiver]


class Other(Protocol):
    """The other end of a receiver."""

    def receiver(self) -> Receiver:
        """Return a new one, as after a restart."""
        ...

    def came(self) -> list[str]:
        """Return the text of each message that came, as often as it counts there."""
        ...

    def away(self) -> None:
        """Take nothing from now on."""
        ...

    def back(self) -> None:
        """Take messages again."""
        ...

    def end(self) -> None:
        """Let go of everything."""
        ...


class Lines:
    """A file, whose folder may be in the way."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "out" / "events.jsonl"

    def receiver(self) -> Receiver:
        return JsonlReceiver(self._path)

    def came(self) -> list[str]:
        return self._path.read_text("utf-8").splitlines()

    def away(self) -> None:
        self._path.parent.write_text("a file where the folder belongs")

    def back(self) -> None:
        self._path.parent.unlink()

    def end(self) -> None:
        pass


class Service:
    """A service that knows by its key what came before, as ours does."""

    def __init__(self, _: Path) -> None:
        self._open = True
        self._came: dict[str, str] = {}
        other = self

        class Desk(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if other._open:
                    key = self.headers["Idempotency-Key"]
                    other._came.setdefault(key, body.decode())
                self.send_response(201 if other._open else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def receiver(self) -> Receiver:
        url = f"http://user:pencil@127.0.0.1:{self._server.server_port}"
        return HttpReceiver(ServiceClient(url, api_key=None))

    def came(self) -> list[str]:
        return list(self._came.values())

    def away(self) -> None:
        self._open = False

    def back(self) -> None:
        self._open = True

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


RECEIVERS: dict[str, Callable[[Path], Other]] = {"jsonl": Lines, "http": Service}


class Done:
    """Steps that were marked, lost when a process is killed."""

    def __init__(self) -> None:
        self.marked: set[str] = set()

    def done(self, step: str) -> bool:
        return step in self.marked

    def mark(self, step: str) -> None:
        self.marked.add(step)


@pytest.fixture(params=RECEIVERS)
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Other]:
    other = RECEIVERS[request.param](tmp_path)
    yield other
    other.end()


@pytest.fixture
def make(other: Other) -> Iterator[Make]:
    """Return a maker of receivers of the other end, each as after a restart."""
    made: list[Receiver] = []

    def one() -> Receiver:
        made.append(other.receiver())
        return made[-1]

    yield one
    for receiver in made:
        receiver.close()


PARCELS = [violation_draft(event(index)).parcel(index) for index in range(3)]


def test_every_kind_of_receiver_keeps_the_contract() -> None:
    kinds = get_args(get_args(SinkSettings)[0])
    types = {get_args(one.model_fields["type"].annotation)[0] for one in kinds}
    lacking = sorted(types - set(RECEIVERS))

    assert not lacking, f"add {lacking} to RECEIVERS in {Path(__file__).name}"


def test_messages_arrive_whole_and_in_order(other: Other, make: Make) -> None:
    receiver = make()
    for one in PARCELS:
        receiver.deliver(one, Done())
    receiver.close()

    assert other.came() == [one.body for one in PARCELS]
    assert "机动车乱停放" in json.loads(other.came()[0])["data"]["code_name"]


def test_what_was_delivered_before_a_crash_is_no_second_message(
    other: Other, make: Make
) -> None:
    for _ in range(2):
        receiver = make()
        for one in PARCELS:
            receiver.deliver(one, Done())

    assert other.came() == [one.body for one in PARCELS]


def test_what_cannot_be_taken_now_is_said_so_and_taken_later(
    other: Other, make: Make
) -> None:
    receiver, progress = make(), Done()
    other.away()
    with pytest.raises(SinkUnavailableError) as caught:
        receiver.deliver(PARCELS[0], progress)
    assert receiver.name in str(caught.value)
    assert not progress.marked

    other.back()
    receiver.deliver(PARCELS[0], progress)
    assert other.came() == [PARCELS[0].body]


def test_its_name_outlives_a_restart_and_tells_no_secret(make: Make) -> None:
    """The outbox knows by it what has been delivered to whom."""
    names = {make().name for _ in range(2)}

    assert len(names) == 1
    assert "pencil" not in names.pop()


def test_closing_twice_and_from_another_thread_is_harmless(make: Make) -> None:
    receiver = make()
    receiver.deliver(PARCELS[0], Done())
    thread = threading.Thread(target=receiver.close)
    thread.start()
    thread.join(5)
    receiver.close()

    assert not thread.is_alive()
