"""Where evidence bytes lie: a folder, or an object store that speaks S3."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from vision.core.durable import sync_folder

CHUNK_BYTES = 256 * 1024


class StorageError(OSError):
    """The storage does not answer or takes no more; the text says what to do."""


class Storage(Protocol):
    """Files by key. A key is made by the service and never by a caller."""

    def put(self, key: str, source: Path) -> None:
        """Keep a whole local file under a key; `source` may be gone afterwards.

        Raises:
            OSError: it is not kept; nothing lies under the key.
        """
        ...

    def size(self, key: str) -> int | None:
        """Return a file's length in bytes, or None when there is none.

        Raises:
            OSError: the storage does not answer.
        """
        ...

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Yield bytes `start` (included) to `stop` (not included).

        Raises:
            OSError: there is no such file, or the storage does not answer.
        """
        ...

    def delete(self, key: str) -> bool:
        """Remove a file; return False when there was none.

        Raises:
            OSError: the storage does not answer.
        """
        ...

    def is_empty(self) -> bool:
        """Return whether no file lies there.

        Raises:
            OSError: the storage does not answer.
        """
        ...


class Folder:
    """A folder of this machine; a file is there whole or not at all."""

    def __init__(self, root: Path) -> None:
        """Keep files under `root`, which is made when the first one comes."""
        self._root = root

    def put(self, key: str, source: Path) -> None:
        """Move a file here; it survives a power cut once this returns."""
        target = self._root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        sync_folder(target.parent)

    def size(self, key: str) -> int | None:
        """Return a file's length in bytes, or None when there is none."""
        path = self._root / key
        return path.stat().st_size if path.is_file() else None

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Yield bytes `start` (included) to `stop` (not included)."""
        with (self._root / key).open("rb") as file:
            file.seek(start)
            while start < stop:
                chunk = file.read(min(CHUNK_BYTES, stop - start))
                if not chunk:
                    return
                start += len(chunk)
                yield chunk

    def delete(self, key: str) -> bool:
        """Remove a file; return False when there was none."""
        try:
            (self._root / key).unlink()
        except FileNotFoundError:
            return False
        return True

    def is_empty(self) -> bool:
        """Return whether no file lies there."""
        return next(self._root.glob("??/*"), None) is None
