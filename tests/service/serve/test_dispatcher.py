"""One delivery that cannot even be tried harms no other."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from serve.outward.attempt import Outcome, Outgoing
from serve.outward.dispatcher import EACH, Dispatcher
from serve.outward.queue import DEAD, DELIVERED
from serve.outward.subscriptions import WEBHOOK, Wish
from serve.outward.targets import ForbiddenTargetError, check_form
from serve.outward.webhooks import judge
from serve.people.roles import ENGINE
from serve.services import Services, assemble
from serve.settings import Settings
from tests.service.serve.city import HandClock
from tests.service.serve.conftest import DatabaseFor
from tests.service.serve.street import Seen, letter

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Breaking:
    """Sends to everybody but one subscriber, at whom it breaks."""

    def __init__(self, broken: int) -> None:
        self.broken = broken
        self.sent: list[str] = []

    def send(self, outgoing: Outgoing) -> Outcome:
        if outgoing.subscription == self.broken:
            msg = "nobody thought of this"
            raise ValueError(msg)
        self.sent.append(outgoing.message_id)
        return Outcome(ok=True)

    def close(self) -> None:
        pass


class Hanging:
    """Sends at once to everybody but one subscriber, who answers when told to."""

    def __init__(self, slow: int) -> None:
        self.slow = slow
        self.go_on = threading.Event()
        self.quick = 0
        self.most = 0
        self._lock = threading.Lock()

    def send(self, outgoing: Outgoing) -> Outcome:
        if outgoing.subscription != self.slow:
            with self._lock:
                self.quick += 1
            return Outcome(ok=True)
        with self._lock:
            self.most += 1
        return Outcome(ok=self.go_on.wait(30))

    def close(self) -> None:
        pass


@pytest.fixture
def clock() -> HandClock:
    """Return a clock that is moved by hand."""
    return HandClock()


@pytest.fixture
def services(
    tmp_path: Path, clock: HandClock, database_for: DatabaseFor
) -> Iterator[Services]:
    """Give the parts of a service that does not run."""
    home = tmp_path / "home"
    services = assemble(Settings(home=home, database_url=database_for(home)), clock)
    yield services
    services.database.close()


def test_a_delivery_that_breaks_is_given_up_in_time_and_others_go_once(
    services: Services, clock: HandClock
) -> None:
    broken, _ = services.subscriptions.create(Wish("https://a.example/"), ENGINE)
    well, _ = services.subscriptions.create(Wish("https://b.example/"), ENGINE)
    services.intake.take(letter(Seen()))
    sender = Breaking(broken.number)
    dispatcher = Dispatcher(services.queue, {WEBHOOK: sender})

    for _ in range(12):
        while dispatcher.run():
            pass
        clock.forward(days=2)
    dispatcher.close()

    states = {
        one.number: services.queue.page(one.number, state=None, limit=9, before=None)
        for one in (broken, well)
    }
    assert sender.sent == ["evt-1.1"]
    assert [row.state for row in states[well.number]] == [DELIVERED]
    assert [row.state for row in states[broken.number]] == [DEAD]
    assert states[broken.number][0].error == "ValueError"


def test_nobody_waits_for_a_subscriber_that_does_not_answer(services: Services) -> None:
    slow, _ = services.subscriptions.create(Wish("https://a.example/"), ENGINE)
    quick, _ = services.subscriptions.create(Wish("https://b.example/"), ENGINE)
    for number in range(20):
        services.intake.take(letter(Seen(event_id=f"evt-{number}")))
    sender = Hanging(slow.number)
    dispatcher = Dispatcher(services.queue, {WEBHOOK: sender})

    while sender.quick < 20 and dispatcher.run():
        pass
    left_hanging = sender.most
    sender.go_on.set()
    while dispatcher.run():
        pass
    dispatcher.close()

    assert sender.quick == 20
    assert left_hanging == EACH
    for one in (slow, quick):
        page = services.queue.page(one.number, state=None, limit=99, before=None)
        assert [row.state for row in page] == [DELIVERED] * 20


def test_a_database_that_is_gone_at_the_end_is_no_fault(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.subscriptions.create(Wish("https://b.example/"), ENGINE)
    services.intake.take(letter(Seen()))
    sender = Breaking(broken=0)
    dispatcher = Dispatcher(services.queue, {WEBHOOK: sender})
    dispatcher.run()

    def gone(*_: object) -> None:
        raise OperationalError(None, {}, ConnectionError())

    monkeypatch.setattr(services.queue, "settle", gone)
    dispatcher.close()

    assert sender.sent == ["evt-1.1"]


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_a_host_that_no_look_up_takes_is_refused(host: str) -> None:
    with pytest.raises(ForbiddenTargetError):
        check_form(f"https://{host}/hook", allow_private=False)


@pytest.mark.parametrize(
    ("value", "waits"),
    [
        ("120", 120.0),
        ("9" * 5000, 10.0**7),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Fri, 20 Nov 2026 12:01:00 GMT", 60.0),
        ("soon", None),
    ],
)
def test_whatever_a_receiver_asks_for_is_an_outcome(
    value: str, waits: float | None
) -> None:
    answer = httpx.Response(503, headers={"Retry-After": value})

    asked = judge(answer, lambda: NOON).retry_after

    assert (None if asked is None else asked.total_seconds()) == waits
