"""One revision at a time: between threads, and between the engine and commands."""

import fcntl
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

NAME = ".lock"


class StoreLock:
    """Held while a package gets a new revision or loses files; not re-entrant."""

    def __init__(self, root: Path) -> None:
        """Name the store's folder."""
        self._path = root / NAME
        self._threads = threading.Lock()
        self._file: BinaryIO | None = None

    def __enter__(self) -> None:
        """Wait for the store.

        Raises:
            OSError: the folder cannot be written.
        """
        self._threads.acquire()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()  # lets go of the lock, too
            self._file = None
        self._threads.release()
