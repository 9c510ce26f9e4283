from collections.abc import Callable
from pathlib import Path

import pytest
from typing_extensions import override

from tests.unit.sinks.messages import Book, event
from vision.core.backoff import Backoff
from vision.core.clock import SystemClock
from vision.core.health import HealthEvent, HealthKind
from vision.core.violations import Lifecycle
from vision.sinks.lanes import RetryPolicy
from vision.sinks.letters import dead_letters, replay
from vision.sinks.outbox import Outbox
from vision.sinks.receiver import Parcel, Progress, Receiver

QUICK = RetryPolicy(backoff=Backoff(first_s=0.01, cap_s=0.05))
Open = Callable[..., Outbox]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def open_outbox(
        *receivers: Receiver, health: list[HealthEvent] | None = None
    ) -> Outbox:
        return Outbox(
            tmp_path / "outbox.db",
            receivers,
            policy=QUICK,
            on_health=None if health is None else health.append,
        )

    return open_outbox


def test_an_event_that_was_put_reaches_every_receiver(opened: Open) -> None:
    one, two = Book("one"), Book("two")
    outbox = opened(one, two)

    outbox.put(event())
    outbox.close(5)

    assert one.events == two.events == ["event-gate-0.1"]


def test_an_event_put_while_the_receiver_is_away_arrives_after_a_restart(
    opened: Open,
) -> None:
    away = Book()
    away.down = True
    outbox = opened(away)
    outbox.put(event())
    outbox.close(0.05)
    back = Book()

    opened(back).close(5)

    assert back.events == ["event-gate-0.1"]


def test_the_same_message_put_twice_is_delivered_once(opened: Open) -> None:
    book = Book()
    outbox = opened(book)
    outbox.put(event())
    outbox.put(event())
    outbox.close(5)
    again = opened(book)
    again.put(event())
    again.close(5)

    assert book.events == ["event-gate-0.1"]


def test_steps_of_a_place_arrive_in_order_while_other_places_pass(opened: Open) -> None:
    book = Book()
    book.busy = {"event-gate-0.1"}
    outbox = opened(book)
    outbox.put(event(0))
    outbox.put(event(0, sequence=2, lifecycle=Lifecycle.CLEARED))
    outbox.put(event(1))
    assert book.wait_for_tries(6)
    before = list(book.events)
    book.busy.clear()
    outbox.close(5)

    assert before == ["event-gate-1.1"]
    assert book.events[1:] == ["event-gate-0.1", "event-gate-0.2"]


def test_a_poisonous_message_does_not_hold_up_the_others(opened: Open) -> None:
    book = Book()
    book.busy = {"event-gate-0.1"}
    outbox = opened(book)
    outbox.put(event(0))
    assert book.wait_for_tries(8)
    for index in range(1, 6):
        outbox.put(event(index))
    outbox.close(1.0)

    assert book.events == [f"event-gate-{index}.1" for index in range(1, 6)]


def test_a_refused_message_becomes_a_dead_letter_that_can_be_replayed(
    opened: Open,
) -> None:
    book = Book()
    book.refused = {"event-gate-0.1"}
    outbox = opened(book)
    outbox.put(event(0))
    outbox.put(event(1))
    assert book.wait_for_tries(3)  # the refusal makes a health event, too
    letters = dead_letters(outbox.store)
    book.refused.clear()
    replayed = replay(outbox.store, "event-gate-0.1")
    outbox.close(5)
    opened(book).close(5)

    assert [letter.message_id for letter in letters] == ["event-gate-0.1"]
    assert letters[0].error == "refused"
    assert replayed == 1
    assert "event-gate-0.1" in book.events


class Refusing(Book):
    """Takes nothing, no news either."""

    @override
    def deliver(self, parcel: Parcel, progress: Progress) -> None:
        self.refused.add(parcel.message_id)
        super().deliver(parcel, progress)


def test_a_receiver_that_refuses_health_events_is_not_told_of_that(
    opened: Open,
) -> None:
    book = Refusing()
    outbox = opened(book)
    outbox.put(event())
    assert book.wait_for_tries(2)  # the event, and the news that it was refused
    without_end = book.wait_for_tries(3, timeout_s=0.5)
    outbox.close(5)

    assert not without_end


def test_a_failing_receiver_is_reported_once_and_so_is_its_recovery(
    opened: Open,
) -> None:
    book = Book()
    book.down = True
    health: list[HealthEvent] = []
    outbox = opened(book, health=health)
    outbox.put(event())
    assert book.wait_for_tries(6)
    book.down = False
    outbox.close(5)

    assert [(h.kind, h.ok) for h in health] == [
        (HealthKind.DELIVERY_FAILING, False),
        (HealthKind.DELIVERY_FAILING, True),
    ]


def test_close_returns_in_time_although_the_receiver_is_down(opened: Open) -> None:
    book = Book()
    book.down = True
    outbox = opened(book)
    outbox.put(event())

    outbox.close(0.1)

    assert book.events == []


class LeapingClock(SystemClock):
    """Runs ahead a little with every look, as on a machine under load."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    @override
    def monotonic_s(self) -> float:
        self._ahead_s += 0.03
        return super().monotonic_s() + self._ahead_s


def test_a_lane_that_comes_free_while_going_to_rest_is_not_slept_past(
    tmp_path: Path,
) -> None:
    book = Book()
    book.busy = {"event-gate-0.1"}
    # Waits of 25 to 50 ms end between two looks, 30 ms apart, more often than not.
    policy = RetryPolicy(backoff=Backoff(first_s=0.05, cap_s=0.05))
    clock = LeapingClock()
    outbox = Outbox(tmp_path / "outbox.db", [book], policy=policy, clock=clock)
    outbox.put(event(0))
    assert book.wait_for_tries(8, timeout_s=10)
    book.busy.clear()
    outbox.close(5)

    assert book.events == ["event-gate-0.1"]
