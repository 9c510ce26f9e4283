"""Webhooks arrive signed, in order, at least once, and only where they may go."""

import base64
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from standardwebhooks import Webhook

from serve.errors import NotFound
from serve.outward import webhooks
from serve.outward.attempt import Outcome, Outgoing
from serve.outward.dispatcher import Dispatcher
from serve.outward.look_up import AT_ONCE, addresses_of
from serve.outward.queue import CLAIM, RETRIES_S
from serve.outward.secrets import SecretBox
from serve.outward.signing import new_secret, sign
from serve.outward.subscriptions import Change, SubscriptionStore, Wish
from serve.outward.targets import ForbiddenTargetError, resolve
from serve.outward.webhooks import WebhookSender
from serve.people.roles import ENGINE, Role, Scope
from serve.services import Services, assemble
from serve.settings import Settings
from serve.store.delivery_tables import DeliveryRow
from tests.service.serve.city import HandClock, report
from tests.service.serve.conftest import DatabaseFor, Live, Start, sqlite_only
from tests.service.serve.receiver import Received, Receiver, receiving
from tests.service.serve.street import Seen, letter, message
from vision.core.violations import Lifecycle

SUBSCRIPTIONS = "/api/v1/subscriptions"


@pytest.fixture
def desk() -> Iterator[Receiver]:
    """Give a running work-order system."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def live(start: Start, tmp_path: Path) -> Live:
    """Start a service that may call this machine."""
    return start(Settings(home=tmp_path / "home", allow_private_webhooks=True))


@pytest.fixture
def root(live: Live) -> Iterator[httpx.Client]:
    """Give an administrator."""
    with live.person("root", Role.ADMIN) as client:
        yield client


def subscribe(root: httpx.Client, desk: Receiver, **more: Any) -> Any:
    answer = root.post(SUBSCRIPTIONS, json={"url": desk.url, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_what_arrives_is_signed_so_that_the_reference_library_agrees(
    root: httpx.Client, desk: Receiver, engine: httpx.Client
) -> None:
    secret = subscribe(root, desk)["secret"]
    report(engine)

    received = desk.wait(1)[0]

    told = Webhook(secret).verify(received.body, received.headers)
    assert told["id"] == received.headers["webhook-id"] == "evt-1.1"
    assert told["data"]["slug"] == "illegal_parking"
    assert "evidence" in told["data"]
    assert received.path == "/hook"


printable = st.characters(codec="ascii", exclude_categories=["C"])


@given(
    key=st.binary(min_size=24, max_size=64),
    body=st.text(),
    message_id=st.text(printable, min_size=1),
)
def test_signatures_are_those_of_the_reference_library(
    key: bytes, body: str, message_id: str
) -> None:

    secret = "whsec_" + base64.b64encode(key).decode()
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    body = body.encode("utf-8", "replace").decode()

    expected = Webhook(secret).sign(message_id, at, body)

    assert sign(secret, message_id, int(at.timestamp()), body) == expected


def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    root: httpx.Client, desk: Receiver, engine: httpx.Client
) -> None:
    made = subscribe(root, desk)
    new = root.post(f"{SUBSCRIPTIONS}/{made['number']}/rotate").json()["secret"]
    report(engine)

    received = desk.wait(1)[0]

    assert new != made["secret"]
    for secret in (made["secret"], new):
        Webhook(secret).verify(received.body, received.headers)


def test_a_subscriber_gets_only_what_it_asked_for(
    root: httpx.Client, desk: Receiver, engine: httpx.Client
) -> None:
    subscribe(root, desk, types=["violation.cleared"], slugs=["illegal_parking"])
    for number, slug in enumerate(("garbage_pile", "illegal_parking")):
        seen = Seen(event_id=f"evt-{number}")
        for step in (seen, seen.later(Lifecycle.CLEARED, 2)):
            sent = message(step)
            sent["data"]["slug"] = slug
            engine.post("/api/v1/events", json=sent).raise_for_status()

    received = desk.wait(1)

    assert [one.headers["webhook-id"] for one in received] == ["evt-1.2"]


def test_a_subscription_may_name_whole_types(
    root: httpx.Client, desk: Receiver, engine: httpx.Client
) -> None:
    made = subscribe(root, desk, types=["org.streetwarden.violation.opened.v1"])
    report(engine)

    assert made["types"] == ["violation.opened.v1"]
    assert len(desk.wait(1)) == 1


def test_a_subscription_to_what_is_never_told_is_refused(root: httpx.Client) -> None:
    wish = {"url": "https://orders.example.org/", "types": ["case.dispached"]}
    refused = root.post(SUBSCRIPTIONS, json=wish)

    assert refused.status_code == 422
    assert "no type of message begins so" in refused.json()["detail"]


def test_a_subscription_can_begin_in_the_past(
    root: httpx.Client, desk: Receiver, engine: httpx.Client
) -> None:
    for number in range(3):
        report(engine, event_id=f"evt-{number}")
    subscribe(root, desk, after=1)

    received = desk.wait(2)

    ids = sorted(one.headers["webhook-id"] for one in received)
    assert ids == ["evt-1.1", "evt-2.1"]


@sqlite_only
def test_secrets_are_shown_once_and_stored_encrypted(
    live: Live, root: httpx.Client, desk: Receiver
) -> None:
    secret = subscribe(root, desk)["secret"]

    listed = root.get(SUBSCRIPTIONS).text
    home = live.services.settings.home
    stored = b"".join(path.read_bytes() for path in home.glob("serve.db*"))

    assert secret not in listed
    assert secret.removeprefix("whsec_").encode() not in stored
    assert (home / "serve.key").stat().st_mode & 0o077 == 0


class Bench:
    """A service without its threads, a clock by hand, one round at a time."""

    def __init__(self, home: Path, database_url: str, desk: Receiver) -> None:
        self.clock = HandClock()
        self.services: Services = assemble(
            Settings(home=home, database_url=database_url, allow_private_webhooks=True),
            self.clock,
        )
        self.sender = WebhookSender(
            self.services.subscriptions, self.clock, allow_private=True
        )
        self.dispatcher = Dispatcher(self.services.queue, {"webhook": self.sender})

        wish = Wish(desk.url)
        self.subscription = self.services.subscriptions.create(wish, ENGINE)[0].number

    def report(self, event_id: str, *, steps: int = 1) -> None:

        for sequence in range(1, steps + 1):
            lifecycle = Lifecycle.OPENED if sequence == 1 else Lifecycle.UPDATED
            seen = Seen(event_id=event_id, sequence=sequence, lifecycle=lifecycle)
            self.services.intake.take(letter(seen))

    def rounds(self) -> None:
        while self.dispatcher.run():
            pass

    def deliveries(self, state: str | None = None) -> list[DeliveryRow]:
        return self.services.queue.page(
            self.subscription, state=state, limit=100, before=None
        )

    def close(self) -> None:
        self.dispatcher.close()
        self.services.database.close()


@pytest.fixture
def bench(tmp_path: Path, desk: Receiver, database_for: DatabaseFor) -> Iterator[Bench]:
    """Give a bench."""
    one = Bench(tmp_path, database_for(tmp_path), desk)
    yield one
    one.close()


def test_failures_are_tried_again_as_planned_and_end_as_dead_letters(
    bench: Bench, desk: Receiver
) -> None:
    desk.judge = lambda _: 500
    bench.report("evt-1")
    waits = []
    bench.rounds()
    for _ in RETRIES_S:
        before = bench.clock.at
        due = bench.deliveries()[0].next_at
        waits.append((due - before).total_seconds())
        bench.clock.at = due - timedelta(milliseconds=1)
        bench.rounds()
        bench.clock.at = due
        bench.rounds()

    dead = bench.deliveries("dead")
    for planned, wait in zip(RETRIES_S, waits, strict=True):
        assert planned <= wait <= planned * 1.1
    assert len(desk.requests) == 10
    assert [(row.attempts, row.status) for row in dead] == [(10, 500)]
    assert len({one.headers["webhook-id"] for one in desk.requests}) == 1


def test_a_dead_letter_is_replayed_under_its_old_id(
    bench: Bench, desk: Receiver
) -> None:
    desk.judge = lambda _: 400
    bench.report("evt-1")
    for _ in range(10):
        bench.rounds()
        bench.clock.forward(days=2)
    desk.judge = None
    desk.requests.clear()

    count = bench.services.queue.replay(bench.subscription)
    bench.rounds()

    assert count == 1
    assert [one.headers["webhook-id"] for one in desk.requests] == ["evt-1.1"]
    assert bench.deliveries("delivered")[0].attempts == 1


def test_the_messages_of_one_event_stay_in_order_and_others_pass(
    bench: Bench, desk: Receiver
) -> None:
    desk.judge = lambda got: 500 if got.headers["webhook-id"] == "evt-1.1" else 204
    bench.report("evt-1", steps=3)
    bench.report("evt-2")
    bench.rounds()
    early = [one.headers["webhook-id"] for one in desk.requests]
    desk.judge = None
    bench.clock.forward(seconds=6)
    bench.rounds()
    late = [one.headers["webhook-id"] for one in desk.requests[len(early) :]]

    assert sorted(early) == ["evt-1.1", "evt-2.1"]
    assert late == ["evt-1.1", "evt-1.2", "evt-1.3"]


def test_every_secret_of_the_last_day_signs_however_quickly_they_follow(
    bench: Bench, desk: Receiver
) -> None:
    store, number = bench.services.subscriptions, bench.subscription
    given = store.secrets(number) + [store.rotate(number) for _ in range(4)]
    bench.report("evt-1")
    bench.rounds()
    bench.clock.forward(days=1)
    bench.report("evt-2")
    bench.rounds()
    first, second = desk.requests

    assert store.secrets(number) == [given[-1]]
    assert len(first.headers["webhook-signature"].split()) == 4
    for secret in given[1:]:
        assert verifies(secret, first, bench.clock.at - timedelta(days=1))
    assert not verifies(given[0], first, bench.clock.at - timedelta(days=1))
    assert not verifies(given[-2], second, bench.clock.at)


def verifies(secret: str, received: Received, at: datetime) -> bool:
    """Return whether a receiver with this secret would take a message."""
    expected = Webhook(secret).sign(received.headers["webhook-id"], at, received.body)
    return expected in received.headers["webhook-signature"].split()


def test_410_ends_the_subscription_and_switching_it_on_again_loses_nothing(
    bench: Bench, desk: Receiver
) -> None:
    desk.answers = [(410, {})]
    bench.report("evt-1")
    bench.rounds()
    bench.report("evt-2")
    bench.rounds()
    told_while_off = len(desk.requests)
    why = bench.services.subscriptions.get(bench.subscription).disabled
    on = Change(enabled=True)
    bench.services.subscriptions.change(bench.subscription, on, ENGINE)
    bench.rounds()

    assert told_while_off == 1
    assert why == "the receiver answered 410 Gone"
    assert desk.requests[-1].headers["webhook-id"] == "evt-2.1"


@pytest.mark.parametrize("status", [410, 500])
def test_what_an_address_answers_that_was_changed_meanwhile_counts_for_nothing(
    bench: Bench, desk: Receiver, status: int
) -> None:
    subscriptions, queue = bench.services.subscriptions, bench.services.queue
    with receiving() as moved:

        def move(_: Received) -> int:
            # As PATCH does, while the old address has not answered yet.
            subscriptions.change(bench.subscription, Change(url=moved.url), ENGINE)
            queue.hurry(bench.subscription)
            return status

        desk.judge = move
        bench.report("evt-1")
        bench.rounds()

        assert subscriptions.get(bench.subscription).disabled is None
        assert [one.headers["webhook-id"] for one in moved.requests] == ["evt-1.1"]
    (one,) = bench.deliveries()
    assert (one.state, one.attempts) == ("delivered", 1)


@pytest.mark.parametrize(
    ("asked", "least_s"),
    [("120", 120), ("Mon, 23 Nov 2026 01:10:00 GMT", 600), ("soon", 5), ("0", 5)],
)
def test_a_receiver_that_asks_for_time_gets_it(
    bench: Bench, desk: Receiver, asked: str, least_s: float
) -> None:
    desk.answers = [(503, {"Retry-After": asked})]
    bench.report("evt-1")
    bench.rounds()

    wait = bench.deliveries()[0].next_at - bench.clock.at

    assert least_s <= wait.total_seconds() <= least_s * 1.11


def test_redirects_are_not_followed(bench: Bench, desk: Receiver) -> None:
    with receiving() as elsewhere:
        desk.answers = [(302, {"Location": elsewhere.url})]
        bench.report("evt-1")
        bench.rounds()

        assert elsewhere.requests == []
    assert bench.deliveries()[0].state == "pending"


def test_an_answer_without_end_holds_nobody_up(bench: Bench, desk: Receiver) -> None:
    desk.endless = True
    bench.report("evt-1")
    bench.rounds()

    (delivery,) = bench.deliveries()
    assert (delivery.state, delivery.status) == ("delivered", 200)


def test_an_answer_that_drips_ends_the_attempt_before_another_worker_takes_over(
    bench: Bench, desk: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(seconds=webhooks.WHOLE_S) < CLAIM
    monkeypatch.setattr(webhooks, "WHOLE_S", 0.5)
    desk.drips = True
    bench.report("evt-1")
    bench.rounds()

    (delivery,) = bench.deliveries()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert delivery.error == "no answer within 0.5 s"


def test_a_resolver_that_says_nothing_ends_the_attempt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert webhooks.NAME_S < webhooks.WHOLE_S
    monkeypatch.setattr(webhooks, "NAME_S", 0.2)
    answers = threading.Event()
    waiting: list[threading.Thread] = []

    def silent(*_: Any, **__: Any) -> Any:
        waiting.append(threading.current_thread())
        assert answers.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    bench.report("evt-1")
    bench.rounds()

    (delivery,) = bench.deliveries()
    assert not answers.is_set()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    told = "cannot resolve the host: no answer from the resolver within 0.2 s"
    assert delivery.error == told
    answers.set()
    for thread in waiting:
        thread.join(5)


def test_a_resolver_that_says_nothing_gathers_no_more_look_ups_than_are_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = threading.Event()
    asked: list[str] = []

    def silent(host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        assert answers.wait(30)
        return [(0, 0, 0, "", ("192.0.2.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    for number in range(AT_ONCE + 3):
        with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
            addresses_of(f"host-{number}.example", 443, within_s=0.01)
    at_once = len(asked)
    answers.set()

    assert at_once == AT_ONCE
    assert addresses_of("host.example", 443, within_s=30) == ["192.0.2.1"]


def test_neighbours_at_one_address_never_share_a_connection(
    bench: Bench, desk: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def here(host: str, *args: Any, **kwargs: Any) -> Any:
        known = "127.0.0.1" if host == "neighbour.example" else host
        return look_up(known, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    url = desk.url.replace("127.0.0.1", "neighbour.example")
    bench.services.subscriptions.create(Wish(url), ENGINE)
    bench.report("evt-1")
    bench.rounds()

    hosts = {one.headers["host"].split(":")[0] for one in desk.requests}
    assert hosts == {"127.0.0.1", "neighbour.example"}
    assert len({one.sender for one in desk.requests}) == len(desk.requests)


def test_an_address_that_is_long_or_secret_does_not_end_up_in_the_audit_log(
    live: Live,
) -> None:
    with live.person("root", Role.ADMIN) as root:
        url = "https://chat.example.org/" + "s3cret" * 150
        made = root.post("/api/v1/subscriptions", json={"url": url})
        lines = root.get("/api/v1/audit?action=subscription.").json()["items"]

    assert made.status_code == 201
    assert [line["subject"] for line in lines] == ["1 chat.example.org"]


def test_who_unsubscribes_during_an_attempt_is_no_trouble(
    bench: Bench, desk: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    class Late:
        """Unsubscribes after the message was claimed, before it is sent."""

        def send(self, outgoing: Outgoing) -> Outcome:
            with suppress(NotFound):
                bench.services.subscriptions.remove(outgoing.subscription)
            return bench.sender.send(outgoing)

        def close(self) -> None:
            bench.sender.close()

    bench.dispatcher = Dispatcher(bench.services.queue, {"webhook": Late()})
    bench.report("evt-1")

    bench.rounds()

    assert desk.requests == []
    assert caplog.records == []


def test_with_another_key_nothing_is_sent_until_the_right_one_is_back(
    bench: Bench, desk: Receiver, tmp_path: Path
) -> None:
    right = (tmp_path / "serve.key").read_bytes()
    (tmp_path / "serve.key").write_bytes(Fernet.generate_key())
    bench.report("evt-1")
    bench.services.queue.fan_out()
    (outgoing,) = bench.services.queue.claim(["webhook"], limit=1, each=1, taken={})
    subscriptions = SubscriptionStore(
        bench.services.database, bench.clock, SecretBox(tmp_path, None)
    )

    outcome = WebhookSender(subscriptions, bench.clock, allow_private=True).send(
        outgoing
    )

    assert (outcome.ok, outcome.fault, outcome.hopeless) == (False, "key", False)
    assert "is not the key" in str(outcome.error)
    assert desk.requests == []
    (tmp_path / "serve.key").write_bytes(right)
    assert bench.sender.send(outgoing).ok


def test_two_workers_never_take_the_same_delivery(bench: Bench) -> None:
    for number in range(20):
        bench.report(f"evt-{number}")
    bench.services.queue.fan_out()

    first = bench.services.queue.claim(["webhook"], limit=10, each=10, taken={})
    second = bench.services.queue.claim(["webhook"], limit=50, each=50, taken={})

    taken = [one.delivery for one in first + second]
    assert len(taken) == len(set(taken)) == 20


def test_what_a_crashed_worker_held_goes_out_after_a_minute(
    bench: Bench, desk: Receiver
) -> None:
    bench.report("evt-1")
    bench.services.queue.fan_out()
    bench.services.queue.claim(["webhook"], limit=10, each=10, taken={})
    bench.rounds()
    held = len(desk.requests)
    bench.clock.forward(seconds=61)
    bench.rounds()

    assert (held, len(desk.requests)) == (0, 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[::7f00:1]/",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[2002:7f00:1::]/x",
        "https://0.0.0.0/x",
        "https://100.64.0.1/x",
        "https://224.0.0.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "file:///etc/passwd",
        "ftp://example.com/",
        "https://user:pw@example.com/",
        "https:///x",
        "https://example.com:99999/",
        "//example.com",
    ],
)
def test_addresses_within_are_refused(url: str) -> None:
    with pytest.raises((ForbiddenTargetError, socket.gaierror)):
        resolve(url, allow_private=False, within_s=5)


def test_the_resolved_address_is_the_one_called_whatever_the_name_says_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [[(2, 1, 6, "", ("93.184.215.14", 443))]]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers[0])

    target = resolve("https://desk.example/hook?x=1", allow_private=False, within_s=5)

    assert target.url == "https://93.184.215.14:443/hook?x=1"
    assert target.host == "desk.example"
    answers[0] += [(2, 1, 6, "", ("192.168.0.1", 443))]
    with pytest.raises(ForbiddenTargetError, match=r"192\.168\.0\.1"):
        resolve("https://desk.example/hook", allow_private=False, within_s=5)


def test_a_private_target_is_refused_when_it_is_not_allowed(
    start: Start, tmp_path: Path
) -> None:
    live = start(Settings(home=tmp_path / "strict"))
    with live.person("boss", Role.ADMIN) as boss:
        plain = boss.post(SUBSCRIPTIONS, json={"url": "http://example.com/"})
        secret = boss.post(SUBSCRIPTIONS, json={"url": "https://u:p@example.com/"})

    assert (plain.status_code, secret.status_code) == (422, 422)


def test_subscriptions_are_managed_over_the_api(
    root: httpx.Client, desk: Receiver, engine: httpx.Client
) -> None:
    number = subscribe(root, desk)["number"]
    one = f"{SUBSCRIPTIONS}/{number}"
    root.patch(one, json={"enabled": False}).raise_for_status()
    report(engine)
    off = root.get(SUBSCRIPTIONS).json()[0]["disabled"]
    root.patch(one, json={"enabled": True}).raise_for_status()
    desk.wait(1)
    done: list[Any] = []
    while not done:  # the answer is written down just after it was given
        done = root.get(f"{one}/deliveries?state=delivered").json()["items"]
    again = root.post(f"{one}/deliveries/{done[0]['number']}/replay")
    desk.wait(2)
    none_dead = root.post(f"{one}/replay").json()
    gone = root.delete(one)

    assert off == "switched off by user:root"
    assert again.json() == {"deliveries": 1}
    assert none_dead == {"deliveries": 0}
    assert gone.status_code == 204
    for answer in (
        root.delete(one),
        root.post(f"{one}/rotate"),
        root.get(f"{one}/deliveries"),
        root.post(f"{one}/replay"),
    ):
        assert answer.status_code == 404


def test_only_administrators_manage_subscriptions(live: Live) -> None:
    with live.person("boss", Role.SUPERVISOR) as boss:
        assert boss.get(SUBSCRIPTIONS).status_code == 403
        refused = boss.post(SUBSCRIPTIONS, json={"url": "https://example.com"})
        assert refused.status_code == 403


@pytest.mark.slow
def test_killed_in_the_middle_of_dispatch_it_loses_nothing(
    tmp_path: Path, desk: Receiver
) -> None:
    home = tmp_path / "home"
    services = assemble(Settings(home=home), HandClock())
    home.mkdir()
    services.database.migrate()

    services.subscriptions.create(Wish(desk.url), ENGINE)
    key = services.keys.create("engine", [Scope.INGEST])
    services.database.close()
    environment = {**os.environ, "STREETWARDEN_ALLOW_PRIVATE_WEBHOOKS": "1"}
    command = [sys.executable, "-m", "serve", "--home", str(home), "--port", "0"]
    sent: list[str] = []

    def run(events: range) -> None:
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            url = process.stdout.readline().rsplit(" ", 1)[1].strip()
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
                for number in events:
                    report(client, event_id=f"evt-{number}")
                    sent.append(f"evt-{number}.1")
            process.send_signal(signal.SIGKILL)

    run(range(15))
    run(range(15, 30))
    # The last one runs on a clock that has moved past the claims of the killed ones.
    clock = HandClock()
    services = assemble(Settings(home=home, allow_private_webhooks=True), clock)

    clock.at = datetime.now(UTC) + timedelta(minutes=2)  # noqa: TID251 the real clock is what the library checks
    sender = WebhookSender(services.subscriptions, clock, allow_private=True)
    dispatcher = Dispatcher(services.queue, {"webhook": sender})
    while dispatcher.run():
        pass
    with services.database.read() as session:
        states = set(session.scalars(select(DeliveryRow.state)))
    dispatcher.close()
    services.database.close()

    arrived = {one.headers["webhook-id"] for one in desk.requests}
    assert arrived == set(sent)
    assert states == {"delivered"}


def test_every_new_secret_is_another() -> None:
    assert len({new_secret() for _ in range(50)}) == 50
