"""Evidence files by content: the name of a file is the SHA-256 of its bytes."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from serve.errors import HashMismatch, TooLarge, Unavailable

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


class EvidenceFiles:
    """A folder of files; nothing a caller sends becomes part of a path."""

    def __init__(self, root: Path) -> None:
        """Keep files under `root`, which is made when the first one comes."""
        self._root = root

    def path(self, sha256: str) -> Path:
        """Return where the file of this hash lies, whether or not it is there."""
        return self._root / sha256[:2] / sha256

    async def receive(
        self, chunks: AsyncIterator[bytes], *, sha256: str, limit_bytes: int
    ) -> Received:
        """Store a stream, all of it or nothing.

        Args:
            chunks: the bytes, in any portions.
            sha256: what they must hash to, hex digest.
            limit_bytes: longest file accepted.

        Raises:
            HashMismatch: the bytes are others.
            TooLarge: more than the limit came.
            Unavailable: the disk does not take it.
        """
        writer = _Writer(self._root, sha256, limit_bytes)
        try:
            await to_thread.run_sync(writer.open)
            buffer = bytearray()
            async for chunk in chunks:
                buffer += chunk
                if len(buffer) >= FLUSH_BYTES:
                    await to_thread.run_sync(writer.write, bytes(buffer))
                    buffer.clear()
            await to_thread.run_sync(writer.write, bytes(buffer))
            return await to_thread.run_sync(writer.finish, self.path(sha256))
        except OSError as error:
            msg = f"evidence cannot be stored ({error.strerror}); nothing was kept"
            raise Unavailable(msg) from error
        finally:
            writer.discard()

    def head(self, sha256: str) -> bytes:
        """Return a stored file's first bytes."""
        with self.path(sha256).open("rb") as file:
            return file.read(16)


class _Writer:
    """One file on its way in; under a name of its own until it is whole."""

    def __init__(self, root: Path, sha256: str, limit_bytes: int) -> None:
        self._root = root
        self._sha256 = sha256
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        self._size = 0
        self._fd = -1
        self._temporary: Path | None = None

    def open(self) -> None:
        incoming = self._root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        self._fd, name = tempfile.mkstemp(dir=incoming)
        self._temporary = Path(name)

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit_bytes:
            msg = f"got more than {self._limit_bytes} bytes; expected a smaller file"
            raise TooLarge(msg)
        self._hash.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def finish(self, target: Path) -> Received:
        digest = self._hash.hexdigest()
        if digest != self._sha256:
            msg = (
                f"got bytes with SHA-256 {digest}; expected {self._sha256}; send again"
            )
            raise HashMismatch(msg)
        os.fsync(self._fd)
        target.parent.mkdir(exist_ok=True)
        if self._temporary is not None:
            self._temporary.replace(target)
            self._temporary = None
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return Received(digest, self._size)

    def discard(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)
            self._temporary = None
