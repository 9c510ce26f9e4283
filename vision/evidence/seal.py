"""Seals a package: canonical manifest, signed, chained to the one before."""

import base64
import hashlib
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from vision.core.evidence import Artifact
from vision.core.ports import Clock
from vision.evidence import manifest
from vision.evidence.canonical import sha256
from vision.evidence.disk import make_folder, staged
from vision.evidence.ledger import SEALED, Ledger, Line
from vision.evidence.manifest import Entry, Manifest
from vision.evidence.signing import Signer

SIGNATURE = "manifest.sig"
_JSON = "application/json"


class Sealer:
    """Writes manifests; each names the digest of the one this store sealed before.

    A revision is written under its own number (`manifest-002.json`), which stays, and
    as `manifest.json`, which the next revision replaces. The ledger's line comes
    first and the name `manifest.json` last: a crash in between leaves the revision
    before in force, and `recovery` voids the line.
    """

    def __init__(
        self, root: Path, *, clock: Clock, signer: Signer | None = None
    ) -> None:
        """Name the store's folder.

        Args:
            root: the evidence folder.
            clock: wall time for the ledger.
            signer: signs manifests; None: they are chained but not signed.
        """
        self._root = root
        self._clock = clock
        self._signer = signer
        self._ledger = Ledger(root)
        self._lock = threading.Lock()

    def seal(self, folder: Path, revision: Manifest) -> tuple[Artifact, ...]:
        """Write the manifest of a package and its signature.

        Args:
            folder: the package.
            revision: what it holds now; the earlier manifests and the previous
                digest are filled in here.

        Returns:
            The manifest and its signature, under the names that stay.

        Raises:
            OSError: it could not be written; the revision before still holds.
            EvidenceError: the ledger is damaged.
        """
        with self._lock:
            make_folder(folder)
            whole = replace(
                revision,
                entries=(*revision.entries, *_earlier(folder, revision)),
                previous_sha256=self._ledger.last_sealed(),
            )
            text = whole.to_bytes()
            signature = None if self._signer is None else self._signer.sign(text)
            line = Line(SEALED, whole.event_id, "", whole.revision, sha256(text))
            names = manifest.numbered(whole.revision)
            files = {folder / names[0]: text}
            if signature is not None:
                mark = signature.to_bytes()
                files |= {folder / names[1]: mark, folder / SIGNATURE: mark}
            files[folder / manifest.NAME] = text
            # Room first, then the ledger: a full disk must not leave a line behind
            # for a manifest that never was.
            with staged(files):
                self._ledger.append(line, self._clock.now())
            at = datetime.fromisoformat(str(whole.chain[-1]["at"]))
            return sealed_files(folder, whole.revision, at)


def sealed_files(folder: Path, revision: int, at: datetime) -> tuple[Artifact, ...]:
    """Return the manifest of a revision and its signature as artifacts.

    Args:
        folder: the package.
        revision: which one.
        at: when it was sealed.

    Raises:
        OSError: a file cannot be read.
    """
    roles = zip(manifest.numbered(revision), ("manifest", "signature"), strict=True)
    return tuple(
        _artifact(folder / name, role, at)
        for name, role in roles
        if (folder / name).exists()
    )


def _earlier(folder: Path, revision: Manifest) -> tuple[Entry, ...]:
    """Return the files that sealed the revision before."""
    if revision.revision <= 1:
        return ()
    at = datetime.fromisoformat(str(revision.chain[-2]["at"]))
    files = sealed_files(folder, revision.revision - 1, at)
    return tuple(Entry(file, step=0) for file in files)


def _artifact(path: Path, role: str, at: datetime) -> Artifact:
    text = path.read_bytes()
    return Artifact(
        role=role,
        path=path,
        name=path.name,
        media_type=_JSON,
        sha256=sha256(text),
        size_bytes=len(text),
        captured_at=at,
    )


def short_code(event_id: str, picture_sha256: str) -> str:
    """Return a code to print on a copy: it fits one event and one picture only.

    Args:
        event_id: the event.
        picture_sha256: hex digest of the deciding picture's bytes.

    Returns:
        `ABCDE-FGHIJ`: 50 bits of SHA-256, enough to tell a forged caption.
    """
    digest = hashlib.sha256(f"{event_id}\x00{picture_sha256}".encode()).digest()
    text = base64.b32encode(digest)[:10].decode()
    return f"{text[:5]}-{text[5:]}"
