"""What the address of a camera means: a device, a live stream or a file."""

from pathlib import Path
from urllib.parse import unquote, urlsplit


def device_index(url: str) -> int | None:
    """Return the number of a USB camera, or None if `url` is no bare number."""
    return int(url) if url.isascii() and url.isdigit() else None


def local_path(url: str) -> Path | None:
    """Return the file that `url` names, or None for streams and devices."""
    if device_index(url) is not None:
        return None
    if "://" not in url:
        return Path(url)
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def is_live(url: str) -> bool:
    """Return whether `url` looks like something that never ends."""
    return local_path(url) is None
