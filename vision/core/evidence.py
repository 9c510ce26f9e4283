"""What proves an event."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# What a second look saw: the picture itself, and the copy for every reader.
AFTER, AFTER_REDACTED = "after", "after_redacted"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of evidence.

    Attributes:
        role: `wide_first`, `wide_deciding`, `close_up`, `overlay`, `clip` ...
        path: where it lies on this machine.
        name: file name within the event's package.
        media_type: e.g. `image/jpeg`.
        sha256: hex digest of the file's bytes, taken at capture.
        size_bytes: length of the file.
        captured_at: wall time of the picture or of the clip's first frame.
        frame_index: running number of the frame, or None for clips.
    """

    role: str
    path: Path
    name: str
    media_type: str
    sha256: str
    size_bytes: int
    captured_at: datetime
    frame_index: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The files of one step of one event; empty when none could be kept."""

    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceUse:
    """How the place where evidence is kept is doing.

    Attributes:
        used_bytes: what all packages take, those that are being written included.
        quota_bytes: what they may take.
        free_bytes: free space on their disk.
        unwritten_clips: clips that are recorded and wait to be written.
        degraded: parts that cannot be kept at the moment (`pictures`, `clips`), not as
            long as promised (`retention`), or not over this run (`first_sights`).
    """

    used_bytes: int
    quota_bytes: int
    free_bytes: int
    unwritten_clips: int
    degraded: tuple[str, ...] = ()
