"""Carries what is queued to its subscribers."""

import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from serve.errors import NotFound
from serve.outward.attempt import Outcome, Outgoing
from serve.outward.queue import DeliveryQueue

AT_ONCE = 32
EACH = 8  # of one subscriber
WAIT_S = 0.2
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
    """Queues what is new and sends what is due, several at once.

    Nobody waits for a slow subscriber but its own messages: each has as many sendings
    on their way as are allowed for one, and those of the others go on beside them.
    """

    def __init__(self, queue: DeliveryQueue, senders: Mapping[str, Sender]) -> None:
        """Use this queue; `senders` are by kind of subscription."""
        self._queue = queue
        self._senders = senders
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deliver")
        self._on_way: dict[Future[Outcome], Outgoing] = {}

    def run(self) -> int:
        """Do what there is to do now; return how much it was, 0 for "no more".

        The claims are of different events or subscribers, so they can go at the same
        time without changing the order of any event's messages.
        """
        done = self._settle(timeout_s=0)
        if not self._queue.is_idle():
            done += self._queue.fan_out()
            done += sum(self._send(kind) for kind in self._senders)
        if not done and self._on_way:
            self._settle(timeout_s=WAIT_S)
            return len(self._on_way) + 1
        return done

    def _send(self, kind: str) -> int:
        taken = Counter(one.subscription for one in self._on_way.values())
        room = AT_ONCE - len(self._on_way)
        claimed = self._queue.claim([kind], limit=room, each=EACH, taken=taken)
        for one in claimed:
            future = self._pool.submit(_attempt, self._senders[kind], one)
            self._on_way[future] = one
        return len(claimed)

    def _settle(self, timeout_s: float) -> int:
        """Write down what is finished, after waiting for the first that is."""
        arrived = wait(self._on_way, timeout_s, FIRST_COMPLETED).done
        for future in arrived:
            self._queue.settle(self._on_way[future].delivery, future.result())
            del self._on_way[future]
        return len(arrived)

    def close(self) -> None:
        """Finish what is in hand and let go of everything."""
        self._pool.shutdown()
        try:
            self._settle(timeout_s=0)
        except SQLAlchemyError as error:
            logger.warning(
                "%d sendings cannot be noted (%s) and are sent again at the next start",
                len(self._on_way),
                type(error.__cause__ or error).__name__,
            )
        for sender in self._senders.values():
            sender.close()


def _attempt(sender: Sender, outgoing: Outgoing) -> Outcome:
    """Return what came of an attempt; what nobody expected is a failure as well.

    Else the others of the round would be sent and never settled, and so sent again.
    """
    try:
        return sender.send(outgoing)
    except NotFound:
        return Outcome(ok=False, error="there is no such subscription any more")
    except Exception as error:  # the edge of the thread: each attempt has an outcome
        logger.exception("delivery %d failed unexpectedly", outgoing.delivery)
        return Outcome(ok=False, error=type(error).__name__)
