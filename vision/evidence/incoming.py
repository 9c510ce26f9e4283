"""Packages that were sealed on another machine, written as they were sealed there."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.evidence import Artifact, Evidence
from vision.core.ports import Clock
from vision.evidence import manifest
from vision.evidence.beside import SEALS, name_beside
from vision.evidence.canonical import sha256
from vision.evidence.disk import file_sha256, make_folder, write_atomically
from vision.evidence.folders import package_folders
from vision.evidence.ledger import DELETED, RECEIVED, SEALED, Ledger, Line
from vision.evidence.manifest import Manifest
from vision.evidence.package import Package
from vision.evidence.recovery import recover, working_on
from vision.evidence.seal import SIGNATURE
from vision.evidence.store_lock import StoreLock
from vision.evidence.verify_store import deletions

log = logging.getLogger(__name__)

_EARLIER = "found here; received before receipts went on record"
_WENT = "went when the package was deleted"


class Incoming:
    """Writes what comes, and has every seal on record in this store's ledger.

    What is here is never replaced by other bytes of the same name: a file that comes
    once more and differs is left out, with its seal if nothing else came, and another
    seal lies beside the first (`beside`). The
    newest seal is in force whatever the order in which they come.
    """

    def __init__(self, root: Path, clock: Clock, packages: StoreLock) -> None:
        """Name the store.

        Args:
            root: the evidence folder.
            clock: wall time for the ledger.
            packages: held while a package is changed; others write here, too.
        """
        self._root = root
        self._clock = clock
        self._packages = packages
        self._ledger = Ledger(root)

    def tidy(self) -> None:
        """Clear up after a crash, and put on record what earlier versions received.

        Raises:
            OSError: the folder cannot be read or written.
            EvidenceError: the ledger is damaged.
        """
        recover(self._root, self._clock)
        if not self._root.is_dir():
            return
        kinds = {SEALED, RECEIVED}
        known = {
            line.event_id for _, line in self._ledger.lines() if line.kind in kinds
        }
        for folder in package_folders(self._root):
            sealed = None if folder.name in known else _sealed(folder)
            if sealed is not None:
                digest = manifest.digest_of(folder / manifest.NAME)
                self._record(RECEIVED, sealed, digest, note=_EARLIER)

    def put(
        self, event_id: str, evidence: Evidence, files: tuple[bytes | None, ...]
    ) -> Evidence:
        """Write files of an event.

        Args:
            event_id: whose; becomes a folder name.
            evidence: what they are, seals last.
            files: their bytes; None for one that did not come.

        Returns:
            Those that lie here, as they do.

        Raises:
            OSError: they cannot be written; what was written before is whole.
            EvidenceError: the id cannot be a folder name.
        """
        came = [
            (artifact, payload)
            for artifact, payload in zip(evidence.artifacts, files, strict=True)
            if payload is not None
        ]
        if not came:
            return Evidence()
        folder = Package(self._root, event_id).folder
        with self._packages, working_on(self._root, event_id):
            if _is_second(folder, came):
                log.warning("%s: came again from another node; the first stays", folder)
                return Evidence()
            make_folder(folder)
            return Evidence(tuple(self._put(folder, came)))

    def _put(
        self, folder: Path, came: list[tuple[Artifact, bytes]]
    ) -> Iterator[Artifact]:
        beside = _names_beside(folder, came)
        fresh: list[bytes] = []
        for artifact, payload in came:
            path = folder / beside.get(artifact.name, artifact.name)
            if not path.exists():
                write_atomically(path, payload)
                if artifact.role == "manifest":
                    fresh.append(payload)
            elif file_sha256(path) != sha256(payload):
                log.warning("%s: came again with other bytes; the first stay", path)
                continue
            yield replace(artifact, path=path, name=path.name)
        for text in fresh:
            self._follow(folder, text)

    def _follow(self, folder: Path, text: bytes) -> None:
        """Put a seal on record, and in force if it is the newest."""
        try:
            sealed = Manifest.from_bytes(text, folder)
        except EvidenceError as error:
            log.warning("%s: not in force: %s", folder.name, error)
            return
        current, digest = _sealed(folder), sha256(text)
        lost = self._lost(folder, sealed) if current is None else ()
        self._record(RECEIVED, sealed, digest)
        if lost:
            self._record(DELETED, sealed, digest, note=_WENT, files=lost)
        if current is not None and current.revision >= sealed.revision:
            return
        mark = folder / manifest.numbered(sealed.revision)[1]
        if mark.exists():
            write_atomically(folder / SIGNATURE, mark.read_bytes())
        write_atomically(folder / manifest.NAME, text)

    def _lost(self, folder: Path, sealed: Manifest) -> tuple[str, ...]:
        """Return the files that went when the package was deleted; it goes on."""
        if sealed.revision == 1 or "*" not in deletions(self._root).get(
            folder.name, {}
        ):
            return ()
        files = (entry.artifact for entry in sealed.entries)
        return tuple(file.name for file in files if not file.path.exists())

    def _record(
        self,
        kind: str,
        sealed: Manifest,
        digest: str,
        *,
        note: str = "",
        files: tuple[str, ...] = (),
    ) -> None:
        line = Line(
            kind, sealed.event_id, "", sealed.revision, digest, note=note, files=files
        )
        self._ledger.append(line, self._clock.now())


def _sealed(folder: Path) -> Manifest | None:
    """Return the seal in force, or None where there is none that can be read."""
    try:
        return Package(folder.parent, folder.name).read()
    except EvidenceError as error:
        log.warning("%s", error)
        return None


def _is_second(folder: Path, came: list[tuple[Artifact, bytes]]) -> bool:
    """Return whether other bytes have the names of all that came, seals left out.

    Two nodes have made the same clip, each its own. A seal would vouch for files that
    cannot lie here.
    """
    files = [one for one in came if one[0].role not in SEALS]
    return bool(files) and all(
        _is_taken(folder / artifact.name, payload) for artifact, payload in files
    )


def _is_taken(path: Path, payload: bytes) -> bool:
    return path.exists() and file_sha256(path) != sha256(payload)


def _names_beside(folder: Path, came: list[tuple[Artifact, bytes]]) -> dict[str, str]:
    """Return other names for seals whose own names other seals have."""
    names: dict[str, str] = {}
    for artifact, payload in came:
        path = folder / artifact.name
        if artifact.role == "manifest" and _is_taken(path, payload):
            for name in (path.name, path.with_suffix(".sig").name):
                names[name] = name_beside(name, sha256(payload))
    return names
