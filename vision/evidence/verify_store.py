"""Proves that a store's packages are all there, and in the order they were sealed."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.evidence import manifest
from vision.evidence.canonical import sha256
from vision.evidence.folders import package_folders
from vision.evidence.ledger import DELETED, NAME, SEALED, VOID, Ledger, Line
from vision.evidence.signing import TrustedKeys
from vision.evidence.verify import Deleted, verify_package
from vision.evidence.verify_seal import Finding, content


def verify_store(root: Path, keys: TrustedKeys | None) -> list[Finding]:
    """Check every package of a store, and that none was added or taken away.

    Args:
        root: the evidence folder.
        keys: trusted verifiers by key id; None: signatures are not asked for.

    Returns:
        What does not fit; empty if the store is whole.
    """
    return list(_check_store(root, keys))


def deletions(root: Path) -> dict[str, dict[str, str]]:
    """Return the ledger's deletions: event id to file name (`*`: all) to note.

    A package that was deleted whole and sealed anew (the same decision came again
    after a crash) has nothing deleted.

    Raises:
        EvidenceError: the ledger is damaged.
    """
    return _deleted([line for _, line in Ledger(root).lines()])


def _deleted(lines: Sequence[Line]) -> dict[str, dict[str, str]]:
    void = _void(lines)
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        known = found.get(line.event_id, {})
        if line.kind == DELETED:
            notes = dict.fromkeys(line.files or ("*",), line.note)
            found[line.event_id] = known | notes
        elif line.kind == SEALED and "*" in known and line.manifest_sha256 not in void:
            del found[line.event_id]
    return found


def _check_store(root: Path, keys: TrustedKeys | None) -> Iterator[Finding]:
    lines: list[Line] = []
    before: str | None = None
    try:
        for text, line in Ledger(root).lines():
            if line.prev != before or line.to_bytes() != text:
                where = f"line {len(lines) + 1}"
                yield Finding(NAME, f"changed: {where} does not follow the last")
            before = sha256(text)
            lines.append(line)
    except (OSError, EvidenceError) as error:
        yield Finding(NAME, f"changed: {error}")
        return
    deleted = _deleted(lines)
    void = _void(lines)
    sealings = [
        line
        for line in lines
        if line.kind == SEALED and line.manifest_sha256 not in void
    ]
    yield from _check_chain(root, sealings, _gone(lines))
    yield from _check_presence(root, sealings, deleted)
    for folder in package_folders(root):
        yield from verify_package(folder, keys, deleted.get(folder.name, {}))


def _void(lines: Iterable[Line]) -> set[str]:
    return {line.manifest_sha256 for line in lines if line.kind == VOID}


def _gone(lines: Sequence[Line]) -> set[str]:
    """Return the digests of manifests whose packages were deleted whole later."""
    deleted: set[str] = set()
    gone: set[str] = set()
    for line in reversed(lines):
        if line.kind == DELETED and not line.files:
            deleted.add(line.event_id)
        elif line.kind == SEALED and line.event_id in deleted:
            gone.add(line.manifest_sha256)
    return gone


def _check_chain(root: Path, sealings: list[Line], gone: set[str]) -> Iterator[Finding]:
    """Every manifest names the one sealed before it.

    Args:
        root: the evidence folder.
        sealings: oldest first.
        gone: digests of manifests that were deleted: a file of that name is another.
    """
    before: str | None = None
    for line in sealings:
        name = manifest.numbered(line.revision)[0]
        there = line.manifest_sha256 not in gone
        text = content(root / line.event_id / name) if there else None
        if text is not None and _previous(text) != before:
            yield Finding(
                f"{line.event_id}/{name}",
                "changed: does not follow the manifest sealed before",
            )
        before = line.manifest_sha256


def _check_presence(
    root: Path, sealings: list[Line], deleted: Mapping[str, Deleted]
) -> Iterator[Finding]:
    """Every package sealed and not deleted is here, at its newest; no other is."""
    latest = {line.event_id: line for line in sealings}
    for event_id, line in latest.items():
        if "*" in deleted.get(event_id, {}):
            continue
        text = content(root / event_id / manifest.NAME)
        if text is None:
            yield Finding(f"{event_id}/{manifest.NAME}", "missing")
        elif sha256(text) != line.manifest_sha256:
            yield Finding(
                f"{event_id}/{manifest.NAME}", "changed: not the one sealed last"
            )
    for folder in package_folders(root):
        if folder.name not in latest:
            yield Finding(folder.name, "added: the ledger knows no such package")


def _previous(text: bytes) -> str | None:
    try:
        previous = json.loads(text)["prev_manifest_sha256"]
    except (ValueError, KeyError, TypeError):
        return "unreadable"
    return None if previous is None else str(previous)
