"""Evidence that comes in pieces: what has come stays until the rest does.

Each file on its way in is two local files, whatever holds the evidence in the end: its
bytes so far, and what they are to become. Nobody is promised that they stay: when they
are gone, the sender begins anew. So a wrong clock, or another machine behind the same
address, costs time and loses nothing.
"""

import contextlib
import fcntl
import hashlib
import json
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import anyio
from anyio import to_thread
from starlette.requests import ClientDisconnect

from serve.errors import (
    Locked,
    OffsetConflict,
    TooLarge,
    Unavailable,
    UnknownUpload,
)
from serve.files import FLUSH_BYTES
from serve.store.evidence import Upload
from vision.core.ports import Clock

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)
_BYTES = ".bytes"
_MEANT = ".json"


@dataclass(frozen=True, slots=True)
class Partial:
    """A file on its way in.

    Attributes:
        upload_id: the same for the same file of the same event.
        upload: what it is to become.
        size_bytes: its length when it is whole.
        offset: bytes that are here.
    """

    upload_id: str
    upload: Upload
    size_bytes: int
    offset: int

    @property
    def whole(self) -> bool:
        """Whether all of it is here."""
        return self.offset == self.size_bytes


class PartialFiles:
    """Files on their way in, bounded in bytes and in age."""

    def __init__(self, folder: Path, *, limit_bytes: int, clock: Clock) -> None:
        """Name the folder; nothing is made yet.

        Args:
            folder: of this machine, whatever holds the evidence.
            limit_bytes: what all files on their way in may come to.
            clock: wall time; files untouched for a day are forgotten.
        """
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._clock = clock

    def begin(self, upload: Upload, size_bytes: int) -> Partial:
        """Return how far a file has come, which is nowhere for a new one.

        Raises:
            Unavailable: the disk, or the room for such files, is full.
        """
        upload_id = _id_of(upload, size_bytes)
        with _disk():
            try:
                return self.find(upload_id)
            except UnknownUpload:
                pass
            self._folder.mkdir(parents=True, exist_ok=True)
            self.prune()
            self._require_room(size_bytes)
            meant = {**asdict(upload), "size_bytes": size_bytes}
            # Bytes without a meaning are pruned, a meaning without bytes misleads.
            self._bytes(upload_id).touch()
            part = self._folder / f"{upload_id}.{os.getpid()}.part"
            part.write_text(json.dumps(meant), encoding="utf-8")
            part.replace(self._meant(upload_id))
        return Partial(upload_id, upload, size_bytes, 0)

    def find(self, upload_id: str) -> Partial:
        """Return how far a file has come.

        Raises:
            UnknownUpload: there is none of that id, or no longer.
            Unavailable: the disk cannot be read.
        """
        with _disk():
            try:
                meant = json.loads(self._meant(upload_id).read_text(encoding="utf-8"))
                offset = self._bytes(upload_id).stat().st_size
                size_bytes = meant.pop("size_bytes")
                return Partial(upload_id, Upload(**meant), size_bytes, offset)
            except (FileNotFoundError, ValueError, TypeError, KeyError) as error:
                msg = f"upload: got {upload_id}, which is not known; begin it anew"
                raise UnknownUpload(msg) from error

    async def append(
        self, partial: Partial, offset: int, chunks: AsyncIterator[bytes]
    ) -> Partial:
        """Add bytes; what came before a break stays.

        Args:
            partial: what they belong to.
            offset: where the sender takes them to begin.
            chunks: the bytes, in any portions.

        Raises:
            Locked: they are being added to by another request.
            OffsetConflict: they do not follow on what is here.
            TooLarge: they reach past the end.
            TimedOut: they stopped coming (`LimitBody`).
            UnknownUpload: it was forgotten meanwhile.
            Unavailable: the disk is full.
        """
        writer = _Appending(self._bytes(partial.upload_id), partial.size_bytes)
        with _disk():
            try:
                await to_thread.run_sync(writer.open, offset)
                await _pour(chunks, writer)
            finally:
                await writer.close()
        return Partial(
            partial.upload_id, partial.upload, partial.size_bytes, writer.offset
        )

    def path(self, partial: Partial) -> Path:
        """Return where the bytes lie."""
        return self._bytes(partial.upload_id)

    def forget(self, partial: Partial) -> None:
        """Remove what is here of a file: it is stored, or it was damaged."""
        self._meant(partial.upload_id).unlink(missing_ok=True)
        self._bytes(partial.upload_id).unlink(missing_ok=True)

    def prune(self) -> int:
        """Forget what was left alone for a day; return how many files went.

        Raises:
            OSError: the folder cannot be read or written.
        """
        if not self._folder.is_dir():
            return 0
        oldest_s = (self._clock.now() - KEPT).timestamp()
        gone = 0
        for path in self._folder.iterdir():
            if _touched_s(path) < oldest_s:
                path.unlink(missing_ok=True)
                gone += 1
        if gone:
            log.info("%d files of uploads that were given up are gone", gone)
        return gone

    def _require_room(self, size_bytes: int) -> None:
        promised = size_bytes
        for path in self._folder.glob(f"*{_MEANT}"):
            # Another request or process may have removed it, or be writing it.
            with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
                promised += int(json.loads(path.read_bytes())["size_bytes"])
        if promised > self._limit_bytes:
            msg = (
                f"upload: {promised} bytes would be on their way in, expected at "
                f"most {self._limit_bytes}; come again when others are done"
            )
            raise Unavailable(msg)

    def _bytes(self, upload_id: str) -> Path:
        return self._folder / (upload_id + _BYTES)

    def _meant(self, upload_id: str) -> Path:
        return self._folder / (upload_id + _MEANT)


