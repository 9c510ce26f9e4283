"""One event's folder: files first, then the manifest that vouches for them."""

import contextlib
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.evidence import Artifact, Evidence
from vision.evidence import manifest
from vision.evidence.disk import make_folder, write_together
from vision.evidence.manifest import Entry, Manifest
from vision.evidence.pictures import JPEG
from vision.evidence.seal import sealed_files
from vision.evidence.shots import Shot

log = logging.getLogger(__name__)


class Package:
    """`evidence/<event_id>/`; one step's files become valid with its manifest."""

    def __init__(self, root: Path, event_id: str) -> None:
        """Name the folder; nothing is made yet.

        Args:
            root: the evidence folder.
            event_id: becomes a folder name.

        Raises:
            EvidenceError: the id cannot be a folder name.
        """
        if Path(event_id).name != event_id or event_id.startswith("."):
            msg = f"event id {event_id!r} cannot name a folder; expected a plain name"
            raise EvidenceError(msg)
        self.folder = root / event_id

    def read(self) -> Manifest | None:
        """Return the newest sealed manifest, or None if there is none.

        Raises:
            EvidenceError: it is damaged.
        """
        try:
            text = (self.folder / manifest.NAME).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            msg = f"{self.folder / manifest.NAME}: cannot be read ({error.strerror})"
            raise EvidenceError(msg) from error
        return Manifest.from_bytes(text, self.folder)

    def save(
        self, shots: Sequence[Shot], *, step: int
    ) -> tuple[tuple[Entry, ...], list[OSError]]:
        """Write the pictures of one step.

        Args:
            shots: encoded and hashed already.
            step: sequence of the step that they prove.

        Returns:
            The files that are safe on disk, and what kept the others from it.

        Raises:
            OSError: the folder cannot be made.
        """
        make_folder(self.folder)
        entries = [self._entry(shot, step) for shot in shots]
        files = {
            entry.artifact.path: shot.picture.jpeg
            for entry, shot in zip(entries, shots, strict=True)
        }
        failed = write_together(files)
        safe = (entry for entry in entries if entry.artifact.path not in failed)
        return tuple(safe), list(failed.values())

    def _entry(self, shot: Shot, step: int) -> Entry:
        name = f"{step:03d}-{shot.role}.jpg"
        picture = shot.picture
        artifact = Artifact(
            role=shot.role,
            path=self.folder / name,
            name=name,
            media_type=JPEG,
            sha256=picture.sha256,
            size_bytes=len(picture.jpeg),
            captured_at=picture.captured_at,
            frame_index=picture.frame_index,
        )
        return Entry(artifact, step=step, note=shot.note)

    def kept(self, known: Manifest, step: int) -> Evidence | None:
        """Return the files of a step that was sealed before, or None.

        Raises:
            OSError: its manifest cannot be read.
        """
        evidence = known.evidence_of(step)
        revision = known.revision_of(step)
        if evidence is None or revision is None:
            return None
        at = datetime.fromisoformat(str(known.chain[revision - 1]["at"]))
        seals = sealed_files(self.folder, revision, at)
        return Evidence((*evidence.artifacts, *seals))

    def clip(self, known: Manifest) -> Evidence:
        """Return the clip with the seal that vouches for it; empty if there is none.

        Raises:
            OSError: its manifest cannot be read.
        """
        revision = known.clip_revision
        if revision is None:
            return Evidence()
        at = datetime.fromisoformat(str(known.chain[revision - 1]["at"]))
        clips = (
            entry.artifact
            for entry in known.entries
            if entry.artifact.role.startswith("clip")
        )
        return Evidence((*clips, *sealed_files(self.folder, revision, at)))

    def since(self, known: Manifest, earlier: Manifest) -> Evidence:
        """Return the files that came after an earlier revision, with the newest seal.

        Raises:
            OSError: its manifest cannot be read.
        """
        listed = {entry.artifact.name for entry in earlier.entries}
        files = (
            entry.artifact
            for entry in known.entries
            if entry.artifact.name not in listed and entry.artifact.path.exists()
        )
        at = datetime.fromisoformat(str(known.chain[-1]["at"]))
        seals = sealed_files(self.folder, known.revision, at)
        return Evidence((*files, *seals))

    def discard(self, entries: tuple[Entry, ...]) -> None:
        """Remove files that no manifest will vouch for."""
        remove(entries)
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def remove(entries: Sequence[Entry]) -> None:
    """Remove files that no manifest vouches for, those that can be."""
    for entry in entries:
        with contextlib.suppress(OSError):
            entry.artifact.path.unlink(missing_ok=True)
