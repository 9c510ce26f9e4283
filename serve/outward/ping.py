"""A test message to one webhook, and what came back."""

import json
import secrets
import threading
from dataclasses import dataclass

from serve.errors import Conflict, Unavailable
from serve.message_types import PING, PREFIX
from serve.outward.attempt import Outcome, Outgoing
from serve.outward.subscriptions import WEBHOOK, SubscriptionStore
from serve.outward.webhooks import WebhookSender
from vision.core.ports import Clock

AT_ONCE = 4  # each may take as long as an attempt
CHANCE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Echo:
    """What a test message came to.

    Attributes:
        message_id: under which it was sent.
        duration_s: until the answer or the failure, seconds.
        outcome: as of any attempt.
    """

    message_id: str
    duration_s: float
    outcome: Outcome


class Pinger:
    """Sends test messages beside the queue: nothing waits for them or is counted."""

    def __init__(
        self, subscriptions: SubscriptionStore, clock: Clock, *, allow_private: bool
    ) -> None:
        """Use the subscriptions' addresses and secrets, as deliveries do."""
        self._subscriptions = subscriptions
        self._clock = clock
        self._allow_private = allow_private
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def ping(self, number: int) -> Echo:
        """Send one message of the type `PING`, also to one that is switched off.

        Raises:
            NotFound: there is no such subscription.
            Conflict: it is no webhook.
            Unavailable: too many are on their way.
        """
        kind = self._subscriptions.get(number).kind
        if kind != WEBHOOK:
            msg = f"subscription {number}: got one of kind {kind}, expected {WEBHOOK}"
            raise Conflict(msg)
        if not self._room.acquire(blocking=False):
            msg = f"ping: {AT_ONCE} are waiting for their answers; come again"
            raise Unavailable(msg)
        try:
            return self._send(number)
        finally:
            self._room.release()

    def _send(self, number: int) -> Echo:
        outgoing = self._message(number)
        sender = WebhookSender(
            self._subscriptions, self._clock, allow_private=self._allow_private
        )
        begun_s = self._clock.monotonic_s()
        outcome = sender.send(outgoing)
        duration_s = self._clock.monotonic_s() - begun_s
        return Echo(outgoing.message_id, duration_s, outcome)

    def _message(self, number: int) -> Outgoing:
        message_id = f"ping-{number}-{secrets.token_hex(CHANCE_BYTES)}"
        subject = f"subscriptions/{number}"
        body = json.dumps(
            {
                "specversion": "1.0",
                "type": PREFIX + PING,
                "id": message_id,
                "source": "/subscriptions",
                "subject": subject,
                "time": self._clock.now().isoformat(),
                "datacontenttype": "application/json",
                "data": {"subscription": number},
            }
        )
        return Outgoing(0, number, message_id, PREFIX + PING, subject, body)
