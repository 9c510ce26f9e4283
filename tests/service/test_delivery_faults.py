"""Delivery against a real HTTP server that fails in every way there is."""

import logging
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from tests.fakes import ManualClock
from tests.service.desk import Desk, open_desk
from tests.unit.sinks.messages import Book, artifact, event
from vision.core.backoff import Backoff
from vision.core.clock import SystemClock
from vision.core.evidence import Evidence
from vision.core.health import HealthEvent, HealthKind
from vision.core.violations import Lifecycle
from vision.sinks.client import ServiceClient
from vision.sinks.http import HttpReceiver
from vision.sinks.lanes import RetryPolicy
from vision.sinks.letters import dead_letters, replay, waiting
from vision.sinks.outbox import Outbox

QUICK = RetryPolicy(backoff=Backoff(first_s=0.01, cap_s=0.05))
FAULTS = ("500", "503", "408", "425", "429", "slow", "half", "lost")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk(Desk()) as open_one:
        open_one.slow_s = 0.3
        yield open_one


def receiving(desk: Desk, key: str, timeout_s: float = 1) -> HttpReceiver:
    client = ServiceClient(desk.url, api_key=key, timeout_s=timeout_s, name="desk")
    return HttpReceiver(client)


def sending(desk: Desk, home: Path, **more: object) -> Outbox:
    receiver = receiving(desk, desk.key, 0.2)
    return Outbox(home / "outbox.db", [receiver], policy=QUICK, **more)  # type: ignore[arg-type]  # keywords for the fields


def put_with_pictures(outbox: Outbox, home: Path, count: int = 3) -> None:
    for index in range(count):
        files = tuple(
            artifact(home / f"{index}-{part}.jpg", bytes([index, part]) * 40_000)
            for part in range(2)
        )
        outbox.put(event(index, artifacts=files))
        outbox.put(event(index, sequence=2, lifecycle=Lifecycle.CLEARED))


def arrived_whole(desk: Desk, home: Path, count: int = 3) -> None:
    expected = {f"event-gate-{i}.{step}" for i in range(count) for step in (1, 2)}
    assert set(desk.events) == expected
    assert len(desk.order) == len(expected)
    for index in range(count):
        first, second = f"event-gate-{index}.1", f"event-gate-{index}.2"
        assert desk.order.index(first) < desk.order.index(second)
        for part in range(2):
            name = f"{index}-{part}.jpg"
            payload = (home / name).read_bytes()
            assert desk.evidence[f"event-gate-{index}", name] == payload


@pytest.mark.parametrize("fault", FAULTS)
def test_every_event_and_picture_arrives_in_spite_of(
    fault: str, desk: Desk, tmp_path: Path
) -> None:
    desk.plan.extend([fault, "ok", fault, fault, "ok", fault])
    outbox = sending(desk, tmp_path)
    put_with_pictures(outbox, tmp_path)
    outbox.close(30)

    arrived_whole(desk, tmp_path)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plan=st.lists(st.sampled_from(("ok", *FAULTS)), max_size=25))
