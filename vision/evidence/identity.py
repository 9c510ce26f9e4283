"""Tell the evidence folder from the empty folder that an unmounted disk leaves."""

from pathlib import Path
from uuid import uuid4

from vision.core.errors import EvidenceError
from vision.evidence.disk import make_folder, write_atomically

#: In the evidence folder; the same text lies in the home, on another disk maybe.
MARKER = ".identity"


def recognise(evidence: Path, note: Path) -> None:
    """Make sure that an evidence folder is the one that was written to before.

    Evidence often lies on a disk of its own. Where that is not mounted, an empty
    folder stands in its place: all packages would pass for deleted, and new ones
    would fill the wrong disk.

    Args:
        evidence: the folder; made when it was never used.
        note: what the home knows of it; made at the first start.

    Raises:
        EvidenceError: it is another folder, or one of the two cannot be kept.
    """
    marker = evidence / MARKER
    try:
        known, here = _read(note), _read(marker)
        if known is None:
            known = here or uuid4().hex
            make_folder(evidence)
            write_atomically(marker, known.encode())
            write_atomically(note, known.encode())
        elif here != known:
            msg = (
                f"{evidence}: not the evidence folder that was written to before; "
                "expected its disk to be mounted there. If that evidence is gone for "
                f"good, delete {note} to begin anew"
            )
            raise EvidenceError(msg)
    except OSError as error:
        msg = f"{evidence}: cannot be recognised ({error.strerror}); fix its owner"
        raise EvidenceError(msg) from error


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
