"""JSON in one form only, so that equal content has equal bytes."""

import hashlib
import json

from vision.core.wire import Json


def canonical(value: Json) -> bytes:
    """Return JSON with sorted keys, no spaces, UTF-8 and no NaN.

    Raises:
        ValueError: NaN or infinity.
    """
    return json.dumps(
        value,
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
    ).encode()


def sha256(text: bytes) -> str:
    """Return the hex digest of some bytes."""
    return hashlib.sha256(text).hexdigest()
