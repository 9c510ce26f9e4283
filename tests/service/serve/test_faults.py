"""What breaks in a server room: the database, the disk, one of several processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, event, make_url, text

from serve.outward.subscriptions import Wish
from serve.people.roles import ENGINE, Scope
from serve.services import assemble
from serve.settings import Settings
from tests.service.serve.conftest import POSTGRES, DatabaseFor, Live, sqlite_only
from tests.service.serve.receiver import Receiver, receiving
from tests.service.serve.street import Seen, message
from vision.core.clock import SystemClock
from vision.core.violations import Lifecycle

EVENTS = "/api/v1/events"


@contextmanager
def database_gone(live: Live) -> Iterator[None]:
    """Take the database away, and bring it back as it was."""
    if POSTGRES is None:
        live.services.database.close()
        home = live.services.settings.home
        moved = [home / f"serve.db{end}" for end in ("", "-wal", "-shm")]
        moved = [path for path in moved if path.exists()]
        for path in moved:
            path.rename(path.with_suffix(path.suffix + ".away"))
        (home / "serve.db").mkdir()
        yield
        (home / "serve.db").rmdir()
        for path in moved:
            path.with_suffix(path.suffix + ".away").rename(path)
        return
    name = make_url(live.services.settings.database_url).database
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        connection.execute(text(f"{query} WHERE datname = '{name}'"))
        yield
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    engine.dispose()


def test_the_database_gone_refuses_and_back_goes_on_as_if_nothing_had_been(
    live: Live, engine: httpx.Client, reader: httpx.Client
) -> None:
    def post(event_id: str) -> httpx.Response:
        return engine.post(EVENTS, json=message(Seen(event_id=event_id)))

    before = post("evt-1")
    reader.get(EVENTS).raise_for_status()  # both keys are known from now on
    with database_gone(live):
        refused = [
            post("evt-2"),
            engine.post(f"{EVENTS}/batch", json=[message(Seen(event_id="evt-2"))]),
            reader.get(EVENTS),
            reader.get("/readyz"),
        ]
        alive = [reader.get("/healthz"), reader.get("/metrics")]
    again = post("evt-2")

    assert before.status_code == 201
    assert [one.status_code for one in refused] == [503] * 4
    assert {one.headers["retry-after"] for one in refused} == {"5"}
    assert [one.status_code for one in alive] == [200, 200]
    assert again.status_code == 201
    listed = reader.get(EVENTS).json()["items"]
    assert {one["event_id"] for one in listed} == {"evt-1", "evt-2"}
    assert reader.get("/readyz").status_code == 200


@sqlite_only
def test_a_full_disk_refuses_whole_events_and_goes_on_when_there_is_room(
    live: Live, engine: httpx.Client, reader: httpx.Client
) -> None:
    limit: list[int | None] = [None]

    def narrow(connection: Any, *_: object) -> None:
        # SQLite's own "database or disk is full", from a disk as small as we like.
        connection.execute(f"PRAGMA max_page_count = {limit[0] or 2**30}")

    event.listen(live.services.database._engine, "checkout", narrow)
    with live.services.database.snapshot() as connection:
        limit[0] = connection.scalar(text("PRAGMA page_count"))
    answers = {}
    for number in range(200):
        sent = message(Seen(event_id=f"evt-{number}"))
        answers[f"evt-{number}"] = engine.post(EVENTS, json=sent).status_code
        if answers[f"evt-{number}"] != 201:
            break
    full = {name for name, status in answers.items() if status == 503}
    limit[0] = None

    taken = set(answers) - full
    kept = {
        name for name in answers if reader.get(f"{EVENTS}/{name}").status_code == 200
    }
    assert len(full) == 1
    assert kept == taken
    retried = message(Seen(event_id=full.pop()))
    assert engine.post(EVENTS, json=retried).status_code == 201


@sqlite_only
def test_who_loses_every_race_is_asked_to_come_again(
    live: Live, engine: httpx.Client
) -> None:
    told = {
        "site": "n",
        "version": "1",
        "run": "a",
        "up_s": 0,
        "cameras": [{"id": "x"}],
    }
    # Whoever looks for a camera finds none, and whoever adds it comes too late.
    quicker = """CREATE TRIGGER quicker BEFORE INSERT ON cameras BEGIN
        INSERT INTO cameras (camera_id, name, moving, first_seen, last_seen)
        VALUES (new.camera_id, '', 0, new.first_seen, new.last_seen); END"""
    with live.services.database.write_rows() as connection:
        connection.execute(text(quicker))
    refused = [
        engine.put("/api/v1/engines/n-1", json=told),
        engine.post(EVENTS, json=message(Seen(event_id="evt-1"))),
        engine.post(f"{EVENTS}/batch", json=[message(Seen(event_id="evt-1"))]),
    ]
    with live.services.database.write_rows() as connection:
        connection.execute(text("DROP TRIGGER quicker"))
    again = engine.post(EVENTS, json=message(Seen(event_id="evt-1")))

    assert [one.status_code for one in refused] == [503] * 3
    assert {one.headers["retry-after"] for one in refused} == {"5"}
    assert {one.json()["detail"].partition(";")[2] for one in refused} == {
        " nothing was stored; try again."
    }
    assert again.status_code == 201


@sqlite_only
def test_what_the_database_refuses_for_good_is_a_fault_and_no_race(
    live: Live, engine: httpx.Client
) -> None:
    never = """CREATE TRIGGER never BEFORE INSERT ON cameras BEGIN
        SELECT RAISE(ABORT, 'never'); END"""
    with live.services.database.write_rows() as connection:
        connection.execute(text(never))

    answer = engine.post(EVENTS, json=message(Seen(event_id="evt-1")))
    assert answer.status_code == 500


@pytest.fixture
def desk() -> Iterator[Receiver]:
    """Give a running work-order system."""
    with receiving() as receiver:
        yield receiver


@contextmanager
def process(home: Path, database: str) -> Iterator[str]:
    """Run a service in a process of its own; yield its address."""
    environment = {
        **os.environ,
        "STREETWARDEN_ALLOW_PRIVATE_WEBHOOKS": "1",
        "STREETWARDEN_DATABASE_URL": database,
    }
    command = [sys.executable, "-m", "serve", "--home", str(home), "--port", "0"]
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().rsplit(" ", 1)[1].strip()
        finally:
            running.terminate()
            running.wait(50)


@pytest.mark.skipif(POSTGRES is None, reason="several may share a PostgreSQL only")
@pytest.mark.timeout(240)  # two programs start and stop, perhaps on a busy machine
def test_two_processes_deliver_everything_once_and_each_event_in_order(
    tmp_path: Path, database_for: DatabaseFor, desk: Receiver
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    url = database_for(home)
    settings = Settings(home=home, database_url=url)
    services = assemble(settings, SystemClock())
    services.subscriptions.create(Wish(desk.url), ENGINE)
    key = services.keys.create("engine", [Scope.INGEST])
    services.database.close()
    expected = []
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                httpx.Client(
                    base_url=stack.enter_context(process(home, url)),
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=30,
                )
            )
            for _ in range(2)
        ]
        for number in range(12):
            seen = Seen(event_id=f"evt-{number}")
            for sequence in (1, 2, 3):
                if sequence > 1:
                    seen = seen.later(Lifecycle.UPDATED, sequence)
                sent = message(seen)
                client = clients[(number + sequence) % 2]
                client.post(EVENTS, json=sent).raise_for_status()
                expected.append(sent["id"])
        received = desk.wait(len(expected), 40)

    ids = [one.headers["webhook-id"] for one in received]
    assert sorted(ids) == sorted(expected)
    of_each = [[one for one in ids if one.startswith(f"evt-{n}.")] for n in range(12)]
    assert of_each == [[f"evt-{n}.{step}" for step in (1, 2, 3)] for n in range(12)]
