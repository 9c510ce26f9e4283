"""What a backup is: a tar file with evidence, tables as JSON lines, and a card.

`backup.json` holds the digest of every table; evidence files are named by theirs.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel

from serve.storage import Storage
from serve.store.database import Database

FORMAT = 1
CARD = "backup.json"
SECRET_KEY = "serve.key"  # noqa: S105 the name of a file


class BackupError(Exception):
    """It cannot be saved or restored; the text says what to do."""


class TableCard(BaseModel):
    """What a backup holds of one table."""

    rows: int
    sha256: str


class Card(BaseModel):
    """What a backup is."""

    format: int
    revision: str
    made_at: datetime
    dialect: str
    tables: dict[str, TableCard]
    evidence_files: int
    evidence_missing: list[str]


@dataclass(frozen=True, slots=True)
class Parts:
    """What is saved and restored.

    Attributes:
        database: the rows.
        storage: the evidence.
        secret_key: file of the key that encrypts secrets; may be missing.
        incoming: folder for files on their way into the storage.
    """

    database: Database
    storage: Storage
    secret_key: Path
    incoming: Path


@contextmanager
def private(path: Path) -> Iterator[IO[bytes]]:
    """Give a new file that only its owner may read; it is on the disk at the end.

    A backup holds the key to the webhooks' secrets.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
