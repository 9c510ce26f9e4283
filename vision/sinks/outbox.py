"""Events kept on disk until every receiver has them."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from vision.core.clock import SystemClock
from vision.core.events import ViolationEvent
from vision.core.evidence import Evidence
from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Clock, HealthListener
from vision.sinks import letters
from vision.sinks.dispatcher import Dispatcher
from vision.sinks.drafts import files_draft, health_draft, violation_draft
from vision.sinks.guarded import Damage
from vision.sinks.lanes import RetryPolicy
from vision.sinks.receiver import Receiver
from vision.sinks.store import Draft, MessageStore

log = logging.getLogger(__name__)

_HOUSEKEEPING_S = 600.0
_MOST_NAMED = 5  # lost messages in a health event


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long messages stay after every receiver has them.

    Undelivered messages and dead letters are never removed.

    Attributes:
        delivered_for: age at which a delivered message goes.
        delivered_count: more delivered messages than this go whatever their age.
    """

    delivered_for: timedelta = timedelta(days=7)
    delivered_count: int = 20_000


class Outbox:
    """Durable `EventSink`: `put` returns when the event is on disk.

    Delivery runs in the background, at least once, in order per place; receivers
    tell doubles by the message id.
    """

    def __init__(
        self,
        path: Path,
        receivers: Sequence[Receiver],
        *,
        clock: Clock | None = None,
        on_health: HealthListener | None = None,
        policy: RetryPolicy | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        """Open the file and begin delivering.

        Args:
            path: the SQLite file; made if missing, set aside if damaged.
            receivers: each gets every message that is put from now on.
            clock: wall and monotonic time.
            on_health: told of damage and of failing receivers. The outbox keeps
                these events itself; a listener that puts them again does no harm.
            policy: how patiently receivers are tried.
            keeping: how long delivered messages stay.

        Raises:
            SinkError: the file cannot be opened or made.
        """
        self._clock = SystemClock() if clock is None else clock
        self._on_health = on_health
        self._keeping = Keeping() if keeping is None else keeping
        self._damage: list[Damage] = []
        self._opened = False
        self._closed = threading.Event()
        self._tidy_at_s = self._clock.monotonic_s()
        self._store = MessageStore(
            path,
            [receiver.name for receiver in receivers],
            clock=self._clock,
            on_damage=self._damaged,
        )
        self._opened = True
        self._dispatcher = Dispatcher(
            receivers,
            self._store,
            clock=self._clock,
            policy=RetryPolicy() if policy is None else policy,
            on_state=self._receiver_state,
        )
        self._dispatcher.start()
        self._report_damage()

    @property
    def store(self) -> MessageStore:
        """The messages, for counting and looking after."""
        return self._store

    def put(self, event: ViolationEvent) -> None:
        """Keep one event; a message id that is known already changes nothing.

        Raises:
            SinkError: it could not be made durable.
        """
        self._add(violation_draft(event))

    def put_health(self, event: HealthEvent) -> None:
        """Keep one health event; the same event twice is kept once.

        Raises:
            SinkError: it could not be made durable.
        """
        self._add(health_draft(event))

    def attach(self, event_id: str, evidence: Evidence) -> None:
        """Keep evidence that came after its event (a clip ends with its post-roll).

        Args:
            event_id: the violation; its own messages go first.
            evidence: the new files.

        Raises:
            SinkError: it could not be made durable.
        """
        if not evidence.artifacts:
            return
        lane = self._store.lane_of(event_id) or event_id
        at = self._clock.now()
        self._add(files_draft(event_id, evidence, lane=lane, at=at))

    def waiting(self) -> list[letters.Waiting]:
        """Return what each receiver lacks; grows without bound while it is away."""
        return letters.waiting(self._store)

    def undelivered_events(self) -> set[str]:
        """Return the events whose files some receiver may still ask for."""
        return letters.undelivered_events(self._store)

    def close(self, timeout_s: float) -> None:
        """Deliver what can be delivered in `timeout_s`, then stop."""
        if self._closed.is_set():
            return
        self._closed.set()
        begun_s = self._clock.monotonic_s()
        if not self._dispatcher.drain(timeout_s):
            log.info("outbox closes with messages still waiting; they are kept")
        left_s = timeout_s - (self._clock.monotonic_s() - begun_s)
        self._dispatcher.stop(max(0.5, left_s))
        self._store.close()

    def _add(self, draft: Draft) -> None:
        if self._store.add(draft):
            self._dispatcher.wake()
        self._report_damage()
        self._tidy()

    def _tidy(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s < self._tidy_at_s:
            return
        self._tidy_at_s = now_s + _HOUSEKEEPING_S
        self._store.refill_reserve()
        oldest = self._clock.now() - self._keeping.delivered_for
        removed = letters.prune(
            self._store,
            before=oldest.timestamp(),
            keep=self._keeping.delivered_count,
        )
        if removed:
            log.info("outbox: %d delivered messages removed", removed)

    def _damaged(self, damage: Damage) -> None:
        self._damage.append(damage)
        # While the file is being opened there is nothing yet to put the news into.
        if self._opened:
            self._report_damage()

    def _report_damage(self) -> None:
        while self._damage:
            damage = self._damage.pop()
            detail = (
                f"outbox was damaged and set aside as {damage.moved_to.name}; "
                f"{damage.salvaged} messages were saved from it{_lost(damage)}; keep "
                "the file and check the disk"
            )
            self._tell(HealthKind.STORE_DAMAGED, ok=False, detail=detail)

    def _receiver_state(self, receiver: str, *, ok: bool, detail: str) -> None:
        self._tell(
            HealthKind.DELIVERY_FAILING, ok=ok, detail=f"receiver {receiver}: {detail}"
        )

    def _tell(self, kind: HealthKind, *, ok: bool, detail: str) -> None:
        event = HealthEvent(kind=kind, ok=ok, at=self._clock.now(), detail=detail)
        self.put_health(event)
        if self._on_health is not None:
            self._on_health(event)


def _lost(damage: Damage) -> str:
    """Return which messages a damaged file could not give back, in words."""
    if not damage.lost:
        return ""
    more = len(damage.lost) - _MOST_NAMED
    named = ", ".join(damage.lost[:_MOST_NAMED])
    return f", {len(damage.lost)} not: {named}" + (f" and {more} more" * (more > 0))
