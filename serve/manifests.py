"""The engine's own list of a package's files, which every upload must agree with."""

from collections.abc import Container, Iterable
from typing import Annotated

from pydantic import Field, ValidationError

from serve.errors import InvalidContent
from serve.json_words import in_words
from serve.messages import MAX_SEQUENCE, EvidenceRef, FileName, Identifier, Wire

ROLE = "manifest"
_SEALS = frozenset({ROLE, "signature"})
MAX_BYTES = 1024 * 1024
MAX_FILES = 500


class _Listed(EvidenceRef):
    """One file of a package; a manifest calls its name `path`."""

    name: Annotated[FileName, Field(alias="path")]


class Manifest(Wire):
    """What the service reads of a manifest; its seal is checked offline."""

    event_id: Identifier
    revision: Annotated[int, Field(ge=1, le=MAX_SEQUENCE)] | None = None
    files: Annotated[list[_Listed], Field(max_length=MAX_FILES)]


def read_manifest(content: Iterable[bytes], event_id: str) -> Manifest:
    """Return what a manifest says, above all the files that it vouches for.

    Args:
        content: its bytes, at most `MAX_BYTES`.
        event_id: whose it must be.

    Raises:
        InvalidContent: it is no manifest, or another event's.
    """
    try:
        manifest = Manifest.model_validate_json(b"".join(content))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = "/".join(str(part) for part in first["loc"]) or "manifest"
        msg = (
            f"manifest: {place}: {in_words(first)}; expected the JSON the engine sealed"
        )
        raise InvalidContent(msg) from error
    if manifest.event_id != event_id:
        msg = f"manifest: got one of event {manifest.event_id}; expected {event_id}'s"
        raise InvalidContent(msg)
    return manifest


def is_known_seal(file: EvidenceRef, here: Container[str]) -> bool:
    """Return whether a listed file is an earlier seal that is here, by any name.

    Two nodes that seal one event give one name twice: the seal that came later lies
    beside the first under another name, and manifests list it under its own.

    Args:
        file: as a manifest lists it.
        here: SHA-256 of the event's files that are here, hex.
    """
    return file.role in _SEALS and file.sha256 in here
