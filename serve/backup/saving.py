"""Saves a service that may be running, from one moment of its database."""

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, MetaData, Table, select, text

from serve.backup.card import (
    CARD,
    FORMAT,
    SECRET_KEY,
    BackupError,
    Card,
    Parts,
    TableCard,
    private,
)
from serve.files import key_of
from serve.storage import Storage
from serve.store.tables import UnrecordedRow

BATCH = 1000
# What is put just now gets its record in this service; to a copy it would be refuse.
LEFT_OUT = {"alembic_version", UnrecordedRow.__tablename__}


def save(parts: Parts, target: Path, now: datetime, *, evidence: bool = True) -> Card:
    """Write a backup, whole or not at all; readable by its owner only.

    Args:
        parts: of a running or stopped service.
        target: the tar file; must not be there.
        now: for the card.
        evidence: False leaves the files out, when their store has a backup of its own.

    Raises:
        BackupError: the target is there or cannot be written.
    """
    if target.exists():
        msg = f"{target}: is there already; expected a new file name"
        raise BackupError(msg)
    partial = target.with_name(target.name + ".partial")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            with parts.database.snapshot() as connection:
                card, tables = _dump(connection, Path(folder), now)
            shas = _shas(tables) if evidence else []
            with private(partial) as file, tarfile.open(fileobj=file, mode="w") as tar:
                _add_evidence(tar, parts.storage, shas, card)
                for name, path in tables.items():
                    tar.add(path, f"tables/{name}.jsonl.gz")
                if parts.secret_key.is_file():
                    tar.add(parts.secret_key, SECRET_KEY)
                _add_bytes(tar, CARD, card.model_dump_json(indent=2).encode())
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        msg = f"{target}: the backup cannot be written ({error.strerror or error})"
        raise BackupError(msg) from error
    return card


def _dump(
    connection: Connection, folder: Path, now: datetime
) -> tuple[Card, dict[str, Path]]:
    known = MetaData()
    known.reflect(connection)
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    cards: dict[str, TableCard] = {}
    paths: dict[str, Path] = {}
    for table in known.sorted_tables:
        if table.name in LEFT_OUT:
            continue
        paths[table.name] = folder / f"{table.name}.jsonl.gz"
        cards[table.name] = _dump_table(connection, table, paths[table.name])
    card = Card(
        format=FORMAT,
        revision=str(revision),
        made_at=now,
        dialect=connection.dialect.name,
        tables=cards,
        evidence_files=0,
        evidence_missing=[],
    )
    return card, paths


def _dump_table(connection: Connection, table: Table, path: Path) -> TableCard:
    digest, rows = hashlib.sha256(), 0
    found = connection.execution_options(yield_per=BATCH).execute(select(table))
    with gzip.open(path, "wb", compresslevel=3) as file:
        for row in found.mappings():
            line = json.dumps(dict(row), default=_written, ensure_ascii=False) + "\n"
            file.write(line.encode())
            digest.update(line.encode())
            rows += 1
    return TableCard(rows=rows, sha256=digest.hexdigest())


def _written(value: object) -> str:
    if not isinstance(value, datetime):
        msg = f"got a {type(value).__name__} in the database; expected JSON or a time"
        raise TypeError(msg)
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat()


def _shas(tables: dict[str, Path]) -> list[str]:
    with gzip.open(tables["evidence_files"], "rt", encoding="utf-8") as lines:
        return sorted({str(json.loads(line)["sha256"]) for line in lines})


def _add_evidence(
    tar: tarfile.TarFile, storage: Storage, shas: list[str], card: Card
) -> None:
    for sha256 in shas:
        key = key_of(sha256)
        size = storage.size(key)
        if size is None:
            card.evidence_missing.append(sha256)
            continue
        member = tarfile.TarInfo(f"evidence/{sha256}")
        member.size = size
        tar.addfile(member, _Chunks(storage.read(key, 0, size)))
        card.evidence_files += 1


class _Chunks:
    """Reads an iterator of bytes as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest += chunk
        end = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:end], self._rest[end:]
        return taken


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
