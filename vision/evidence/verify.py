"""Proves, offline, that a package is what was sealed; names every file that is not."""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path

from cryptography.x509 import Certificate

from vision.core.errors import EvidenceError
from vision.evidence import manifest
from vision.evidence.beside import manifests_beside, place_of
from vision.evidence.canonical import canonical
from vision.evidence.disk import file_sha256
from vision.evidence.manifest import Manifest
from vision.evidence.seal import SIGNATURE
from vision.evidence.signing import TrustedKeys
from vision.evidence.stamping import check_stamps
from vision.evidence.verify_seal import Finding, check_seal, is_signed

Deleted = Mapping[str, str]
"""Why files were deleted, by name, as the ledger has it."""


def verify_package(
    folder: Path,
    keys: TrustedKeys | None,
    deleted: Deleted | None = None,
    *,
    authorities: Sequence[Certificate] = (),
) -> list[Finding]:
    """Check every byte of one package.

    Args:
        folder: the package.
        keys: trusted verifiers by key id; None: signatures are not asked for.
        deleted: files that the ledger says were deleted on purpose.
        authorities: trusted for time-stamps; empty: their signatures are not checked.

    Returns:
        What does not fit; empty if the package is whole.
    """
    known = {} if deleted is None else deleted
    return list(dict.fromkeys(_check_package(folder, keys, known, authorities)))


def _check_package(
    folder: Path,
    keys: TrustedKeys | None,
    deleted: Deleted,
    authorities: Sequence[Certificate],
) -> Iterator[Finding]:
    place = folder.name
    yield from check_seal(folder, keys)
    try:
        text = (folder / manifest.NAME).read_bytes()
        sealed = Manifest.from_bytes(text, folder)
        normal = canonical(json.loads(text))
    except FileNotFoundError:
        return  # the seal's check has said so
    except (OSError, EvidenceError, ValueError) as error:
        yield Finding(f"{place}/{manifest.NAME}", f"changed: {error}")
        return
    if normal != text or sealed.event_id != place:
        yield Finding(f"{place}/{manifest.NAME}", "changed: not as it was sealed")
    beside = [
        (path, other)
        for path, other in manifests_beside(folder, sealed)
        if is_signed(path, keys)
    ]
    listed = {manifest.NAME, SIGNATURE, *manifest.numbered(sealed.revision)}
    for path, _ in beside:
        listed |= {path.name, path.with_suffix(".sig").name}
    for one in (sealed, *(other for _, other in beside)):
        yield from _check_files(folder, one, deleted, listed)
        yield from check_stamps(folder, one, authorities)
    yield from _check_added(folder, listed)


def _check_files(
    folder: Path, sealed: Manifest, deleted: Deleted, listed: set[str]
) -> Iterator[Finding]:
    """Check what a manifest lists; `listed` gets the names."""
    place = folder.name
    for entry in sealed.entries:
        path = place_of(entry)
        name = path.name
        listed.add(name)
        if not path.is_file():
            if name not in deleted:
                yield Finding(f"{place}/{name}", "missing")
        elif path.stat().st_size != entry.artifact.size_bytes:
            yield Finding(f"{place}/{name}", "changed: another length")
        elif file_sha256(path) != entry.artifact.sha256:
            yield Finding(f"{place}/{name}", "changed: other bytes")


def _check_added(folder: Path, listed: Container[str]) -> Iterator[Finding]:
    place = folder.name
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in listed:
            yield Finding(f"{place}/{name}", "added: not in the manifest")
