"""What Prometheus reads about the outbox and the evidence folder."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from vision.core.clock import SystemClock
from vision.core.errors import SinkError
from vision.core.evidence import EvidenceUse
from vision.core.ports import Clock

logger = logging.getLogger(__name__)

_PARTS = ("pictures", "clips", "retention", "first_sights")


class Waiting(Protocol):
    """What one receiver lacks."""

    @property
    def receiver(self) -> str:
        """Its name, without secrets."""
        ...

    @property
    def due(self) -> int:
        """Messages that wait for it."""
        ...

    @property
    def files(self) -> int:
        """Of those, the ones of which files alone are left."""
        ...

    @property
    def dead(self) -> int:
        """Messages it refused for good."""
        ...

    @property
    def size_bytes(self) -> int:
        """Text of those that wait."""
        ...

    @property
    def oldest_at(self) -> float | None:
        """When the oldest of those was kept, POSIX seconds, or None."""
        ...


class StoreCollector(Collector):
    """Asks the stores at the moment of the scrape."""

    def __init__(
        self,
        waiting: Callable[[], Sequence[Waiting]],
        use: Callable[[], EvidenceUse] | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        """Name who is asked.

        Args:
            waiting: the outbox's receivers; may raise `SinkError`.
            use: the evidence store, if this process keeps it.
            clock: wall time, for ages.
        """
        self._waiting = waiting
        self._use = use
        self._clock = SystemClock() if clock is None else clock

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._outbox()
        if self._use is not None:
            yield from self._evidence(self._use())

    def _outbox(self) -> Iterator[Metric]:
        count = GaugeMetricFamily(
            "streetwarden_outbox_messages",
            "Messages that wait for a receiver (due), of which files alone are left "
            "(files), or that were refused (dead)",
            labels=("receiver", "state"),
        )
        size = _per_receiver("bytes", "Text of the messages that wait; files apart")
        age = _per_receiver("oldest_seconds", "Age of the oldest message that waits")
        try:
            lines = self._waiting()
        except SinkError as error:
            # A scrape during trouble must still tell the rest.
            logger.debug("outbox not counted: %s", error)
            return
        now = self._clock.now().timestamp()
        for line in lines:
            count.add_metric((line.receiver, "due"), line.due)
            count.add_metric((line.receiver, "files"), line.files)
            count.add_metric((line.receiver, "dead"), line.dead)
            size.add_metric((line.receiver,), line.size_bytes)
            waits_s = 0.0 if line.oldest_at is None else now - line.oldest_at
            age.add_metric((line.receiver,), max(0.0, waits_s))
        yield from (count, size, age)

    @staticmethod
    def _evidence(use: EvidenceUse) -> Iterator[Metric]:
        degraded = GaugeMetricFamily(
            "streetwarden_evidence_degraded",
            "1 while this part of the evidence cannot be kept",
            labels=("part",),
        )
        for part in _PARTS:
            degraded.add_metric((part,), float(part in use.degraded))
        yield degraded
        for name, text, value in (
            (
                "used_bytes",
                "All packages and what is being written",
                use.used_bytes,
            ),
            ("quota_bytes", "What all packages may take", use.quota_bytes),
            ("free_bytes", "Free space on the evidence disk", use.free_bytes),
            ("clips_unwritten", "Clips that wait to be written", use.unwritten_clips),
        ):
            yield GaugeMetricFamily(f"streetwarden_evidence_{name}", text, value=value)


def _per_receiver(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"streetwarden_outbox_{name}", text, labels=("receiver",))
