"""Seals that the newest manifest of a package does not follow from.

Two machines may seal one package without knowing of each other: a node goes on with an
event while its package is stamped at the desk, or a node that is back hands in a clip
after another has taken over. Both seals count. Where their numbers are the same the
one that came later lies under a name with its digest (`manifest-002-1a2b3c4d.json`).
"""

from dataclasses import replace
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.evidence import manifest
from vision.evidence.canonical import sha256
from vision.evidence.disk import file_sha256
from vision.evidence.manifest import Entry, Manifest

SEALS = frozenset({"manifest", "signature"})
_DIGITS = 8


def name_beside(name: str, manifest_sha256: str) -> str:
    """Return where a seal lies whose own name is taken.

    Args:
        name: `manifest-002.json` or `manifest-002.sig`.
        manifest_sha256: digest of the manifest, also for the signature's name.
    """
    path = Path(name)
    return f"{path.stem}-{manifest_sha256[:_DIGITS]}{path.suffix}"


def manifests_beside(folder: Path, newest: Manifest) -> list[tuple[Path, Manifest]]:
    """Return the manifests that the newest does not list; who signed them is not asked.

    Raises:
        OSError: the package cannot be read.
    """
    known = {entry.artifact.sha256 for entry in newest.entries}
    own = manifest.numbered(newest.revision)[0]
    found: list[tuple[Path, Manifest]] = []
    for path in sorted(folder.glob("manifest-*.json")):
        if not path.is_file():
            continue
        text = path.read_bytes()
        if path.name == own or sha256(text) in known:
            continue
        try:
            other = Manifest.from_bytes(text, folder)
        except EvidenceError:
            continue  # nothing vouches for it: verification says so
        # A later one was cut short by a crash.
        if other.event_id == newest.event_id and other.revision <= newest.revision:
            found.append((path, other))
    return found


def place_of(entry: Entry) -> Path:
    """Return where a listed file lies: a seal perhaps beside its name."""
    artifact = entry.artifact
    path = artifact.path
    if artifact.role not in SEALS or _has(path, artifact.sha256):
        return path
    others = sorted(path.parent.glob(f"{path.stem}-*{path.suffix}"))
    return next((one for one in others if _has(one, artifact.sha256)), path)


def together(folder: Path, newest: Manifest) -> Manifest:
    """Return the newest manifest with the files and steps of those beside it.

    For showing and for retention; what is sealed stays apart.

    Raises:
        OSError: the package cannot be read.
    """
    if next(folder.glob("manifest-*-*.json"), None) is None:
        return newest  # as ever, but for a few
    entries = {entry.artifact.name: entry for entry in newest.entries}
    steps = {str(step.get("sequence")): step for step in newest.steps}
    for _, other in manifests_beside(folder, newest):
        entries = {entry.artifact.name: entry for entry in other.entries} | entries
        steps = {str(step.get("sequence")): step for step in other.steps} | steps
    ordered = sorted(steps.values(), key=lambda step: str(step.get("decided_at")))
    return replace(newest, entries=tuple(entries.values()), steps=tuple(ordered))


def _has(path: Path, digest: str) -> bool:
    return path.is_file() and file_sha256(path) == digest
