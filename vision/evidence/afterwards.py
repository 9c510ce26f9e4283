"""What a second look saw, added to the package of the event that it is about."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.evidence import AFTER, AFTER_REDACTED, Artifact, Evidence
from vision.core.geometry import Xyxy
from vision.core.observation import Observation
from vision.core.ports import Clock
from vision.core.verification import LookAnswer, Reported
from vision.evidence.disk import make_folder, write_together
from vision.evidence.manifest import Entry, Manifest
from vision.evidence.origin import box_of, decided_at_of
from vision.evidence.package import Package
from vision.evidence.pictures import JPEG, decode, picture_of
from vision.evidence.recovery import working_on
from vision.evidence.redaction import regions_of
from vision.evidence.room import SEAL_BYTES, Room
from vision.evidence.seal import Sealer
from vision.evidence.sharing import Sharing
from vision.evidence.shots import Shot
from vision.evidence.trouble import Cause, Trouble

logger = logging.getLogger(__name__)

_DECIDING = "wide_deciding"


@dataclass(frozen=True, slots=True)
class Afterwards:
    """`AfterStore` beside a `PackageStore`, with which it shares all of this.

    Attributes:
        root: the evidence folder.
        sealer: signs the manifests.
        clock: wall time of the sealing.
        packages: held while a package gets its next revision.
        trouble: told when pictures cannot be kept.
        room: held for what is written.
    """

    root: Path
    sealer: Sealer
    clock: Clock
    packages: AbstractContextManager[object]
    trouble: Trouble
    room: Room

    def keep_after(self, answer: LookAnswer, observation: Observation) -> Evidence:
        """Write and seal what a second look saw.

        Returns:
            The pictures that are safe on disk, with the seal that vouches for them;
            unsealed if the event's own package is no longer here.
        """
        event_id = answer.request.event_id
        try:
            package = Package(self.root, event_id)
            shots = list(_shots(observation))
            size_bytes = SEAL_BYTES + sum(shot.size_bytes for shot in shots)
            with working_on(self.root, event_id), self.room.taken(size_bytes):
                entries, failed = _write(package.folder, answer, shots)
                if failed:
                    self.trouble.begin(Cause.PICTURES, f"{event_id}: {failed[0]}")
                seals = self._seal(package, entries, answer)
        except (OSError, EvidenceError) as error:
            detail = f"second look at {event_id} has no picture: {error}"
            self.trouble.begin(Cause.PICTURES, detail)
            return Evidence()
        return Evidence((*(entry.artifact for entry in entries), *seals))

    def reported(self, event_id: str) -> Reported | None:
        """Return the picture that decided an event, and where the place lies in it.

        Returns:
            None where the package is gone, damaged, or without that picture.
        """
        try:
            known = Package(self.root, event_id).read()
            if known is None:
                return None
            for entry in sorted(known.entries, key=lambda one: one.step):
                artifact = entry.artifact
                if artifact.role != _DECIDING or not artifact.path.is_file():
                    continue
                jpeg = artifact.path.read_bytes()
                if hashlib.sha256(jpeg).hexdigest() == artifact.sha256:
                    return Reported(
                        decode(jpeg), _box(known, entry.step), _decided_at(known)
                    )
        except (OSError, EvidenceError) as error:
            logger.info("event %s: its picture cannot be read: %s", event_id, error)
        return None

    def _seal(
        self, package: Package, entries: tuple[Entry, ...], answer: LookAnswer
    ) -> tuple[Artifact, ...]:
        with self.packages:
            try:
                known = package.read()
                if known is None or not entries:
                    return ()
                following = known.next(
                    entries,
                    at=self.clock.now(),
                    actor="engine",
                    action=f"looked again: {answer.outcome}",
                )
                return self.sealer.seal(package.folder, following)
            except (OSError, EvidenceError):
                package.discard(entries)
                raise


def _box(known: Manifest, sequence: int) -> Xyxy | None:
    """Return where the place lies in the pictures of a step, pixels, or None."""
    steps = (step for step in known.steps if step.get("sequence") == sequence)
    return next((box_of(step) for step in steps), None)


def _decided_at(known: Manifest) -> datetime | None:
    """Return when the event was first decided; its last step may be of another view."""
    times = (decided_at_of(step) for step in known.steps)
    return min((at for at in times if at is not None), default=None)


def _write(
    folder: Path, answer: LookAnswer, shots: list[Shot]
) -> tuple[tuple[Entry, ...], list[OSError]]:
    """Write the pictures; return those that are safe, and what failed.

    Their names carry the question and the digest: a look that is repeated after a
    crash sees another picture and must not take the first one's name.
    """
    make_folder(folder)
    files: dict[Path, bytes] = {}
    entries = []
    for shot in shots:
        role, picture = shot.role, shot.picture
        name = f"look-{answer.request.request_id}-{picture.sha256[:8]}-{role}.jpg"
        files[folder / name] = picture.jpeg
        artifact = Artifact(
            role=role,
            path=folder / name,
            name=name,
            media_type=JPEG,
            sha256=picture.sha256,
            size_bytes=len(picture.jpeg),
            captured_at=picture.captured_at,
            frame_index=picture.frame_index,
        )
        entries.append(Entry(artifact, step=0, note=shot.note))
    failed = write_together(files)
    safe = tuple(entry for entry in entries if entry.artifact.path not in failed)
    return safe, list(failed.values())


def _shots(observation: Observation) -> Iterator[Shot]:
    frame = observation.frame
    yield Shot(AFTER, picture_of(frame))
    shared = Sharing.of(frame.image, regions_of(observation)).hidden()
    yield Shot(AFTER_REDACTED, picture_of(frame, shared), "redacted")
