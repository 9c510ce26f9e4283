"""Events as JSON lines, into a file or standard output."""

import contextlib
import json
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from vision.sinks.receiver import Parcel, Progress, RetryLaterError

_TAIL_BYTES = 1 << 20


class JsonlReceiver:
    """One line per message.

    A file is synced after every line, a line torn by a crash is closed off, and a
    message whose line was written before the crash is not written again. A file that
    was moved away is begun anew.
    """

    def __init__(self, path: Path | None, *, name: str | None = None) -> None:
        """Name the file; None is standard output. Nothing is opened yet.

        Args:
            path: appended to; its folder is made.
            name: names its deliveries; default: from the path.
        """
        self._path = path
        self._name = name or f"jsonl:{'-' if path is None else path}"
        self._file: BinaryIO | None = None
        self._durable = False
        self._written: set[str] = set()
        self._latest: str | None = None

    @property
    def name(self) -> str:
        """Which file."""
        return self._name

    @property
    def takes_files(self) -> bool:
        """Never: a line names them."""
        return False

    def deliver(self, parcel: Parcel, progress: Progress) -> None:
        """Write one line.

        Raises:
            RetryLaterError: the file cannot be written now.
        """
        try:
            file = self._open()
            known = parcel.message_id in self._written
            if not known and parcel.message_id != self._latest:
                self._write(file, parcel)
        except OSError as error:
            self.close()
            msg = f"{self._name}: cannot write ({error}); free space or fix its owner"
            raise RetryLaterError(msg, whole_receiver=True) from error
        progress.mark("message")

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._file is not None and self._path is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        self._file = None

    def _write(self, file: BinaryIO, parcel: Parcel) -> None:
        file.write(parcel.body.encode() + b"\n")
        file.flush()
        if self._durable:
            os.fsync(file.fileno())
        self._latest = parcel.message_id

    def _open(self) -> BinaryIO:
        if self._file is not None and self._moved(self._file):
            self.close()
        if self._file is not None:
            return self._file
        if self._path is None:
            self._file = sys.stdout.buffer
            return self._file
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("ab")
        self._durable = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        if self._durable:
            self._written = self._ids_in_tail()
            self._close_torn_line(file)
        self._file = file
        return file

    def _moved(self, file: BinaryIO) -> bool:
        """Return whether the file was rotated away, removed or replaced."""
        if self._path is None or not self._durable:
            return False
        try:
            return not os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except FileNotFoundError:
            return True

    def _close_torn_line(self, file: BinaryIO) -> None:
        tail = self._tail()
        if tail and not tail.endswith(b"\n"):
            file.write(b"\n")

    def _tail(self) -> bytes:
        if self._path is None or not self._durable:
            return b""
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            return file.read()

    def _ids_in_tail(self) -> set[str]:
        ids: set[str] = set()
        for line in self._tail().splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                ids.add(str(json.loads(line)["id"]))
        return ids