def test_no_series_of_faults_loses_or_doubles_anything(
    plan: list[str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    with open_desk(Desk()) as desk:
        desk.slow_s = 0.25
        desk.plan.extend(plan)
        outbox = sending(desk, home)
        put_with_pictures(outbox, home, count=2)
        outbox.close(30)

        arrived_whole(desk, home, count=2)


def test_files_that_were_confirmed_are_not_sent_again(
    desk: Desk, tmp_path: Path
) -> None:
    desk.plan.extend(["ok", "ok", "500"])  # event, first file, second file
    outbox = sending(desk, tmp_path)
    files = tuple(artifact(tmp_path / f"{n}.jpg", b"x" * 10) for n in range(2))
    outbox.put(event(artifacts=files))
    outbox.close(10)
    sent = [line.split()[1].rsplit("/", 1)[-1] for line in desk.requests]

    assert sent == ["events", "0.jpg", "1.jpg", "1.jpg"]


def test_a_service_that_was_away_for_the_whole_run_gets_everything_later(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    desk = Desk()
    desk.url = f"http://127.0.0.1:{port}"
    outbox = sending(desk, tmp_path)
    put_with_pictures(outbox, tmp_path)
    outbox.close(0.3)

    with open_desk(desk, port):
        sending(desk, tmp_path).close(20)

    arrived_whole(desk, tmp_path)


def test_a_refusal_becomes_a_dead_letter_and_the_rest_goes_on(
    desk: Desk, tmp_path: Path
) -> None:
    desk.plan.append("422")
    outbox = sending(desk, tmp_path)
    outbox.put(event(0))
    outbox.put(event(1))
    outbox.close(5)
    again = sending(desk, tmp_path)
    refused = dead_letters(again.store)
    replay(again.store)
    again.close(1)
    sending(desk, tmp_path).close(10)

    assert [letter.message_id for letter in refused] == ["event-gate-0.1"]
    assert "422" in (refused[0].error or "")
    assert desk.order == ["event-gate-1.1", "event-gate-0.1"]


def test_a_wrong_key_makes_no_dead_letters_and_is_reported(
    desk: Desk, tmp_path: Path
) -> None:
    health: list[HealthEvent] = []
    right, desk.key = desk.key, "another"
    receiver = receiving(desk, right)
    outbox = Outbox(
        tmp_path / "outbox.db", [receiver], policy=QUICK, on_health=health.append
    )
    outbox.put(event())
    outbox.close(1)
    desk.key = right
    sending(desk, tmp_path).close(10)

    assert [h.kind for h in health] == [HealthKind.DELIVERY_FAILING]
    assert "API key" in health[0].detail
    assert list(desk.events) == ["event-gate-0.1"]


def test_retry_after_is_obeyed(desk: Desk, tmp_path: Path) -> None:
    desk.plan.append("429")
    desk.retry_after = "30"
    outbox = sending(desk, tmp_path)
    outbox.put(event())
    outbox.close(1)

    assert len(desk.requests) == 1


@pytest.mark.parametrize("told", ["Fri, 31 Dec 2066 23:59:59 GMT", "3600"])
def test_a_long_retry_after_is_no_longer_than_the_policy_allows(
    told: str, desk: Desk, tmp_path: Path
) -> None:
    desk.plan.append("503")
    desk.retry_after = told
    receiver = receiving(desk, desk.key)
    policy = RetryPolicy(backoff=QUICK.backoff, max_retry_after_s=0.3)
    outbox = Outbox(tmp_path / "outbox.db", [receiver], policy=policy)
    outbox.put(event())
    outbox.close(10)

    assert list(desk.events) == ["event-gate-0.1"]


@pytest.mark.parametrize("told", ["soon", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_useless_retry_after_does_no_harm(
    told: str, desk: Desk, tmp_path: Path
) -> None:
    desk.plan.append("503")
    desk.retry_after = told
    outbox = sending(desk, tmp_path)
    outbox.put(event())
    outbox.close(10)

    assert list(desk.events) == ["event-gate-0.1"]


def test_evidence_that_came_later_follows_its_event(desk: Desk, tmp_path: Path) -> None:
    clip = artifact(tmp_path / "001-clip.mp4", b"moving", role="clip")
    desk.plan.extend(["500", "500"])
    outbox = sending(desk, tmp_path)
    outbox.put(event())
    outbox.attach("event-gate-0", Evidence((clip,)))
    outbox.attach("event-gate-0", Evidence((clip,)))
    outbox.attach("event-gate-0", Evidence())
    outbox.close(10)

    assert desk.evidence == {("event-gate-0", "001-clip.mp4"): b"moving"}
    assert sum(line.startswith("PUT") for line in desk.requests) == 1


def test_a_clip_whose_event_the_service_does_not_know_yet_is_tried_again(
    desk: Desk, tmp_path: Path
) -> None:
    clip = artifact(tmp_path / "001-clip.mp4", b"moving", role="clip")
    outbox = sending(desk, tmp_path)
    outbox.attach("event-gate-0", Evidence((clip,)))  # the event is still held back
    outbox.put(event())
    outbox.close(10)

    assert desk.evidence == {("event-gate-0", "001-clip.mp4"): b"moving"}


def test_a_file_that_the_service_has_already_counts_as_delivered(
    desk: Desk, tmp_path: Path
) -> None:
    picture = artifact(tmp_path / "0.jpg", b"picture")
    outbox = sending(desk, tmp_path)
    outbox.put(event(artifacts=(picture,)))
    outbox.put(event(sequence=2, artifacts=(picture,)))
    outbox.close(10)

    assert sorted(desk.order) == ["event-gate-0.1", "event-gate-0.2"]


def test_events_with_undelivered_files_are_known(desk: Desk, tmp_path: Path) -> None:
    desk.plan.extend(["500"] * 400)
    outbox = sending(desk, tmp_path)
    outbox.put(event(0))
    waits = outbox.undelivered_events()
    desk.plan.clear()
    outbox.close(10)
    again = sending(desk, tmp_path)
    left = again.undelivered_events()
    again.close(1)

    assert waits == {"event-gate-0"}
    assert left == set()


def test_the_api_key_is_never_logged(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.plan.extend(["401", "500", "half"])
    outbox = sending(desk, tmp_path)
    outbox.put(event())
    outbox.close(5)

    assert desk.events
    assert desk.key not in caplog.text


def test_a_picture_that_changed_since_capture_is_never_sent(
    desk: Desk, tmp_path: Path
) -> None:
    picture = artifact(tmp_path / "0.jpg", b"as captured")
    picture.path.write_bytes(b"forged, same")
    outbox = sending(desk, tmp_path)
    outbox.put(event(artifacts=(picture,)))
    outbox.close(5)

    assert list(desk.events) == ["event-gate-0.1"]
    assert desk.evidence == {}


def test_a_redirect_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    desk.plan.extend(["302"])
    outbox = sending(desk, tmp_path)
    outbox.put(event())
    outbox.close(5)

    assert list(desk.events) == ["event-gate-0.1"]
    assert len(desk.requests) == 2


class SteppedClock(SystemClock):
    """The machine's clock, set wrong by some hours."""

    off = timedelta()

    @override
    def now(self) -> datetime:
        return super().now() + self.off


@pytest.mark.parametrize("hours", [-1, 1, -24])
def test_a_wall_clock_that_jumps_delays_nothing(
    hours: int, desk: Desk, tmp_path: Path
) -> None:
    clock = SteppedClock()
    desk.plan.extend(["500", "500"])
    outbox = sending(desk, tmp_path, clock=clock)
    outbox.put(event(0))
    clock.off = timedelta(hours=hours)
    outbox.put(event(1))
    outbox.close(10)

    assert set(desk.events) == {"event-gate-0.1", "event-gate-1.1"}


def test_another_process_holding_the_database_delays_but_loses_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    outbox = sending(desk, tmp_path)
    holder = sqlite3.connect(tmp_path / "outbox.db", check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.5, holder.rollback)
    release.start()
    outbox.put(event())
    release.join()
    outbox.close(10)
    holder.close()

    assert list(desk.events) == ["event-gate-0.1"]


def corrupt_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\x00" * 100)


def corrupt_index_page(path: Path) -> None:
    """Spoil the middle of the file, where indexes and rows lie."""
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(6000)


@pytest.mark.parametrize("spoil", [corrupt_header, corrupt_index_page, truncate])
def test_a_damaged_outbox_is_set_aside_reported_and_replaced(
    spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "outbox.db"
    away = Book("book")
    away.down = True
    outbox = Outbox(path, [away], policy=QUICK)
    outbox.put(event(0))
    outbox.close(0.05)
    spoil(path)
    health: list[HealthEvent] = []
    book = Book("book")

    again = Outbox(path, [book], policy=QUICK, on_health=health.append)
    again.put(event(1))
    again.close(10)

    assert HealthKind.STORE_DAMAGED in [h.kind for h in health]
    assert list(tmp_path.glob("outbox.db.damaged-*"))
    assert "event-gate-1.1" in book.events


def test_undelivered_messages_are_saved_from_a_partly_damaged_outbox(
    tmp_path: Path,
) -> None:
    path = tmp_path / "outbox.db"
    away = Book("book")
    away.down = True
    outbox = Outbox(path, [away], policy=QUICK)
    for index in range(40):
        outbox.put(event(index))
    outbox.close(0.05)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size - 4096)
        file.write(b"\xff" * 4096)
    book = Book("book")
    Outbox(path, [book], policy=QUICK).close(20)

    assert len(set(book.events)) >= 30


def test_a_message_that_was_changed_on_disk_is_never_delivered(
    tmp_path: Path,
) -> None:
    """SQLite has no checksums of its own: one flipped bit in a text passes it by."""
    path = tmp_path / "outbox.db"
    book = Book("book")
    book.down = True
    outbox = Outbox(path, [book], policy=QUICK)
    for index in range(3):
        outbox.put(event(index))
    outbox.close(0.05)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    at = path.read_bytes().index(b"observed_s 31")
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"observed_s 91")
    health: list[HealthEvent] = []
    back = Book("book")
    Outbox(path, [back], policy=QUICK, on_health=health.append).close(20)

    (told,) = (h for h in health if h.kind is HealthKind.STORE_DAMAGED)
    (lost,) = {f"event-gate-{index}.1" for index in range(3)} - set(back.events)
    assert f"1 not: {lost}" in told.detail
    assert list(tmp_path.glob("outbox.db.damaged-*"))


def test_delivered_messages_go_after_a_while_and_waiting_ones_never(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    fast, away = Book("fast"), Book("away")
    away.down = True
    both = Outbox(tmp_path / "outbox.db", [fast, away], policy=QUICK, clock=clock)
    both.put(event(0))
    assert fast.wait_for_tries(1)
    both.close(0.2)
    one = Outbox(tmp_path / "outbox.db", [fast], policy=QUICK, clock=clock)
    one.put(event(1))
    one.close(5)
    clock.advance(30 * 86_400)
    late = Outbox(tmp_path / "outbox.db", [fast], policy=QUICK, clock=clock)
    late.put(event(2))
    left = waiting(late.store)
    known = late.store.query(
        "list ids", lambda db: [row[0] for row in db.execute("SELECT id FROM messages")]
    )
    late.close(5)

    assert "event-gate-0.1" in known  # still owed to `away`
    assert "event-gate-1.1" not in known
    assert {one.receiver: one.due for one in left}["away"] == 1
