"""Carries what is queued to its subscribers."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from serve.outward.queue import DeliveryQueue, Outcome, Outgoing

AT_ONCE = 8
logger = logging.getLogger(__name__)


class Sender(Protocol):
    """One way of delivering."""

    def send(self, outgoing: Outgoing) -> Outcome:
        """Try once; every failure is an outcome."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class Dispatcher:
    """Queues what is new and sends what is due, several at once."""

    def __init__(self, queue: DeliveryQueue, senders: Mapping[str, Sender]) -> None:
        """Use this queue; `senders` are by kind of subscription."""
        self._queue = queue
        self._senders = senders
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deliver")

    def run(self) -> int:
        """Do what there is to do now; return how much it was.

        The claims of one round are of different events or subscribers, so they can
        go at the same time without changing the order of any event's messages.
        """
        if self._queue.is_idle():
            return 0
        done = self._queue.fan_out()
        for kind, sender in self._senders.items():
            claimed = self._queue.claim([kind], limit=AT_ONCE)
            done += len(claimed)
            futures = [self._pool.submit(_attempt, sender, one) for one in claimed]
            for outgoing, future in zip(claimed, futures, strict=True):
                self._queue.settle(outgoing.delivery, future.result())
        return done

    def close(self) -> None:
        """Finish what is in hand and let go of everything."""
        self._pool.shutdown()
        for sender in self._senders.values():
            sender.close()


def _attempt(sender: Sender, outgoing: Outgoing) -> Outcome:
    """Return what came of an attempt; what nobody expected is a failure as well.

    Else the others of the round would be sent and never settled, and so sent again.
    """
    try:
        return sender.send(outgoing)
    except Exception as error:  # the edge of the thread: each attempt has an outcome
        logger.exception("delivery %d failed unexpectedly", outgoing.delivery)
        return Outcome(ok=False, error=type(error).__name__)
