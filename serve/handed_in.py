"""A file that arrived whole becomes an event's evidence."""

from collections.abc import Sequence

from serve.errors import TooLarge, UnsupportedType
from serve.files import ACCEPTED, Expected, Received
from serve.manifests import MAX_BYTES, read_manifest
from serve.manifests import ROLE as MANIFEST
from serve.messages import EvidenceRef
from serve.services import Services
from serve.store.evidence import Upload


def accepted_type(media_type: str) -> str:
    """Return a media type as it is written, if it is taken here.

    Raises:
        UnsupportedType: it is not.
    """
    plain = media_type.partition(";")[0].strip()
    if plain not in ACCEPTED:
        msg = f"content-type: got {plain!r}; expected one of {sorted(ACCEPTED)}"
        raise UnsupportedType(msg)
    return plain


def expected_of(services: Services, upload: Upload) -> Expected:
    """Return what the bytes of an upload must be."""
    limit_bytes = services.settings.max_evidence_bytes
    return Expected(upload.sha256, upload.media_type, limit_bytes)


def expect(services: Services, upload: Upload) -> tuple[str, bool]:
    """Return a file's role, and whether it is there; see `EvidenceStore.expect`.

    Raises:
        UnknownEvent: the event must be reported first.
        EvidenceConflict: this name was announced, or is taken, with other bytes.
    """
    role, there = services.evidence.expect(upload)
    if there:
        # The service may have been stopped between the record and the telling.
        _look(services, upload.event_id)
    return role, there


def hand_in(services: Services, upload: Upload, role: str, received: Received) -> bool:
    """Record a file that lies in its place; return False if it was known.

    Raises:
        EvidenceConflict: its name was taken meanwhile by other bytes, or a manifest
            contradicts what is here.
        InvalidContent: a manifest that is none.
        TooLarge: a manifest that nobody can read.
    """
    vouched: Sequence[EvidenceRef] = ()
    if role == MANIFEST:
        if received.size_bytes > MAX_BYTES:
            msg = f"manifest: got {received.size_bytes} bytes; expected <= {MAX_BYTES}"
            raise TooLarge(msg)
        content = services.files.read(received.sha256, 0, received.size_bytes)
        vouched = read_manifest(content, upload.event_id).files
    new = services.evidence.add(
        upload, role=role, size_bytes=received.size_bytes, vouched=vouched
    )
    services.metrics.evidence(received.size_bytes)
    _look(services, upload.event_id)
    return new


def _look(services: Services, event_id: str) -> None:
    if services.packages.look(event_id):
        services.feed.ring()
