"""A real service on a real port with a real SQLite file."""

import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from sqlalchemy import create_engine, make_url, text

from serve.app import create_app
from serve.people.roles import Role, Scope
from serve.server import Server
from serve.services import Services
from serve.settings import Settings
from serve.store.database import Database
from serve.store.schema import metadata
from vision.core.ports import Clock

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Give logging back as it was: a command sends it to a test's error stream."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


@dataclass(frozen=True)
class Live:
    """A running service."""

    url: str
    services: Services
    stop: Callable[[], None]

    def client(self, *scopes: Scope) -> httpx.Client:
        """Return a client with a key of these scopes, or without any key."""
        headers = {}
        if scopes:
            key = self.services.keys.create("test", scopes)
            headers["Authorization"] = f"Bearer {key}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)

    def person(self, name: str, role: Role, *streets: str) -> httpx.Client:
        """Return a client with the own key of a new person."""
        self.services.users.create(name, "correct horse battery", role, streets)
        user_id = self.services.users.id_of(name)
        key = self.services.keys.create(f"{name}'s", [], user_id=user_id)
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)


Start = Callable[..., Live]
DatabaseFor = Callable[[Path], str]
# `with_postgres.sh` starts a server and names it here; the same tests then use it.
WORKER = "PYTEST_XDIST_WORKER"
POSTGRES = os.environ.get("STREETWARDEN_TEST_POSTGRES")
sqlite_only = pytest.mark.skipif(
    POSTGRES is not None, reason="looks into the files of SQLite"
)


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty SQLite file; copying it is quicker than migrating."""
    path = tmp_path_factory.mktemp("database") / "serve.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture(scope="session")
def new_postgres() -> str | None:
    """Return a worker's own, migrated database; None when SQLite is tested."""
    if POSTGRES is None:
        return None
    own = make_url(POSTGRES).set(database=f"tests_{os.environ.get(WORKER, 'alone')}")
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {own.database}"))
        connection.execute(text(f"CREATE DATABASE {own.database}"))
    engine.dispose()
    url = own.render_as_string(hide_password=False)
    database = Database(url)
    database.migrate()
    database.close()
    return url


@pytest.fixture(scope="session")
def database_for(new_database: Path, new_postgres: str | None) -> DatabaseFor:
    """Return what gives a home folder its database, migrated and empty at first.

    Tests run one after the other, so on PostgreSQL they share one database that is
    emptied for each new home: making a database for each takes far longer.
    """
    homes: list[Path] = []

    def give(home: Path) -> str:
        if new_postgres is None:
            home.mkdir(parents=True, exist_ok=True)
            if not (home / "serve.db").exists():
                shutil.copy(new_database, home / "serve.db")
            return ""
        if homes[-1:] != [home]:
            homes.append(home)
            engine = create_engine(new_postgres)
            names = ", ".join(metadata.tables)
            with engine.begin() as connection:
                connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
            engine.dispose()
        return new_postgres

    return give


@pytest.fixture
def start(database_for: DatabaseFor) -> Iterator[Start]:
    """Start services on free ports; all are stopped when the test ends."""
    running: list[tuple[uvicorn.Server, threading.Thread, Services]] = []

    def start_one(
        settings: Settings, clock: Clock | None = None, port: int = 0
    ) -> Live:
        url = database_for(settings.home)
        app = create_app(settings.model_copy(update={"database_url": url}), clock)
        listening = socket.create_server(("127.0.0.1", port))
        server = Server(app)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.append((server, thread, app.state.services))
        for _ in range(200):
            if server.started:
                break
            thread.join(0.02)

        def stop() -> None:
            server.should_exit = True
            thread.join(20)

        return Live(url, app.state.services, stop)

    yield start_one

    for server, thread, services in running:
        server.should_exit = True
        thread.join(20)
        services.database.close()  # a test may have asked after the service ended


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Start a server that speaks S3, with one bucket; return its address."""
    pytest.importorskip("s3fs", reason="needs the extra `s3`")
    moto = pytest.importorskip("moto.server", reason="needs moto's S3 server")
    given = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.put(f"{url}/evidence").raise_for_status()
    yield url
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def clock() -> Clock | None:
    """Return the machine's time; a module that moves time by hand gives its own."""
    return None


@pytest.fixture
def live(start: Start, tmp_path: Path, clock: Clock | None) -> Live:
    """One service with default settings."""
    return start(Settings(home=tmp_path / "home", config_dir=CONFIGS), clock)


@pytest.fixture
def boss(live: Live) -> Iterator[httpx.Client]:
    """Give a supervisor."""
    with live.person("boss", Role.SUPERVISOR) as client:
        yield client


@pytest.fixture
def engine(live: Live) -> Iterator[httpx.Client]:
    """A client that may report."""
    with live.client(Scope.INGEST) as client:
        yield client


@pytest.fixture
def reader(live: Live) -> Iterator[httpx.Client]:
    """A client that may read."""
    with live.client(Scope.READ) as client:
        yield client
