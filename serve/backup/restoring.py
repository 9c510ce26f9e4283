"""Brings a backup back into an empty service, after checking it."""

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, TypeAlias

from pydantic import ValidationError
from sqlalchemy import Connection, DateTime, MetaData, Table, func, select

from serve.backup.card import (
    CARD,
    FORMAT,
    SECRET_KEY,
    BackupError,
    Card,
    Parts,
    private,
)
from serve.files import key_of
from serve.storage import Storage
from serve.store.cameras import NOT_RECORDED
from serve.store.tables import HealthLogRow

BATCH = 1000
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Row: TypeAlias = "dict[str, object]"


def restore(
    parts: Parts, source: Path, now: datetime, *, take_over: bool = False
) -> Card:
    """Bring a backup back into an empty service.

    Args:
        parts: of the new service.
        source: the tar file.
        now: what was reported between the backup and now is lost, and noted so:
            of that time no camera is said to have seen.
        take_over: whether evidence may lie in the store. It is this service's then,
            which deletes there by its own rules and holds.

    Raises:
        BackupError: the file is damaged or of a newer version, or something is there.
    """
    try:
        with tarfile.open(source, mode="r:") as tar:
            card = _read_card(tar, source)
            _check_tables(tar, card, source)
            _require_empty(parts)
            if not take_over:
                _require_empty_store(parts.storage)
            _restore_secret_key(tar, parts.secret_key)
            _restore_evidence(tar, parts, source)
            parts.database.migrate(card.revision)
            with parts.database.write_rows() as connection:
                _fill(connection, tar, card)
            parts.database.migrate()
            with parts.database.write() as session:
                session.add_all(_lost(card.made_at, now))
    except (OSError, EOFError, tarfile.TarError) as error:
        msg = f"{source}: the backup cannot be restored ({error})"
        raise BackupError(msg) from error
    return card


def _read_card(tar: tarfile.TarFile, source: Path) -> Card:
    try:
        card = Card.model_validate_json(_member(tar, CARD).read())
    except (KeyError, ValidationError) as error:
        msg = f"{source}: is no backup of this service ({type(error).__name__})"
        raise BackupError(msg) from error
    if card.format != FORMAT:
        msg = f"{source}: got format {card.format}; expected {FORMAT}; update first"
        raise BackupError(msg)
    return card


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        msg = f"{name} is not a file in it"
        raise tarfile.TarError(msg)
    return found


def _lines(tar: tarfile.TarFile, table: str) -> Iterator[bytes]:
    with gzip.open(_member(tar, f"tables/{table}.jsonl.gz"), "rb") as lines:
        yield from lines


def _check_tables(tar: tarfile.TarFile, card: Card, source: Path) -> None:
    for name, expected in card.tables.items():
        digest, rows = hashlib.sha256(), 0
        try:
            for line in _lines(tar, name):
                digest.update(line)
                rows += 1
        except (KeyError, EOFError, zlib.error) as error:
            msg = f"{source}: table {name} is missing or broken ({error})"
            raise BackupError(msg) from error
        if (rows, digest.hexdigest()) != (expected.rows, expected.sha256):
            msg = f"{source}: table {name} is not as it was saved; use another backup"
            raise BackupError(msg)


def _require_empty(parts: Parts) -> None:
    with parts.database.snapshot() as connection:
        known = MetaData()
        known.reflect(connection)
        for table in known.sorted_tables:
            if connection.scalar(select(func.count()).select_from(table)):
                msg = (
                    f"the database is not empty (table {table.name}); restore into a "
                    "new home folder or a new database"
                )
                raise BackupError(msg)


def _require_empty_store(storage: Storage) -> None:
    # A copy to practise with knows no hold that was placed since, and would delete.
    if not storage.is_empty():
        msg = (
            "the evidence store is not empty; expected one that no service uses: set "
            "another STREETWARDEN_EVIDENCE_URL, or a new home folder. Only where no "
            "other service will ever use this one again, or where a restore broke off "
            "before, add --take-over"
        )
        raise BackupError(msg)


def _restore_secret_key(tar: tarfile.TarFile, path: Path) -> None:
    if SECRET_KEY not in tar.getnames():
        return
    content = _member(tar, SECRET_KEY).read()
    if path.exists() and path.read_bytes() != content:
        msg = f"{path}: another key lies here; expected none; move it away first"
        raise BackupError(msg)
    with private(path) as file:
        file.write(content)


def _restore_evidence(tar: tarfile.TarFile, parts: Parts, source: Path) -> None:
    # Not in the system's folder for such files: a file is moved into the store, and
    # that may be another disk.
    parts.incoming.mkdir(parents=True, exist_ok=True)
    for member in tar:
        kind, _, sha256 = member.name.partition("/")
        if kind != "evidence":
            continue
        with tempfile.NamedTemporaryFile(dir=parts.incoming, delete=False) as file:
            path = Path(file.name)
            try:
                shutil.copyfileobj(_member(tar, member.name), file)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                if digest != sha256:
                    msg = f"{source}: evidence {sha256} is damaged; use another backup"
                    raise BackupError(msg)
                parts.storage.put(key_of(digest), path)
            finally:
                path.unlink(missing_ok=True)


def _fill(connection: Connection, tar: tarfile.TarFile, card: Card) -> None:
    known = MetaData()
    known.reflect(connection)
    naive = connection.dialect.name == "sqlite"
    for table in known.sorted_tables:
        if table.name not in card.tables:
            continue
        times = [c.name for c in table.columns if isinstance(c.type, DateTime)]
        batch: list[Row] = []
        for line in _lines(tar, table.name):
            batch.append(_row(json.loads(line), times, naive=naive))
            if len(batch) == BATCH:
                connection.execute(table.insert(), batch)
                batch.clear()
        if batch:
            connection.execute(table.insert(), batch)
        _go_on_counting(connection, table)


def _lost(since: datetime, until: datetime) -> Iterator[HealthLogRow]:
    if since < until:
        for ok, at in ((False, since), (True, until)):
            yield HealthLogRow(camera_id="", kind=NOT_RECORDED, ok=ok, at=at)


def _row(raw: dict[str, Json], times: list[str], *, naive: bool) -> Row:
    row: Row = dict(raw)
    for name in times:
        value = raw[name]
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            row[name] = at.replace(tzinfo=None) if naive else at
    return row


def _go_on_counting(connection: Connection, table: Table) -> None:
    # PostgreSQL counts apart from the rows; SQLite looks at them.
    if connection.dialect.name != "postgresql" or "number" not in table.columns:
        return
    counter = func.pg_get_serial_sequence(table.name, "number")
    newest = select(func.max(table.c.number)).scalar_subquery()
    connection.execute(select(func.setval(counter, newest)))
