"""A real service on a real port with a real SQLite file."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from serve.app import create_app
from serve.people.roles import Role, Scope
from serve.server import Server
from serve.services import Services
from serve.settings import Settings
from serve.store.database import Database
from vision.core.ports import Clock

CONFIGS = Path(__file__).parents[3] / "configs"


@dataclass(frozen=True)
class Live:
    """A running service."""

    url: str
    services: Services

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


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty SQLite file; copying it is quicker than migrating."""
    path = tmp_path_factory.mktemp("database") / "serve.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture
def start(new_database: Path) -> Iterator[Start]:
    """Start services on free ports; all are stopped when the test ends."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start_one(settings: Settings, clock: Clock | None = None) -> Live:
        settings.home.mkdir(parents=True, exist_ok=True)
        if not (settings.home / "serve.db").exists():
            shutil.copy(new_database, settings.home / "serve.db")
        app = create_app(settings, clock)
        listening = socket.create_server(("127.0.0.1", 0))
        server = Server(app)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.append((server, thread))
        for _ in range(200):
            if server.started:
                break
            thread.join(0.02)
        return Live(url, app.state.services)

    yield start_one

    for server, thread in running:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def live(start: Start, tmp_path: Path) -> Live:
    """One service with default settings."""
    return start(Settings(home=tmp_path / "home", config_dir=CONFIGS))


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
