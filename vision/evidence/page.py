"""One package as one HTML page that reads well on a phone."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from vision.core.errors import EvidenceError
from vision.core.wire import Json
from vision.evidence import manifest
from vision.evidence.beside import SEALS, together
from vision.evidence.canonical import sha256
from vision.evidence.manifest import Entry, Manifest
from vision.evidence.package import Package
from vision.evidence.seal import short_code
from vision.evidence.verify_seal import Finding

_SHARED = ("overlay", "redacted", "timeline")
_MAX_INLINE_BYTES = 24 << 20


@dataclass(frozen=True, slots=True)
class Shown:
    """One file as the page shows it."""

    entry: Entry
    uri: str | None
    title: str


def render_page(
    root: Path, event_id: str, findings: list[Finding], *, originals: bool
) -> str:
    """Return a page that needs no other file.

    Args:
        root: the evidence folder.
        event_id: which package.
        findings: what verification found; shown on top.
        originals: also show what redaction hides. The caller has asked for a reason
            and put it on record.

    Raises:
        EvidenceError: there is no such package, or its manifest is damaged.
    """
    package = Package(root, event_id)
    sealed = package.read()
    if sealed is None:
        msg = f"{root}: has no package {event_id}; expected a sealed package"
        raise EvidenceError(msg)
    sealed = together(package.folder, sealed)
    raw: dict[str, Json] = json.loads((package.folder / manifest.NAME).read_bytes())
    environment = Environment(
        loader=PackageLoader("vision.evidence"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html").render(
        manifest=raw,
        steps=sealed.steps,
        shown=_shown(sealed, originals=originals),
        hidden=0
        if originals
        else len(_visible(sealed, originals=True))
        - len(_visible(sealed, originals=False)),
        findings=findings,
        manifest_sha256=sha256((package.folder / manifest.NAME).read_bytes()),
        code=_code(sealed),
    )


def _visible(sealed: Manifest, *, originals: bool) -> list[Entry]:
    entries = [e for e in sealed.entries if e.artifact.role not in SEALS]
    if originals:
        return entries
    return [e for e in entries if any(word in e.artifact.role for word in _SHARED)]


def _shown(sealed: Manifest, *, originals: bool) -> list[Shown]:
    def order(entry: Entry) -> tuple[int, bool, str]:
        role = entry.artifact.role
        return entry.step, not role.startswith("overlay"), role

    return [
        Shown(entry, _uri(entry), entry.artifact.role.replace("_", " "))
        for entry in sorted(_visible(sealed, originals=originals), key=order)
    ]


def _uri(entry: Entry) -> str | None:
    """Return a file as a data URI; None if it is gone or too large for a page."""
    artifact = entry.artifact
    if not artifact.path.is_file() or artifact.size_bytes > _MAX_INLINE_BYTES:
        return None
    text = base64.b64encode(artifact.path.read_bytes()).decode()
    return f"data:{artifact.media_type};base64,{text}"


def _code(sealed: Manifest) -> str | None:
    for entry in sealed.entries:
        if entry.artifact.role == "wide_deciding":
            return short_code(sealed.event_id, entry.artifact.sha256)
    return None
