"""How long a recording is."""

from pathlib import Path

import av
from av.error import FFmpegError


def length_s(path: Path) -> float | None:
    """Return a file's length as its container says, seconds, or None."""
    try:
        with av.open(str(path)) as container:
            length = container.duration
    except (FFmpegError, OSError):
        return None
    return None if length is None else length / av.time_base
