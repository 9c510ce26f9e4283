"""The connection to the database, and who may write when."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    Connection,
    Engine,
    Insert,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from serve.store.base import Base, metadata

BUSY_TIMEOUT_MS = 10_000
CHECKPOINT_PAGES = 4000
ATTEMPTS = 3
CLOSING_STEP_S = 0.02
CLOSING_STEPS = 250

_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:key)")

T = TypeVar("T")
Writer = TypeVar("Writer")


class Database:
    """SQLite (WAL) or PostgreSQL behind the same calls.

    Reads see a snapshot. Writes take SQLite's write lock at once: a transaction that
    reads first and writes later would fail instead of waiting.
    """

    def __init__(self, url: str) -> None:
        """Prepare connections; nothing is opened yet.

        Args:
            url: SQLAlchemy address, `sqlite:///…` or `postgresql+psycopg://…`.
        """
        self._engine = _sqlite(url) if url.startswith("sqlite") else _server(url)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; None on a server."""
        path = self._engine.url.database
        if self.dialect != "sqlite" or path is None or path.startswith("file:"):
            return None  # the last is a URI, which says more than a place
        return Path(path).resolve()

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema to a version, the newest by default; harmless when it is."""
        with (
            as_file(files("serve").joinpath("migrations")) as folder,
            self._engine.connect() as connection,
        ):
            config = Config()
            config.set_main_option("script_location", str(folder).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that does not write."""
        with Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session that commits at the end, or rolls back on an error."""
        with Session(self._engine, expire_on_commit=False) as session:
            session.connection(execution_options={"immediate": True})
            yield session
            session.commit()

    @contextmanager
    def write_rows(self) -> Iterator[Connection]:
        """Give a connection that commits at the end, or rolls back on an error.

        For work by the thousand: a session's bookkeeping costs more than the rows.
        """
        with self._engine.connect() as plain:
            connection = plain.execution_options(immediate=True)
            yield connection
            connection.commit()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection that sees one moment, whatever others write meanwhile."""
        with self._engine.connect() as connection:
            if self.dialect == "postgresql":
                # On SQLite every read transaction is a snapshot.
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    def settle(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a write; look again if another worker was quicker.

        Args:
            work: reads first, then inserts what it did not find.

        Raises:
            IntegrityError: looking again did not help.
        """
        return _settled(self.write, work)

    def settle_rows(self, work: Callable[[Connection], T]) -> T:
        """Do as `settle` does, on a bare connection.

        Raises:
            IntegrityError: looking again did not help.
        """
        return _settled(self.write_rows, work)

    def revision(self) -> str | None:
        """Return the version of the schema, or None where there is none yet.

        Raises:
            sqlalchemy.exc.OperationalError: the database does not answer.
        """
        if self.file is not None and not self.file.exists():
            return None  # opening it would make it
        with self._engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            query = text("SELECT version_num FROM alembic_version")
            return str(connection.scalar(query))

    def ping(self) -> None:
        """Prove that the database answers.

        Raises:
            sqlalchemy.exc.OperationalError: it does not.
        """
        with self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection within 5 s, those still in use when given back.

        Who asks later is answered, on a connection of that moment.
        """
        event.listen(self._engine, "checkin", _on_return_after_closing)
        pool = self._engine.pool
        for _ in range(CLOSING_STEPS):
            if not (isinstance(pool, QueuePool) and pool.checkedout()):
                break
            time.sleep(CLOSING_STEP_S)
        self._engine.dispose()


def _on_return_after_closing(_: object, entry: ConnectionPoolEntry) -> None:
    # Kept, it would stay open until the garbage collector finds it.
    entry.invalidate()


def in_turn(connection: Connection, key: int) -> None:
    """Wait until no other transaction of this key goes on; until this one ends.

    SQLite has one writer anyway.

    Args:
        connection: of the transaction.
        key: 7377 to migrate, 7378 for the feed, 7379 for engines that begin.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE_TURN, {"key": key})


def put_all(connection: Connection, rows: Sequence[Base]) -> None:
    """Insert new rows of one table at once, without the bookkeeping of later changes.

    Args:
        connection: where.
        rows: made a moment ago and not added to any session.
    """
    if not rows:
        return
    given = {name for row in rows for name in vars(row) if not name.startswith("_")}
    values = [{name: vars(row).get(name) for name in given} for row in rows]
    connection.execute(_insertion(rows[0].__tablename__), values)


@cache
def _insertion(table: str) -> Insert:
    # Built once: building a statement costs as much as running it.
    return metadata.tables[table].insert().inline()


def _settled(
    begin: Callable[[], AbstractContextManager[Writer]], work: Callable[[Writer], T]
) -> T:
    for _ in range(ATTEMPTS - 1):
        try:
            with begin() as writer:
                return work(writer)
        except IntegrityError:
            continue
    with begin() as writer:
        return work(writer)


def _server(url: str) -> Engine:
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=10)


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, pool_size=10, max_overflow=10)
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling would begin too late and deferred.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        # Fewer, larger checkpoints: each one waits for the disk.
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
