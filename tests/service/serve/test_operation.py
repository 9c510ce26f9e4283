"""The program: start, first keys, logs, health, stop."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from serve.__main__ import cli
from serve.claim import claim
from serve.settings import Settings
from serve.store.database import Database
from serve.store.schema import metadata
from tests.service.serve.city import HandClock
from tests.service.serve.conftest import (
    CONFIGS,
    DatabaseFor,
    Live,
    Start,
    sqlite_only,
)
from tests.service.serve.street import Seen, message


def test_the_migrations_make_exactly_the_tables_of_the_code(
    tmp_path: Path, database_for: DatabaseFor
) -> None:
    url = database_for(tmp_path) or f"sqlite:///{tmp_path / 'new.db'}"
    database = Database(url)
    database.migrate()
    database.migrate()
    database.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_closing_waits_for_a_connection_in_use(
    tmp_path: Path, database_for: DatabaseFor
) -> None:
    database = Database(database_for(tmp_path) or f"sqlite:///{tmp_path / 'new.db'}")
    closing = threading.Thread(target=database.close)
    with database.snapshot():
        closing.start()
        closing.join(0.1)
        waited = closing.is_alive()
    closing.join(20)

    assert waited
    assert not closing.is_alive()


def test_what_is_given_back_after_closing_is_closed(
    tmp_path: Path, database_for: DatabaseFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.store.database.CLOSING_STEPS", 1)
    url = database_for(tmp_path) or f"sqlite:///{tmp_path / 'new.db'}"
    database = Database(url)
    with database.snapshot() as late:
        raw = late.connection.driver_connection
        database.close()
        late.execute(text("SELECT 1"))
    with database.snapshot() as later:
        another = later.connection.driver_connection

    for given_back in (raw, another):
        assert given_back is not None
        with pytest.raises(Exception, match="closed"):
            given_back.execute("SELECT 1")


@contextmanager
def serve(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "serve", "--home", str(home), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], marker: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if marker in line:
            return seen
    raise AssertionError(seen + (process.stderr.read() if process.stderr else ""))


@pytest.mark.timeout(240)  # the program starts twice, perhaps on a busy machine
def test_the_first_start_shows_keys_once_and_a_signal_ends_it_cleanly(
    tmp_path: Path,
) -> None:
    with serve(tmp_path, "--port", "0") as process:
        told = read_until(process, "http://")
        url = told.rsplit(" ", 1)[1].strip()
        ingest, setup = re.findall(r"sw_\S+", told)
        headers = {"Authorization": f"Bearer {ingest}", "X-Request-ID": "trace-4711"}
        with httpx.Client(base_url=url, headers=headers) as client:
            answer = client.post("api/v1/events", json=message(Seen()))
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=50)

    assert answer.status_code == 201
    assert answer.headers["x-request-id"] == "trace-4711"
    assert process.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    mine = [line for line in lines if line.get("request_id") == "trace-4711"]
    assert mine[-1]["status"] == 201
    assert mine[-1]["route"] == "/api/v1/events"
    assert ingest not in log
    assert setup not in log
    with serve(tmp_path, "--port", "0") as second:
        told_again = read_until(second, "http://")
        second.terminate()
        second.communicate(timeout=50)
    assert "sw_" not in told_again


@sqlite_only
@pytest.mark.timeout(240)  # the program starts several times
def test_a_second_service_on_one_home_is_refused_until_the_first_is_gone(
    tmp_path: Path,
) -> None:
    with serve(tmp_path, "--port", "0") as first:
        read_until(first, "http://")
        with serve(tmp_path, "--port", "0") as second:
            _, told = second.communicate(timeout=50)
        beside = [
            CliRunner().invoke(cli, [*words, "--home", str(tmp_path)]).exit_code
            for words in (
                ["check"],
                ["keys", "list"],
                ["retention"],
                ["backup", str(tmp_path / "saved.tar")],
            )
        ]
        first.kill()
        first.wait(20)
        with serve(tmp_path, "--port", "0") as third:
            read_until(third, "http://")

    assert second.returncode == 1
    assert "serve.db: got a database that a running service works on" in told
    assert "STREETWARDEN_HOME" in told
    assert "Traceback" not in told
    assert beside == [0, 0, 0, 0]


def test_several_services_may_claim_one_postgresql() -> None:
    database = Database("postgresql+psycopg://127.0.0.1:1/never-asked")

    with claim(database), claim(database):
        assert database.file is None


def test_a_signal_ends_live_streams_first_and_cleanly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The shipped calendar is of one year, and the service warns before it is over.
    monkeypatch.setenv("STREETWARDEN_CONFIG_DIR", str(tmp_path / "no-rules"))
    with (
        serve(tmp_path, "--port", "0", "--open-reads") as process,
        ExitStack() as stack,
    ):
        url = read_until(process, "http://").rsplit(" ", 1)[1].strip()
        streams = []
        for _ in range(5):
            client = stack.enter_context(httpx.Client(base_url=url, timeout=50))
            answer = stack.enter_context(client.stream("GET", "api/v1/stream"))
            lines = answer.iter_lines()
            assert next(lines) == "retry: 2000"
            streams.append(lines)
        process.send_signal(signal.SIGTERM)
        rest = [list(lines) for lines in streams]  # fails for one that is cut off
        _, log = process.communicate(timeout=50)

    assert rest == [[""]] * 5
    assert process.returncode == 0
    said = [json.loads(line) for line in log.splitlines()]
    assert not [one for one in said if one["level"] in {"WARNING", "ERROR"}]


@pytest.mark.parametrize(
    ("month", "warned"), [(6, []), (11, ["2027"])], ids=["june", "november"]
)
def test_a_service_logs_at_its_start_which_year_the_calendar_lacks(
    start: Start,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    month: int,
    warned: list[str],
) -> None:
    clock = HandClock(datetime(2026, month, 23, 1, 0, tzinfo=UTC))

    running = start(Settings(home=tmp_path / "home", config_dir=CONFIGS), clock)
    running.stop()

    told = re.findall(r"calendar: got no holidays of (\d+)", caplog.text)
    assert told == warned


def test_a_port_in_use_is_said_in_one_line(live: Live, tmp_path: Path) -> None:
    port = live.url.rsplit(":", 1)[1]

    with serve(tmp_path, "--port", port) as process:
        _, log = process.communicate(timeout=50)

    assert process.returncode == 1
    assert f"port {port}" in log
    assert "Traceback" not in log


def test_keys_are_made_listed_and_revoked_on_the_command_line(tmp_path: Path) -> None:
    def keys(*arguments: str) -> str:
        done = CliRunner().invoke(cli, ["keys", *arguments, "--home", str(tmp_path)])
        assert done.exit_code == 0
        return done.output

    key = keys("create", "--scope", "ingest", "--scope", "read", "--name", "east")
    listed = keys("list")

    assert re.fullmatch(r"sw_\S{43}\n", key)
    assert "east  [ingest read]  until revoked" in listed
    keys("revoke", listed.split()[0])
    assert "revoked" in keys("list")


def test_a_street_without_a_name_makes_no_key_on_the_command_line(
    tmp_path: Path,
) -> None:
    asked = ["keys", "create", "--scope", "read", "--district", ""]

    done = CliRunner().invoke(cli, [*asked, "--home", str(tmp_path)])

    assert done.exit_code == 2


def test_answers_carry_headers_that_keep_browsers_safe(live: Live) -> None:
    with live.client() as nobody:
        page = nobody.get("/login")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


def test_metrics_count_by_route_and_not_by_path(engine: httpx.Client) -> None:
    engine.post("/api/v1/events", json=message(Seen()))
    engine.get("/api/v1/events/evt-1")
    engine.get("/no/such/path")

    text = engine.get("/metrics").text

    assert 'route="/api/v1/events/{event_id}"' in text
    assert 'arrival="new",lifecycle="opened",slug="illegal_parking"' in text
    assert "no/such" not in text


def test_a_body_over_the_limit_is_refused_before_it_is_read(
    engine: httpx.Client,
) -> None:
    huge = b'{"x": "' + b"a" * (2 * 1024 * 1024) + b'"}'
    headers = {"content-type": "application/json"}

    announced = engine.post("/api/v1/events", content=huge, headers=headers)
    streamed = engine.post(
        "/api/v1/events", content=iter([huge[:700_000]] * 3), headers=headers
    )

    assert announced.status_code == 413
    assert streamed.status_code == 413


@pytest.mark.parametrize(
    ("path", "status"), [("/api/v1/nothing", 404), ("/%00", 404), ("/events/%ff", 401)]
)
def test_unknown_paths_are_problems_or_pages_and_never_faults(
    reader: httpx.Client, path: str, status: int
) -> None:
    assert reader.get(path).status_code == status


@sqlite_only
def test_the_database_gone_is_a_503_and_back_is_well(
    live: Live, tmp_path: Path
) -> None:
    database = tmp_path / "home" / "serve.db"
    with live.client() as client:
        assert client.get("/readyz").status_code == 200
        live.services.database.close()
        for name in ("serve.db", "serve.db-wal", "serve.db-shm"):
            (database.parent / name).unlink(missing_ok=True)
        database.mkdir()

        gone = client.get("/readyz")
        database.rmdir()
        back = client.get("/readyz")

    assert gone.status_code == 503
    assert gone.json()["type"].endswith("/problems/unavailable")
    assert back.status_code == 200
