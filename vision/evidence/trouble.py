"""Says once that evidence suffers, and once that it is over."""

import logging
import threading
from enum import StrEnum

from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Clock, HealthListener

log = logging.getLogger(__name__)


class Cause(StrEnum):
    """What of the evidence suffers."""

    PICTURES = "pictures"
    CLIPS = "clips"
    RETENTION = "retention"
    FIRST_SIGHTS = "first_sights"


class Trouble:
    """The state of the evidence folder as one health event.

    The listener is called when a cause comes and when the last one goes, never for
    each file.
    """

    def __init__(self, clock: Clock, on_health: HealthListener | None) -> None:
        """Begin in health."""
        self._clock = clock
        self._on_health = on_health
        self._causes: dict[Cause, str] = {}
        self._lock = threading.Lock()

    def has(self, cause: Cause) -> bool:
        """Return whether this cause is there now."""
        return cause in self._causes

    @property
    def causes(self) -> tuple[str, ...]:
        """What suffers now."""
        with self._lock:
            return tuple(sorted(self._causes))

    def begin(self, cause: Cause, detail: str) -> None:
        """Say what is wrong; more trouble of the same cause is no news."""
        with self._lock:
            new = cause not in self._causes
            self._causes[cause] = detail
        if new:
            log.error("evidence degraded: %s", detail)
            self._tell(ok=False, detail=detail)

    def end(self, cause: Cause) -> None:
        """Say that a cause is gone, if it was there."""
        with self._lock:
            over = self._causes.pop(cause, None) is not None and not self._causes
        if over:
            log.info("evidence is complete again")
            self._tell(ok=True, detail="evidence is complete again")

    def _tell(self, *, ok: bool, detail: str) -> None:
        if self._on_health is None:
            return
        at = self._clock.now()
        kind = HealthKind.EVIDENCE_DEGRADED
        self._on_health(HealthEvent(kind=kind, ok=ok, at=at, detail=detail))
