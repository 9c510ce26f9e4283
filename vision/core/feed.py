"""How a camera's feed is doing."""

from dataclasses import dataclass
from enum import StrEnum


class FeedState(StrEnum):
    """Life of a feed: connecting -> streaming <-> waiting -> ended | failed."""

    CONNECTING = "connecting"
    STREAMING = "streaming"
    WAITING = "waiting"  # between two attempts to connect
    ENDED = "ended"  # a file's last frame was handed out; no error
    FAILED = "failed"  # a file that cannot be read; live feeds never get here
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """Counters of one feed since its start.

    Attributes:
        state: where it is in its life.
        frames_in: sampled frames that entered the buffer.
        dropped: frames that a newer one replaced before they were analysed.
        shed: due pictures of a live stream that were not even decoded, because reading
            lagged behind the camera.
        reconnects: connections after the first.
        queued: frames that wait now.
        oldest_age_s: how long the oldest waiting frame has waited, 0 if none, seconds.
        last_error: latest trouble in words, or None.
    """

    state: FeedState
    frames_in: int = 0
    dropped: int = 0
    shed: int = 0
    reconnects: int = 0
    queued: int = 0
    oldest_age_s: float = 0.0
    last_error: str | None = None
