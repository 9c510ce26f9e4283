"""The list of everything in a package, and where it comes from."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.evidence import Artifact, Evidence
from vision.core.wire import Json
from vision.evidence.canonical import canonical, sha256

SCHEMA_VERSION = "1"
NAME = "manifest.json"
ADDED_CLIP = "added clip"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a package.

    Attributes:
        artifact: the file itself.
        step: sequence of the step that it proves.
        note: how it was made, where that matters (`re-encoded`, `redacted from`).
    """

    artifact: Artifact
    step: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One revision of a package.

    Attributes:
        event_id: whose package.
        revision: 1 for the first, rising by one with each sealing.
        origin: what never changes: camera, rule, model, engine.
        steps: the event's steps as decided, by sequence.
        entries: every file.
        chain: who did what to the package, oldest first.
        previous_sha256: digest of the manifest that this store sealed before.
    """

    event_id: str
    revision: int
    origin: dict[str, Json]
    steps: tuple[dict[str, Json], ...] = ()
    entries: tuple[Entry, ...] = ()
    chain: tuple[dict[str, Json], ...] = ()
    previous_sha256: str | None = None

    def evidence_of(self, step: int) -> Evidence | None:
        """Return the files of one step, or None if the step is not in here."""
        if self.revision_of(step) is None:
            return None
        return Evidence(tuple(e.artifact for e in self.entries if e.step == step))

    @property
    def clip_revision(self) -> int | None:
        """The revision that brought the clip, or None while there is none."""
        for index, link in enumerate(self.chain):
            if link["action"] == ADDED_CLIP:
                return index + 1
        return None

    def revision_of(self, step: int) -> int | None:
        """Return the revision that brought a step, or None."""
        for known in self.steps:
            if known["sequence"] == step:
                return int(str(known["revision"]))
        return None

    def next(
        self,
        entries: tuple[Entry, ...],
        *,
        step: dict[str, Json] | None = None,
        at: datetime,
        actor: str,
        action: str,
    ) -> "Manifest":
        """Return the following revision with more files and, perhaps, a step."""
        link: dict[str, Json] = {"at": at.isoformat(), "actor": actor, "action": action}
        numbered_step = {**(step or {}), "revision": self.revision + 1}
        return replace(
            self,
            revision=self.revision + 1,
            steps=self.steps if step is None else (*self.steps, numbered_step),
            entries=(*self.entries, *entries),
            chain=(*self.chain, link),
        )

    def to_bytes(self) -> bytes:
        """Return the canonical JSON that is hashed and signed."""
        moments = sorted({e.artifact.captured_at.isoformat() for e in self.entries})
        return canonical(
            {
                "schema_version": SCHEMA_VERSION,
                "event_id": self.event_id,
                "revision": self.revision,
                **self.origin,
                "captured_at": list[Json](moments),
                "steps": list(self.steps),
                "files": [_file(entry) for entry in self.entries],
                "chain": list(self.chain),
                "prev_manifest_sha256": self.previous_sha256,
            }
        )

    @classmethod
    def from_bytes(cls, text: bytes, folder: Path) -> "Manifest":
        """Read a manifest.

        Args:
            text: what `to_bytes` returned.
            folder: the package, to find the files in.

        Raises:
            EvidenceError: it is no manifest.
        """
        try:
            raw = json.loads(text)
            fixed = {"schema_version", "event_id", "revision", "captured_at", "steps"}
            fixed |= {"files", "chain", "prev_manifest_sha256"}
            return cls(
                event_id=str(raw["event_id"]),
                revision=int(raw["revision"]),
                origin={key: raw[key] for key in raw if key not in fixed},
                steps=tuple(raw["steps"]),
                entries=tuple(_entry(file, folder) for file in raw["files"]),
                chain=tuple(raw["chain"]),
                previous_sha256=raw["prev_manifest_sha256"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            msg = (
                f"{folder / NAME}: is no manifest ({error!r}); expected the JSON "
                "that the engine sealed"
            )
            raise EvidenceError(msg) from error


def numbered(revision: int) -> tuple[str, str]:
    """Return the names under which a revision's manifest and signature stay."""
    return f"manifest-{revision:03d}.json", f"manifest-{revision:03d}.sig"


def digest_of(path: Path) -> str:
    """Return the digest of a manifest file.

    Raises:
        EvidenceError: it cannot be read.
    """
    try:
        return sha256(path.read_bytes())
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); is it a sealed package?"
        raise EvidenceError(msg) from error


def _file(entry: Entry) -> dict[str, Json]:
    artifact = entry.artifact
    return {
        "path": artifact.name,
        "role": artifact.role,
        "sha256": artifact.sha256,
        "bytes": artifact.size_bytes,
        "media_type": artifact.media_type,
        "captured_at": artifact.captured_at.isoformat(),
        "frame_index": artifact.frame_index,
        "step": entry.step,
        "note": entry.note,
    }


def _entry(raw: dict[str, Json], folder: Path) -> Entry:
    name = str(raw["path"])
    if Path(name).name != name:
        msg = f"file name {name!r} leaves the package"
        raise ValueError(msg)
    index = raw["frame_index"]
    return Entry(
        artifact=Artifact(
            role=str(raw["role"]),
            path=folder / name,
            name=name,
            media_type=str(raw["media_type"]),
            sha256=str(raw["sha256"]),
            size_bytes=int(str(raw["bytes"])),
            captured_at=datetime.fromisoformat(str(raw["captured_at"])),
            frame_index=None if index is None else int(str(index)),
        ),
        step=int(str(raw["step"])),
        note=None if raw["note"] is None else str(raw["note"]),
    )
