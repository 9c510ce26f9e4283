"""Says once that evidence suffers, and once that it is over."""

import logging
import threading

from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Clock, HealthListener

log = logging.getLogger(__name__)


class Trouble:
    """The state of the evidence folder as a health event.

    The listener is called when the state changes, never for each file.
    """

    def __init__(self, clock: Clock, on_health: HealthListener | None) -> None:
        """Begin in health."""
        self._clock = clock
        self._on_health = on_health
        self._detail: str | None = None
        self._lock = threading.Lock()

    @property
    def detail(self) -> str | None:
        """What is wrong now, or None."""
        return self._detail

    def begin(self, detail: str) -> None:
        """Say what is wrong; the same trouble again is no news."""
        with self._lock:
            known, self._detail = self._detail, detail
        if known is None:
            log.error("evidence degraded: %s", detail)
            self._tell(ok=False, detail=detail)

    def end(self) -> None:
        """Say that it is over, if anything was wrong."""
        with self._lock:
            known, self._detail = self._detail, None
        if known is not None:
            log.info("evidence is complete again")
            self._tell(ok=True, detail="evidence is complete again")

    def _tell(self, *, ok: bool, detail: str) -> None:
        if self._on_health is None:
            return
        at = self._clock.now()
        kind = HealthKind.EVIDENCE_DEGRADED
        self._on_health(HealthEvent(kind=kind, ok=ok, at=at, detail=detail))
