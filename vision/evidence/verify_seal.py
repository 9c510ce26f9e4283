"""Checks a package's manifest against its signature, and says which was changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.evidence import manifest
from vision.evidence.seal import SIGNATURE
from vision.evidence.signing import Signature, TrustedKeys


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit.

    Attributes:
        path: `<event_id>/<file>`, relative to the store.
        what: `changed`, `missing`, `added`, ... and details.
    """

    path: str
    what: str


def check_seal(folder: Path, keys: TrustedKeys | None) -> Iterator[Finding]:
    """Check the newest manifest, its copy and their signatures.

    Manifest and signature both lie there twice. What fits any signature is whole;
    so a changed file can be told from the one that it no longer fits. Earlier
    revisions are files like any other: the newest manifest lists their digests.

    Args:
        folder: the package.
        keys: trusted verifiers by key id; None: signatures are not asked for.

    Yields:
        What does not fit.
    """
    newest = max(folder.glob("manifest-*.json"), default=None)
    if newest is None:
        yield Finding(f"{folder.name}/{manifest.NAME}", "missing: not sealed")
        return
    texts = {name: content(folder / name) for name in (manifest.NAME, newest.name)}
    names = (SIGNATURE, newest.with_suffix(".sig").name)
    marks = {name: content(folder / name) for name in names}
    if keys is None:
        yield from _compare(folder.name, texts)
        yield from _compare(folder.name, marks)
        return
    yield from _check_fit(folder.name, texts, marks, keys)


def is_signed(manifest_path: Path, keys: TrustedKeys | None) -> bool:
    """Return whether a numbered manifest bears a trusted key's signature.

    Args:
        manifest_path: its signature lies beside it.
        keys: trusted verifiers by key id; None: signatures are not asked for.
    """
    if keys is None:
        return True
    mark = _signature(content(manifest_path.with_suffix(".sig")))
    return _fits(content(manifest_path), mark, keys)


def content(path: Path) -> bytes | None:
    """Return a file's bytes, or None if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _compare(place: str, copies: dict[str, bytes | None]) -> Iterator[Finding]:
    if len(set(copies.values())) == 1:
        return
    first, second = copies
    for name, other in ((first, second), (second, first)):
        missing = copies[name] is None
        what = "missing" if missing else f"changed: differs from {other}"
        yield Finding(f"{place}/{name}", what)


def _check_fit(
    place: str,
    texts: dict[str, bytes | None],
    marks: dict[str, bytes | None],
    keys: TrustedKeys,
) -> Iterator[Finding]:
    signatures = {name: _signature(mark) for name, mark in marks.items()}
    strangers = {
        name: f"unknown key {signature.key_id}; add its public key"
        for name, signature in signatures.items()
        if signature is not None and signature.key_id not in keys
    }
    whole = _whole(texts, signatures, keys)
    if strangers:
        whole |= set(texts)
    for name, found in {**texts, **marks}.items():
        if name not in whole:
            changed = strangers.get(name, "changed: manifest and signature do not fit")
            what = "missing" if found is None else changed
            yield Finding(f"{place}/{name}", what)
    if whole.issuperset(texts) and len(set(texts.values())) > 1:
        what = "changed: not the newest revision"
        yield Finding(f"{place}/{manifest.NAME}", what)


def _whole(
    texts: dict[str, bytes | None],
    signatures: dict[str, Signature | None],
    keys: TrustedKeys,
) -> set[str]:
    """Return the files that fit one another."""
    whole: set[str] = set()
    for mark_name, signature in signatures.items():
        for text_name, text in texts.items():
            if _fits(text, signature, keys):
                whole |= {text_name, mark_name}
    return whole


def _signature(mark: bytes | None) -> Signature | None:
    if mark is None:
        return None
    try:
        return Signature.from_bytes(mark)
    except EvidenceError:
        return None


def _fits(text: bytes | None, signature: Signature | None, keys: TrustedKeys) -> bool:
    if text is None or signature is None or signature.key_id not in keys:
        return False
    return keys[signature.key_id].verify(text, signature)
