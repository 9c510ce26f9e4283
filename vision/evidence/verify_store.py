"""Proves that a store's packages are all there, and in the order they were sealed."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.evidence import manifest
from vision.evidence.canonical import sha256
from vision.evidence.folders import package_folders
from vision.evidence.ledger import (
    DELETED,
    NAME,
    RECEIVED,
    SEALED,
    VOID,
    Ledger,
    Line,
)
from vision.evidence.signing import TrustedKeys
from vision.evidence.verify import verify_package
from vision.evidence.verify_seal import Finding, content


def verify_store(root: Path, keys: TrustedKeys | None) -> list[Finding]:
    """Check every package of a store, and that none was added or taken away.

    Manifests that were sealed here also follow one another. Those that were received
    from the nodes of a cluster follow what their nodes sealed, which is not here: that
    all are here is known by the ledger alone.

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
        elif "*" in known and _counts(line, void):
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
    sealings = [line for line in lines if _counts(line, void)]
    gone = _gone(lines)
    ours = [line for line in sealings if line.kind == SEALED]
    yield from _check_chain(root, ours, gone)
    left = [line for line in sealings if line.manifest_sha256 not in gone]
    yield from _check_presence(root, left)
    known = {line.event_id for line in sealings}
    for folder in package_folders(root):
        if folder.name not in known:
            yield Finding(folder.name, "added: the ledger knows no such package")
        yield from verify_package(folder, keys, deleted.get(folder.name, {}))


def _void(lines: Iterable[Line]) -> set[str]:
    """Return the digests of sealings that a crash cut short; some come once more."""
    void: set[str] = set()
    for line in lines:
        if line.kind == VOID:
            void.add(line.manifest_sha256)
        elif line.kind == RECEIVED:
            void.discard(line.manifest_sha256)
    return void


def _counts(line: Line, void: set[str]) -> bool:
    return line.kind in {SEALED, RECEIVED} and line.manifest_sha256 not in void


def _gone(lines: Sequence[Line]) -> set[str]:
    """Return the digests of manifests whose packages were deleted whole later."""
    deleted: set[str] = set()
    gone: set[str] = set()
    back: set[str] = set()  # received once more since
    for line in reversed(lines):
        if line.kind == DELETED and not line.files:
            deleted.add(line.event_id)
        elif line.kind in {SEALED, RECEIVED}:
            (gone if line.event_id in deleted else back).add(line.manifest_sha256)
    return gone - back


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


def _check_presence(root: Path, sealings: list[Line]) -> Iterator[Finding]:
    """Every package that was not deleted is here, at its newest, with all its seals.

    Args:
        root: the evidence folder.
        sealings: of packages that were not deleted whole since, oldest first.
    """
    packages: dict[str, list[Line]] = {}
    for line in sealings:
        packages.setdefault(line.event_id, []).append(line)
    for event_id, lines in packages.items():
        folder = root / event_id
        text = content(folder / manifest.NAME)
        # Of two with the same number the first stays in force, see `beside`.
        newest = max(lines, key=lambda line: line.revision)
        if text is None:
            yield Finding(f"{event_id}/{manifest.NAME}", "missing")
        elif sha256(text) != newest.manifest_sha256:
            yield Finding(
                f"{event_id}/{manifest.NAME}", "changed: not the one sealed last"
            )
        else:
            yield from _check_received(folder, text, lines)


def _check_received(folder: Path, text: bytes, lines: list[Line]) -> Iterator[Finding]:
    """Every seal that was received is here; what the newest lists is checked there."""
    seals = [content(path) or b"" for path in folder.glob("manifest-*.json")]
    here = {sha256(seal) for seal in seals}
    for line in lines:
        digest = line.manifest_sha256
        if line.kind == RECEIVED and digest not in here and digest.encode() not in text:
            name = manifest.numbered(line.revision)[0]
            yield Finding(f"{folder.name}/{name}", "missing: it was received")


def _previous(text: bytes) -> str | None:
    try:
        previous = json.loads(text)["prev_manifest_sha256"]
    except (ValueError, KeyError, TypeError):
        return "unreadable"
    return None if previous is None else str(previous)
