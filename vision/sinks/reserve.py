"""Disk space set apart, so that events can still be kept when the disk is full."""

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

DEFAULT_BYTES = 8 << 20
_BLOCK = bytes(1 << 20)


class SpaceReserve:
    """A file of real blocks that is given up when an event needs the room.

    8 MiB hold about 2,000 messages: days of events of an ordinary site.
    """

    def __init__(self, path: Path, size_bytes: int = DEFAULT_BYTES) -> None:
        """Name the file; nothing is written yet."""
        self._path = path
        self._size_bytes = size_bytes

    def fill(self) -> bool:
        """Take the room; return whether it is held now."""
        try:
            if self._path.exists() and self._path.stat().st_size == self._size_bytes:
                return True
            with self._path.open("wb") as file:
                # Real blocks: a hole would give nothing back.
                for _ in range(self._size_bytes // len(_BLOCK)):
                    file.write(_BLOCK)
                os.fsync(file.fileno())
        except OSError as error:
            log.warning("no space reserve at %s: %s", self._path, error.strerror)
            self._path.unlink(missing_ok=True)
            return False
        return True

    def release(self) -> bool:
        """Give the room up; return whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        log.error("disk full: space reserve %s given up for events", self._path)
        return True
