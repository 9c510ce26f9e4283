"""Evidence in an object store, through any file system that fsspec knows.

Needs the extra `s3` for `s3://bucket/prefix`. Credentials come from the environment
or the machine's role, as for every S3 client; `STREETWARDEN_EVIDENCE_ENDPOINT` names a
server other than AWS (MinIO, Ceph, a city's own cloud).
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from serve.storage import CHUNK_BYTES, StorageError

T = TypeVar("T")
TIMEOUT_S = 20
ATTEMPTS = 2
_SHELF = re.compile(r"(.*/)?[0-9a-f]{2}")  # what keys begin with


class ObjectStorage:
    """Objects under one prefix; an object appears whole or not at all."""

    def __init__(self, url: str, endpoint: str | None = None) -> None:
        """Name the store; nothing is asked of it yet.

        Args:
            url: `s3://bucket/prefix`, or another address that fsspec knows.
            endpoint: address of an S3-compatible server, or None for AWS.

        Raises:
            StorageError: the package for this kind of address is not installed.
        """
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 the extra `s3` only

            self._files, root = url_to_fs(url, **_options(url, endpoint))
            self._failures = _failures(url)
        except (ImportError, ValueError) as error:
            msg = (
                f"evidence_url: got {url}, which cannot be used ({error}); "
                "install the extra: pip install 'streetwarden[s3]'"
            )
            raise StorageError(msg) from error
        self._root = str(root).rstrip("/")

    def put(self, key: str, source: Path) -> None:
        """Copy a file there, under its name only when all of it arrived."""
        self._ask("write", lambda: self._files.put_file(str(source), self._at(key)))
        source.unlink(missing_ok=True)

    def size(self, key: str) -> int | None:
        """Return a file's length in bytes, or None when there is none."""
        try:
            return int(
                self._ask("read", lambda: self._files.info(self._at(key)))["size"]
            )
        except FileNotFoundError:
            return None

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Yield bytes `start` (included) to `stop` (not included)."""
        while start < stop:
            end = min(start + CHUNK_BYTES * 4, stop)
            chunk = self._ask("read", lambda: self._cat(key, start, end))  # noqa: B023 called at once
            if not chunk:
                return
            start += len(chunk)
            yield chunk

    def delete(self, key: str) -> bool:
        """Remove a file; return False when there was none."""
        if self.size(key) is None:
            return False
        self._ask("delete", lambda: self._files.rm_file(self._at(key)))
        return True

    def is_empty(self) -> bool:
        """Return whether no evidence lies there; a neighbour's prefix is none."""
        try:
            # One level: keys begin with 256 shelves, however many objects there are.
            names = self._ask("list", lambda: self._files.ls(self._root, detail=False))
        except FileNotFoundError:
            return True
        return not any(_SHELF.fullmatch(name.rstrip("/")) for name in names)

    def _at(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _cat(self, key: str, start: int, end: int) -> bytes:
        content: bytes = self._files.cat_file(self._at(key), start=start, end=end)
        return content

    def _ask(self, what: str, question: Callable[[], T]) -> T:
        try:
            # What was there a moment ago may have been changed by another process.
            self._files.invalidate_cache()
            return question()
        except self._failures as error:
            msg = f"the evidence store cannot {what} ({type(error).__name__}: {error})"
            raise StorageError(msg) from error


def _options(url: str, endpoint: str | None) -> dict[str, Any]:
    if not url.startswith("s3:"):
        return {}
    patience = {
        "connect_timeout": TIMEOUT_S,
        "read_timeout": TIMEOUT_S,
        "retries": {"total_max_attempts": ATTEMPTS},
    }
    return {
        "endpoint_url": endpoint,
        "config_kwargs": patience,
        "use_listings_cache": False,
        "skip_instance_cache": True,
    }


def _failures(url: str) -> tuple[type[Exception], ...]:
    if not url.startswith("s3:"):
        return ()
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 the extra `s3` only

    # Answers of the store become OSError; a store that is away stays this.
    return (BotoCoreError,)
