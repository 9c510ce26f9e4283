"""Tidies what a crash left half done, so that every package verifies."""

import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.ports import Clock
from vision.evidence import manifest
from vision.evidence.beside import manifests_beside, place_of
from vision.evidence.canonical import sha256
from vision.evidence.disk import file_sha256, write_atomically
from vision.evidence.ledger import DELETED, RECEIVED, SEALED, VOID, Ledger, Line
from vision.evidence.manifest import Manifest
from vision.evidence.seal import SIGNATURE

log = logging.getLogger(__name__)

WORKING = ".working"


STEP = "step"
CLIP = "clip"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a crash had left.

    Attributes:
        tidied: events whose packages were put back to their last sealed state.
        unsent: events with a sealed clip that nobody may have been told of.
    """

    tidied: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()


def mark(root: Path, event_id: str, part: str) -> None:
    """Say that a part of a package is being written; survives a crash.

    Raises:
        OSError: the mark cannot be set.
    """
    marks = root / WORKING / part
    marks.mkdir(parents=True, exist_ok=True)
    (marks / event_id).touch()


def unmark(root: Path, event_id: str, part: str) -> None:
    """Say that the part is finished, or was given up."""
    with contextlib.suppress(OSError):
        (root / WORKING / part / event_id).unlink()


def being_written(root: Path) -> set[str]:
    """Return the events whose packages are being written now."""
    return {path.name for path in (root / WORKING).rglob("*") if path.is_file()}


@contextmanager
def working_on(root: Path, event_id: str) -> Iterator[None]:
    """Mark a package while a step is written into it.

    Raises:
        OSError: the mark cannot be set.
    """
    mark(root, event_id, STEP)
    try:
        yield
    finally:
        unmark(root, event_id, STEP)


def recover(root: Path, clock: Clock) -> Recovered:
    """Put every package that was being written back to its last sealed state.

    Args:
        root: the evidence folder; no other process may be writing to it.
        clock: wall time for the ledger.

    Raises:
        OSError: the folder cannot be read or written.
    """
    marks = root / WORKING
    if not marks.is_dir():
        return Recovered()
    found = sorted(path for path in marks.rglob("*") if path.is_file())
    tidied = sorted({path.name for path in found})
    unsent: list[str] = []
    for event_id in tidied:
        _void_cut_sealings(root, event_id, clock)
        _tidy(root / event_id)
    for path in found:
        sealed = _sealed(root / path.name)
        if path.parent.name == CLIP and sealed is not None and sealed.clip_revision:
            unsent.append(path.name)
        else:
            path.unlink()
    if tidied:
        log.info("evidence: %d packages tidied after a crash", len(tidied))
    return Recovered(tuple(tidied), tuple(unsent))


def _void_cut_sealings(root: Path, event_id: str, clock: Clock) -> None:
    folder = root / event_id
    current = folder / manifest.NAME
    digest = file_sha256(current) if current.exists() else None
    ledger = Ledger(root)
    try:
        open_lines = _open_lines(ledger, event_id)
    except EvidenceError as error:
        log.warning("ledger is damaged, nothing is voided: %s", error)
        return
    sealed = open_lines.get(digest or "")
    in_force = 0 if sealed is None else sealed.revision
    for line in open_lines.values():
        if line.revision > in_force:
            void = Line(VOID, event_id, "", line.revision, line.manifest_sha256)
            ledger.append(void, clock.now())


def _open_lines(ledger: Ledger, event_id: str) -> dict[str, Line]:
    """Return the sealings of a package since it was deleted, but those made void.

    Raises:
        EvidenceError: the ledger is damaged.
    """
    found: dict[str, Line] = {}
    for _, line in ledger.lines():
        if line.event_id != event_id:
            continue
        if line.kind in {SEALED, RECEIVED}:
            found[line.manifest_sha256] = line
        elif line.kind == VOID:
            found.pop(line.manifest_sha256, None)
        elif line.kind == DELETED and not line.files:
            found.clear()
    return found


def _tidy(folder: Path) -> None:
    if not folder.is_dir():
        return
    sealed = _sealed(folder)
    keep: set[str] = set()
    if sealed is not None:
        numbered = manifest.numbered(sealed.revision)
        keep = {manifest.NAME, SIGNATURE, *numbered}
        keep |= {place_of(entry).name for entry in sealed.entries}
        for path, other in manifests_beside(folder, sealed):
            keep |= {path.name, path.with_suffix(".sig").name}
            keep |= {place_of(entry).name for entry in other.entries}
        mark = folder / numbered[1]
        if mark.exists():
            write_atomically(folder / SIGNATURE, mark.read_bytes())
    for path in folder.iterdir():
        if path.name not in keep and path.is_file():
            path.unlink()
    if not keep:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _sealed(folder: Path) -> Manifest | None:
    try:
        text = (folder / manifest.NAME).read_bytes()
        sealed = Manifest.from_bytes(text, folder)
    except (FileNotFoundError, EvidenceError):
        return None
    numbered = folder / manifest.numbered(sealed.revision)[0]
    same = numbered.exists() and file_sha256(numbered) == sha256(text)
    return sealed if same else None
