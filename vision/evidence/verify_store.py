"""Proves that a store's packages are all there, and in the order they were sealed."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.evidence import manifest
from vision.evidence.canonical import sha256
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

    Raises:
        EvidenceError: the ledger is damaged.
    """
    found: dict[str, dict[str, str]] = {}
    for _, line in Ledger(root).lines():
        if line.kind == DELETED:
            notes = found.setdefault(line.event_id, {})
            notes.update(dict.fromkeys(line.files or ("*",), line.note))
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
        deleted = deletions(root)
    except (OSError, EvidenceError) as error:
        yield Finding(NAME, f"changed: {error}")
        return
    void = {line.manifest_sha256 for line in lines if line.kind == VOID}
    sealings = [
        line
        for line in lines
        if line.kind == SEALED and line.manifest_sha256 not in void
    ]
    yield from _check_chain(root, sealings)
    yield from _check_presence(root, sealings, deleted)
    for folder in _packages(root):
        yield from verify_package(folder, keys, deleted.get(folder.name, {}))


def _check_chain(root: Path, sealings: list[Line]) -> Iterator[Finding]:
    """Every manifest names the one sealed before it."""
    before: str | None = None
    for line in sealings:
        name = manifest.numbered(line.revision)[0]
        text = content(root / line.event_id / name)
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
    for folder in _packages(root):
        if folder.name not in latest:
            yield Finding(folder.name, "added: the ledger knows no such package")


def _packages(root: Path) -> list[Path]:
    return sorted(
        path for path in root.iterdir() if path.is_dir() and path.name[0] != "."
    )


def _previous(text: bytes) -> str | None:
    try:
        previous = json.loads(text)["prev_manifest_sha256"]
    except (ValueError, KeyError, TypeError):
        return "unreadable"
    return None if previous is None else str(previous)
