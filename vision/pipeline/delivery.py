"""Between the rules and the sink: an event is held until the sink has it for good."""

import logging
import threading
from collections import deque

from vision.core.errors import SinkError
from vision.core.events import ViolationEvent
from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Clock, EventSink, HealthListener

logger = logging.getLogger(__name__)


class HeldDelivery:
    """Puts events into a sink, in order, and holds what it cannot take yet.

    A sink refuses when its disk is full or its database is locked for long. Until it
    takes events again they wait here; `full` tells the engine to stop analysing, so
    that memory stays bounded and nothing is lost. May be used by any thread.
    """

    def __init__(self, sink: EventSink, clock: Clock, *, capacity: int = 1_000) -> None:
        self._sink = sink
        self._clock = clock
        self._capacity = capacity
        self._held: deque[ViolationEvent] = deque()
        # Reentrant: putting into a sink may bring news of its health, to be put, too.
        self._lock = threading.RLock()
        self._failing = False
        self._listener: HealthListener = _ignored

    @property
    def held(self) -> int:
        """Events that wait for the sink."""
        return len(self._held)

    @property
    def full(self) -> bool:
        """Whether no more may be decided until the sink takes events again."""
        return len(self._held) >= self._capacity

    def put(self, event: ViolationEvent) -> None:
        """Hand one event on, or hold it."""
        with self._lock:
            self._held.append(event)
            self.flush()

    def flush(self) -> None:
        """Hand on everything that waits, until the sink refuses."""
        with self._lock:
            while self._held:
                try:
                    self._sink.put(self._held[0])
                except SinkError as error:
                    self._report(error)
                    return
                self._held.popleft()
            self._recovered()

    def listen(self, listener: HealthListener) -> None:
        """Have `listener` told of every health event as well, by any thread."""
        self._listener = listener

    def health(self, event: HealthEvent) -> None:
        """Hand on a health event; one that the sink refuses is only logged."""
        logger.log(
            logging.INFO if event.ok else logging.WARNING,
            "%s: %s: %s",
            event.camera_id or "engine",
            event.kind,
            event.detail,
            extra={"camera": event.camera_id, "ok": event.ok},
        )
        self._listener(event)
        try:
            self._sink.put_health(event)
        except SinkError as error:
            logger.warning("health event %s not kept: %s", event.kind, error)

    def _report(self, error: SinkError) -> None:
        if self._failing:
            return
        self._failing = True
        logger.error("events wait in memory (%d): %s", len(self._held), error)

    def _recovered(self) -> None:
        if not self._failing:
            return
        self._failing = False
        self.health(
            HealthEvent(
                kind=HealthKind.DELIVERY_FAILING,
                ok=True,
                at=self._clock.now(),
                detail="the outbox takes events again; nothing was lost",
            )
        )


def _ignored(_event: HealthEvent) -> None:
    """Tell nobody."""