class _Appending:
    """One request's hold on the bytes of a file."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._fd = -1
        self._buffer = bytearray()
        self.offset = 0

    def open(self, offset: int) -> None:
        try:
            self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND)
            # Held by the open file: it ends with the request, or with the process.
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError as error:
            msg = "upload: it was forgotten meanwhile; begin it anew"
            raise UnknownUpload(msg) from error
        except BlockingIOError as error:
            msg = "upload: another request is adding to it; come again in a while"
            raise Locked(msg) from error
        self.offset = os.fstat(self._fd).st_size
        if offset != self.offset:
            msg = f"Upload-Offset: got {offset}, expected {self.offset}: go on there"
            raise OffsetConflict(msg, headers={"Upload-Offset": str(self.offset)})

    async def add(self, chunk: bytes) -> None:
        self._buffer += chunk
        if self.offset + len(self._buffer) > self._size_bytes:
            self._buffer.clear()
            msg = f"upload: got more than the {self._size_bytes} bytes announced"
            raise TooLarge(msg)
        if len(self._buffer) >= FLUSH_BYTES:
            await to_thread.run_sync(self._flush)

    async def close(self) -> None:
        # The sender is gone or not: what it sent is worth keeping.
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._end)

    def _end(self) -> None:
        if self._fd < 0:
            return
        try:
            self._flush()
        finally:
            os.close(self._fd)
            self._fd = -1

    def _flush(self) -> None:
        while self._buffer:
            written = os.write(self._fd, self._buffer)
            self.offset += written
            del self._buffer[:written]


async def _pour(chunks: AsyncIterator[bytes], writer: _Appending) -> None:
    try:
        async for chunk in chunks:
            await writer.add(chunk)
    except ClientDisconnect:
        log.info("an upload broke off; what came is kept")


def _id_of(upload: Upload, size_bytes: int) -> str:
    """Return an id that the same file gets again; it opens nothing by itself."""
    said = json.dumps([*asdict(upload).values(), size_bytes])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _touched_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        msg = f"evidence cannot be stored ({reason}); go on from the offset later"
        raise Unavailable(msg) from error
