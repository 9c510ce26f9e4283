"""Hands events straight to one receiver: for pipes, where nothing can be retried."""

import logging

from vision.core.errors import SinkError
from vision.core.events import ViolationEvent
from vision.core.health import HealthEvent
from vision.sinks.drafts import health_draft, violation_draft
from vision.sinks.receiver import Receiver
from vision.sinks.store import Draft

log = logging.getLogger(__name__)


class _NoProgress:
    """Nothing is remembered between attempts: there is only one."""

    def done(self, step: str) -> bool:
        del step
        return False

    def mark(self, step: str) -> None:
        del step


class DirectSink:
    """`EventSink` without an outbox: `put` returns when the receiver has the event.

    What the receiver cannot take is the caller's to put again.
    """

    def __init__(self, receiver: Receiver) -> None:
        """Deliver to this receiver."""
        self._receiver = receiver

    def put(self, event: ViolationEvent) -> None:
        """Deliver one event now.

        Raises:
            SinkError: the receiver did not take it.
        """
        self._deliver(violation_draft(event))

    def put_health(self, event: HealthEvent) -> None:
        """Deliver one health event now.

        Raises:
            SinkError: the receiver did not take it.
        """
        self._deliver(health_draft(event))

    def close(self, timeout_s: float) -> None:
        """Let go of the receiver; there is nothing to wait for."""
        del timeout_s
        self._receiver.close()

    def _deliver(self, draft: Draft) -> None:
        try:
            self._receiver.deliver(draft.parcel(), _NoProgress())
        except SinkError:
            log.warning("%s did not take %s", self._receiver.name, draft.message_id)
            raise
