"""Evidence files by content: the name of a file is the SHA-256 of its bytes."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from serve.errors import HashMismatch, TooLarge, Unavailable, UnsupportedType
from serve.storage import Storage

# What the first bytes of an accepted type look like: (offset, bytes).
_MARKS: dict[str, tuple[tuple[int, bytes], ...]] = {
    "image/jpeg": ((0, b"\xff\xd8\xff"),),
    "image/png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "image/webp": ((0, b"RIFF"), (8, b"WEBP")),
    "video/mp4": ((4, b"ftyp"),),
    "video/mp2t": ((0, b"G"),),
    "video/x-matroska": ((0, b"\x1a\x45\xdf\xa3"),),
    "application/json": (),
    "application/octet-stream": (),
}
ACCEPTED = frozenset(_MARKS)
FLUSH_BYTES = 256 * 1024
HEAD_BYTES = 16


@dataclass(frozen=True, slots=True)
class Received:
    """A file that arrived whole and lies in its place."""

    sha256: str
    size_bytes: int


def looks_like(media_type: str, head: bytes) -> bool:
    """Return whether a file's first bytes fit the type it claims to be.

    Args:
        media_type: one of `ACCEPTED`.
        head: at least the first 16 bytes, fewer for a shorter file.
    """
    return all(head[at : at + len(mark)] == mark for at, mark in _MARKS[media_type])


@dataclass(frozen=True, slots=True)
class Expected:
    """What an upload says it is.

    Attributes:
        sha256: what its bytes must hash to, hex digest.
        media_type: one of `ACCEPTED`.
        limit_bytes: longest file accepted.
    """

    sha256: str
    media_type: str
    limit_bytes: int


def key_of(sha256: str) -> str:
    """Return where the file of this hash lies; nothing a caller sends is in it."""
    return f"{sha256[:2]}/{sha256}"


def _check(expected: Expected, digest: str, head: bytes) -> None:
    if digest != expected.sha256:
        msg = f"got bytes with SHA-256 {digest}; expected {expected.sha256}; send again"
        raise HashMismatch(msg)
    if not looks_like(expected.media_type, head):
        msg = f"got bytes that are not {expected.media_type}; expected that type"
        raise UnsupportedType(msg)


class EvidenceFiles:
    """Takes files in whole and checked, and gives them out in ranges."""

    def __init__(
        self, storage: Storage, incoming: Path, note: Callable[[str], None]
    ) -> None:
        """Take files into a store.

        Args:
            storage: keeps them.
            incoming: folder for those on their way in.
            note: is told the hash of each before it is put; when it fails, so does
                the upload.
        """
        self._storage = storage
        self._incoming = incoming
        self._note = note

    async def receive(
        self, chunks: AsyncIterator[bytes], expected: Expected
    ) -> Received:
        """Store a stream, all of it or nothing.

        Args:
            chunks: the bytes, in any portions.
            expected: what they must be.

        Raises:
            HashMismatch: the bytes are others.
            TooLarge: more than the limit came.
            UnsupportedType: they do not look like what they claim to be.
            Unavailable: the storage does not take it.
        """
        writer = _Writer(self._incoming, expected)
        try:
            await to_thread.run_sync(writer.open)
            buffer = bytearray()
            async for chunk in chunks:
                buffer += chunk
                if len(buffer) >= FLUSH_BYTES:
                    await to_thread.run_sync(writer.write, bytes(buffer))
                    buffer.clear()
            await to_thread.run_sync(writer.write, bytes(buffer))
            return await to_thread.run_sync(writer.finish, self._put)
        except OSError as error:
            reason = error.strerror or error
            msg = f"evidence cannot be stored ({reason}); nothing was kept"
            raise Unavailable(msg) from error
        finally:
            writer.discard()

    def take(self, path: Path, expected: Expected) -> Received:
        """Store a local file that came in pieces; it is gone from its place then.

        Raises:
            HashMismatch: the bytes are others.
            UnsupportedType: they do not look like what they claim to be.
            Unavailable: the storage does not take it.
        """
        try:
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size_bytes = file.tell()
                _check(expected, digest, head)
                os.fsync(file.fileno())
            self._put(digest, path)
        except OSError as error:
            msg = f"evidence cannot be stored ({error.strerror or error}); come again"
            raise Unavailable(msg) from error
        return Received(digest, size_bytes)

    def size(self, sha256: str) -> int | None:
        """Return a stored file's length in bytes, None when it is not there.

        Raises:
            Unavailable: the storage does not answer.
        """
        try:
            return self._storage.size(key_of(sha256))
        except OSError as error:
            msg = f"the evidence store cannot be read ({error.strerror or error})"
            raise Unavailable(msg) from error

    def read(self, sha256: str, start: int, stop: int) -> Iterator[bytes]:
        """Yield a stored file's bytes `start` (included) to `stop` (not included)."""
        return self._storage.read(key_of(sha256), start, stop)

    def delete(self, sha256: str) -> bool:
        """Remove a file's bytes for good; return False when there were none.

        Raises:
            OSError: the storage does not answer.
        """
        return self._storage.delete(key_of(sha256))

    def _put(self, sha256: str, path: Path) -> None:
        self._note(sha256)
        self._storage.put(key_of(sha256), path)


class _Writer:
    """One file on its way in; under a name of its own until it is whole."""

    def __init__(self, incoming: Path, expected: Expected) -> None:
        self._incoming = incoming
        self._expected = expected
        self._head = b""
        self._hash = hashlib.sha256()
        self._size = 0
        self._fd = -1
        self._temporary: Path | None = None

    def open(self) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._fd, name = tempfile.mkstemp(dir=self._incoming)
        self._temporary = Path(name)

    def write(self, data: bytes) -> None:
        self._size += len(data)
        limit = self._expected.limit_bytes
        if self._size > limit:
            msg = f"got more than {limit} bytes; expected a smaller file"
            raise TooLarge(msg)
        self._head = (self._head + data[:HEAD_BYTES])[:HEAD_BYTES]
        self._hash.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def finish(self, put: Callable[[str, Path], None]) -> Received:
        expected, digest = self._expected, self._hash.hexdigest()
        _check(expected, digest, self._head)
        os.fsync(self._fd)
        if self._temporary is not None:
            put(digest, self._temporary)
        return Received(digest, self._size)

    def discard(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None
