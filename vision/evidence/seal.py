"""Seals a package: canonical manifest, chained to the one before."""

import base64
import hashlib
from dataclasses import replace
from pathlib import Path

from vision.core.ports import Clock
from vision.evidence import manifest
from vision.evidence.disk import make_folder, write_atomically
from vision.evidence.manifest import Manifest

HEAD = ".head"


class Sealer:
    """Writes manifests; each names the digest of the one sealed before it."""

    def __init__(self, root: Path, *, clock: Clock) -> None:
        """Name the store's folder."""
        self._root = root
        self._clock = clock

    def seal(self, folder: Path, revision: Manifest) -> str:
        """Write the manifest of a package.

        Args:
            folder: the package.
            revision: what it holds now; its `previous_sha256` is filled in here.

        Returns:
            The manifest's digest.

        Raises:
            OSError: it could not be written; the revision before still holds.
        """
        head = self._root / HEAD
        before = head.read_text(encoding="ascii") if head.exists() else None
        text = replace(revision, previous_sha256=before).to_bytes()
        make_folder(folder)
        write_atomically(folder / manifest.NAME, text)
        digest = manifest.sha256(text)
        write_atomically(head, digest.encode())
        return digest


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
