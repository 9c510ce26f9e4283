"""Every sealing and every deletion of a store, in order, each linked to the last."""

import fcntl
import itertools
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from vision.core.errors import EvidenceError
from vision.core.wire import Json
from vision.evidence.canonical import canonical, sha256
from vision.evidence.disk import make_folder

log = logging.getLogger(__name__)

NAME = "ledger.jsonl"
SEALED = "sealed"
RECEIVED = "received"
TRUSTED = "trusted"
VOID = "void"
DELETED = "deleted"
OPENED = "opened"
HELD = "held"
RELEASED = "released"
_TAIL = 64 << 10


@dataclass(frozen=True, slots=True)
class Line:
    """One entry.

    Attributes:
        kind: `sealed`, `received` (a node of a cluster sealed it), `void` (a crash
            cut one of these two short), `deleted`, `opened` (originals were shown to
            someone), `held`, `released`, or `trusted` (a node's key).
        event_id: whose package; empty for a key.
        at: wall time.
        revision: of the manifest, for `sealed`, `received` and `void`.
        manifest_sha256: digest of the manifest, or key, that the line is about.
        note: who or what did it and why; empty for sealings.
        files: names of deleted files; empty: the whole package.
        prev: digest of the line before, or None for the first.
    """

    kind: str
    event_id: str
    at: str
    revision: int
    manifest_sha256: str
    note: str = ""
    files: tuple[str, ...] = ()
    prev: str | None = None

    def to_bytes(self) -> bytes:
        """Return the line without its end."""
        files: list[Json] = list(self.files)
        return canonical(
            {
                "kind": self.kind,
                "event_id": self.event_id,
                "at": self.at,
                "revision": self.revision,
                "manifest_sha256": self.manifest_sha256,
                "note": self.note,
                "files": files,
                "prev": self.prev,
            }
        )

    @classmethod
    def from_bytes(cls, text: bytes) -> "Line":
        """Read a line.

        Raises:
            EvidenceError: it is none.
        """
        try:
            raw = json.loads(text)
            return cls(**{**raw, "files": tuple(raw["files"])})
        except (ValueError, TypeError, KeyError) as error:
            msg = f"ledger line {text[:80]!r} cannot be read ({error!r})"
            raise EvidenceError(msg) from error


class Ledger:
    """`evidence/ledger.jsonl`, only ever appended to; safe between processes."""

    def __init__(self, root: Path) -> None:
        """Name the store's folder; nothing is made yet."""
        self.path = root / NAME

    def append(self, line: Line, at: datetime) -> Line:
        """Add a line and make it durable.

        Args:
            line: `at` and `prev` are filled in here.
            at: wall time.

        Returns:
            The line as written.

        Raises:
            OSError: it could not be written.
        """
        make_folder(self.path.parent)
        with self.path.open("ab+") as file, _locked(file):
            prev = _last_digest(file)
            written = Line(
                kind=line.kind,
                event_id=line.event_id,
                at=at.isoformat(),
                revision=line.revision,
                manifest_sha256=line.manifest_sha256,
                note=line.note,
                files=line.files,
                prev=prev,
            )
            file.write(written.to_bytes() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return written

    def latest_events(self, most: int) -> list[str]:
        """Return the events whose packages were sealed or received last.

        Args:
            most: lines that are looked at, the newest.
        """
        lines = itertools.islice(self._newest_first(), most)
        kinds = {SEALED, RECEIVED}
        return list(dict.fromkeys(one.event_id for one in lines if one.kind in kinds))

    def last_sealed(self) -> str | None:
        """Return the digest of the manifest sealed last, or None."""
        void: set[str] = set()
        for line in self._newest_first():
            if line.kind == VOID:
                void.add(line.manifest_sha256)
            elif line.kind == SEALED and line.manifest_sha256 not in void:
                return line.manifest_sha256
        return None

    def lines(self) -> Iterator[tuple[bytes, Line]]:
        """Yield every line with its bytes, oldest first; a torn last one is left out.

        Raises:
            EvidenceError: a line is no ledger line.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for text in file:
                if text.endswith(b"\n"):
                    yield text[:-1], Line.from_bytes(text[:-1])

    def _newest_first(self) -> Iterator[Line]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            head, whole = b"", False
            while end > 0:
                begin = max(0, end - _TAIL)
                file.seek(begin)
                # The first piece goes on in the part before.
                head, *texts = (file.read(end - begin) + head).split(b"\n")
                for text in reversed(texts):
                    # What follows the last line's end was torn by a crash.
                    if whole:
                        yield Line.from_bytes(text)
                    whole = True
                end = begin
        if whole:
            yield Line.from_bytes(head)


@contextmanager
def _locked(file: BinaryIO) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _last_digest(file: BinaryIO) -> str | None:
    """Return the digest of the last whole line; cut off one torn by a crash."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    torn = len(tail) - (tail.rfind(b"\n") + 1)
    if torn:
        log.warning("ledger: %d bytes torn by a crash are cut off", torn)
        file.truncate(size - torn)
        tail = tail[: len(tail) - torn]
    file.seek(0, os.SEEK_END)
    return sha256(tail[:-1].rpartition(b"\n")[2]) if tail else None
