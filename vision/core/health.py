"""What the engine says about itself and its cameras."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HealthKind(StrEnum):
    """What is wrong, or was."""

    CAMERA_UNREACHABLE = "camera_unreachable"
    CAMERA_STALLED = "camera_stalled"
    CAMERA_ENDED = "camera_ended"
    CAMERA_MOVED = "camera_moved"
    STREAM_GAP = "stream_gap"
    TIME_JUMP = "time_jump"
    RESOLUTION_CHANGED = "resolution_changed"
    VIEW_BLIND = "view_blind"
    VIEW_CHANGED = "view_changed"
    EVIDENCE_DEGRADED = "evidence_degraded"
    DELIVERY_FAILING = "delivery_failing"
    STORE_DAMAGED = "store_damaged"
    OVERLOAD = "overload"
    WATCH_LOST = "watch_lost"
    ENGINE_SILENT = "engine_silent"
    WATCHED_TWICE = "watched_twice"
    NOTHING_PLACED = "nothing_placed"


BLINDING = frozenset(
    {
        HealthKind.CAMERA_UNREACHABLE,
        HealthKind.CAMERA_STALLED,
        HealthKind.CAMERA_ENDED,
        HealthKind.CAMERA_MOVED,
        HealthKind.VIEW_BLIND,
        HealthKind.WATCH_LOST,
        HealthKind.ENGINE_SILENT,
        HealthKind.NOTHING_PLACED,
    }
)
"""While one of these stands, a camera cannot be relied on to see."""


@dataclass(frozen=True, slots=True)
class HealthEvent:
    """A state that a person should know of, entered or left.

    Attributes:
        kind: what it is about.
        ok: True when the trouble is over.
        at: wall time.
        detail: one sentence: what, where, what to do. Never a secret.
        camera_id: which camera, or None for the engine itself.
    """

    kind: HealthKind
    ok: bool
    at: datetime
    detail: str
    camera_id: str | None = None
