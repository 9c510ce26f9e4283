"""A first picture as one file: when it was taken, what to hide in it, and its bytes."""

import hashlib
import json
from datetime import datetime
from typing import Any

from vision.core.frame import TimeSource
from vision.evidence.pictures import Box, Picture
from vision.evidence.redaction import Region, RegionKind
from vision.evidence.sight import Sight

_VERSION = 1


def to_bytes(sight: Sight, place_id: str) -> bytes:
    """Return a place's first sight as it is kept.

    A line with the digest of all that follows, a line of JSON, then the JPEG whose own
    digest was taken when it was encoded.

    Args:
        sight: the picture,
        place_id: and the place in it.

    Raises:
        EvidenceError: it cannot be encoded.
    """
    picture = sight.picture
    head = {
        "version": _VERSION,
        "place_id": place_id,
        "box": _plain(sight.boxes[place_id]),
        "regions": [[one.kind.value, _plain(one.xyxy)] for one in sight.regions],
        "sha256": picture.sha256,
        "captured_at": picture.captured_at.isoformat(),
        "frame_index": picture.frame_index,
        "media_time_s": picture.media_time_s,
        "time_source": picture.time_source.value,
    }
    body = b"\n".join((json.dumps(head).encode(), picture.jpeg))
    return b"\n".join((hashlib.sha256(body).hexdigest().encode(), body))


def from_bytes(kept: bytes) -> Sight:
    """Return what was kept.

    Raises:
        KeyError: a field is missing.
        TypeError: a field is of another kind.
        ValueError: it is damaged, or of another version.
    """
    digest, _, body = kept.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        msg = "its digest is another"
        raise ValueError(msg)
    line, _, jpeg = body.partition(b"\n")
    head = json.loads(line)
    if head["version"] != _VERSION:
        msg = f"version {head['version']}, expected {_VERSION}"
        raise ValueError(msg)
    picture = Picture(
        jpeg=jpeg,
        sha256=str(head["sha256"]),
        captured_at=datetime.fromisoformat(head["captured_at"]),
        frame_index=int(head["frame_index"]),
        media_time_s=float(head["media_time_s"]),
        time_source=TimeSource(head["time_source"]),
    )
    regions = tuple(
        Region(RegionKind(kind), _box(xyxy)) for kind, xyxy in head["regions"]
    )
    return Sight(picture, regions, {str(head["place_id"]): _box(head["box"])})


def _plain(box: Box) -> list[float]:
    return [float(side) for side in box]


def _box(sides: Any) -> Box:
    x1, y1, x2, y2 = (float(side) for side in sides)
    return x1, y1, x2, y2
