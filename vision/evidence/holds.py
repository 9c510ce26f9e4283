"""Legal hold: what must not be deleted, whatever retention says."""

from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.ports import Clock
from vision.evidence import manifest
from vision.evidence.disk import write_atomically
from vision.evidence.ledger import HELD, RELEASED, Ledger, Line

FOLDER = ".holds"


def held(root: Path) -> dict[str, str]:
    """Return the events on hold, with the reason for each."""
    folder = root / FOLDER
    if not folder.is_dir():
        return {}
    return {
        path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())
    }


def hold(root: Path, event_id: str, *, who: str, reason: str, clock: Clock) -> None:
    """Keep a package until it is released; put on record.

    Raises:
        EvidenceError: no such package, no reason, or it cannot be recorded.
    """
    if not reason.strip():
        msg = f"hold {event_id}: expected a reason in words"
        raise EvidenceError(msg)
    try:
        _record(root, event_id, HELD, f"{who}: {reason}", clock)
        (root / FOLDER).mkdir(exist_ok=True)
        write_atomically(root / FOLDER / event_id, reason.encode())
    except OSError as error:
        msg = f"hold {event_id}: cannot be put on record ({error.strerror})"
        raise EvidenceError(msg) from error


def release(root: Path, event_id: str, *, who: str, reason: str, clock: Clock) -> None:
    """End a hold; put on record.

    Raises:
        EvidenceError: there is no such hold, or it cannot be recorded.
    """
    if event_id not in held(root):
        msg = f"release {event_id}: is not on hold; see `evidence holds`"
        raise EvidenceError(msg)
    try:
        _record(root, event_id, RELEASED, f"{who}: {reason}", clock)
        (root / FOLDER / event_id).unlink()
    except OSError as error:
        msg = f"release {event_id}: cannot be put on record ({error.strerror})"
        raise EvidenceError(msg) from error


def _record(root: Path, event_id: str, kind: str, note: str, clock: Clock) -> None:
    digest = manifest.digest_of(root / event_id / manifest.NAME)
    line = Line(kind, event_id, "", 0, digest, note=note)
    Ledger(root).append(line, clock.now())
