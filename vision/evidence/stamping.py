"""Puts a third party's time-stamp into a package, and checks those inside."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate

from vision.core.errors import EvidenceError
from vision.core.evidence import Artifact
from vision.core.ports import Clock
from vision.evidence import manifest
from vision.evidence.canonical import sha256
from vision.evidence.disk import raise_first, write_together
from vision.evidence.manifest import Entry, Manifest
from vision.evidence.package import Package
from vision.evidence.recovery import working_on
from vision.evidence.seal import Sealer
from vision.evidence.store_lock import StoreLock
from vision.evidence.timestamp import Stamp, parse, signed_by
from vision.evidence.verify_seal import Finding, content

ROLE = "timestamp"
_MEDIA_TYPE = "application/octet-stream"

FetchToken = Callable[[bytes], bytes]
"""Returns a time-stamp token over a text; raises `EvidenceError`."""


def stamp_package(
    root: Path, event_id: str, fetch: FetchToken, *, sealer: Sealer, clock: Clock
) -> Stamp:
    """Have the newest manifest stamped, and seal the package with the token.

    Args:
        root: the evidence folder.
        event_id: whose package.
        fetch: asks the authority.
        sealer: seals the following revision.
        clock: wall time.

    Raises:
        EvidenceError: no such package, or the authority refuses.
        OSError: the package cannot be written.
    """
    package = Package(root, event_id)
    with StoreLock(root), working_on(root, event_id):
        known = package.read()
        if known is None:
            msg = f"{package.folder}: is no sealed package"
            raise EvidenceError(msg)
        token = fetch((package.folder / manifest.NAME).read_bytes())
        stamp = parse(token)
        entry = _entry(package.folder, known, token, stamp)
        raise_first(write_together({entry.artifact.path: token}))
        following = known.next(
            (entry,), at=clock.now(), actor="engine", action="added time-stamp"
        )
        try:
            sealer.seal(package.folder, following)
        except BaseException:
            package.discard((entry,))
            raise
    return stamp


def check_stamps(
    folder: Path, sealed: Manifest, certificates: Sequence[Certificate]
) -> Iterator[Finding]:
    """Check that every token in a package is over the manifest that it names.

    Args:
        folder: the package.
        sealed: its newest manifest; that lists the tokens' digests.
        certificates: of trusted authorities; empty: signatures are not checked.

    Yields:
        What does not fit.
    """
    for entry in sealed.entries:
        if entry.artifact.role != ROLE:
            continue
        path = entry.artifact.path
        token, text = content(path), content(path.with_suffix(".json"))
        if token is None or text is None:
            continue  # reported as missing
        trouble = _trouble(token, text, certificates)
        if trouble is not None:
            yield Finding(f"{folder.name}/{path.name}", trouble)


def _trouble(
    token: bytes, text: bytes, certificates: Sequence[Certificate]
) -> str | None:
    try:
        stamp = parse(token)
        if stamp.digest.hex() != sha256(text):
            return "changed: the time-stamp is over another manifest"
        if certificates and not signed_by(stamp, certificates):
            return "the time-stamp is not signed by a trusted authority"
    except EvidenceError as error:
        return f"changed: {error}"
    return None


def _entry(folder: Path, known: Manifest, token: bytes, stamp: Stamp) -> Entry:
    name = Path(manifest.numbered(known.revision)[0]).with_suffix(".tsr").name
    if (folder / name).exists():
        at = datetime.isoformat(stamp.at)
        msg = f"{folder / name}: is stamped already; now would be {at}"
        raise EvidenceError(msg)
    artifact = Artifact(
        role=ROLE,
        path=folder / name,
        name=name,
        media_type=_MEDIA_TYPE,
        sha256=sha256(token),
        size_bytes=len(token),
        captured_at=stamp.at,
    )
    return Entry(artifact, step=0, note="RFC 3161")
