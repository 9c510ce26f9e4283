"""Where the posts of a cluster run hand in what must not be lost."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from prometheus_client.core import Metric

from vision.bootstrap.enrolment import NodeKeys
from vision.bootstrap.fleet_status import FleetStatus
from vision.bootstrap.handover import LatestEvents, open_events, seals_of
from vision.bootstrap.received import ReceivedEvidence
from vision.cluster.mail import (
    EventLetter,
    FilesLetter,
    HealthLetter,
    KeyLetter,
    MemoryLetter,
    WhyLetter,
)
from vision.cluster.post import Order, Parcel, Sight
from vision.config.home import Home
from vision.core.errors import SinkError
from vision.core.events import ViolationEvent
from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Clock
from vision.pipeline.memory_disk import read_memory, write_memory
from vision.pipeline.reporter import EventListener
from vision.sinks.outbox import Outbox

logger = logging.getLogger(__name__)

SightListener = Callable[[str, int, float], None]
"""Told of a camera's analysed pictures and its media time; quick, must not raise."""


@dataclass(frozen=True, slots=True)
class Onlookers:
    """Who looks on while a cluster watches."""

    on_event: EventListener | None = None
    on_sight: SightListener | None = None


class Desk:
    """The keeper of a cluster run: one outbox, one evidence folder, every memory.

    All of it lies in the home of the machine that started the run, where a run on one
    machine has it, too: either can go on where the other stopped.
    """

    def __init__(
        self,
        home: Home,
        outbox: Outbox,
        *,
        clock: Clock,
        onlookers: Onlookers,
        status: FleetStatus,
        evidence: ReceivedEvidence,
    ) -> None:
        """Take over a home, prepared, and its outbox.

        Args:
            home: of this machine.
            outbox: of this home.
            clock: wall time.
            onlookers: who looks on.
            status: counts what is heard.
            evidence: of this home.
        """
        self._home = home
        self._outbox = outbox
        self._clock = clock
        self._onlookers = onlookers
        self._status = status
        self._evidence = evidence
        self._keys = NodeKeys(home.keys, home.evidence, clock)
        self._latest = LatestEvents(home.evidence)

    def order(self, group: str, cameras: tuple[str, ...]) -> Order:
        """Return the order for a group, with what its cameras remember."""
        memories = {}
        events: list[str] = []
        for camera_id in cameras:
            events += self._latest.of(camera_id)
            try:
                memories[camera_id] = read_memory(self._memory(camera_id))
            except FileNotFoundError:
                continue
            except OSError as error:
                logger.warning("%s: begins without its memory: %s", camera_id, error)
            else:
                events += open_events(memories[camera_id])
        return Order(
            group,
            cameras,
            memories,
            Path.cwd(),
            version("streetwarden"),
            seals_of(self._home.evidence, events),
        )

    def keep(self, parcel: Parcel) -> None:
        """Make a letter durable.

        Raises:
            SinkError: not now; it will be offered again.
        """
        try:
            match parcel.letter:
                case EventLetter(event):
                    self._step(event, parcel.files)
                case FilesLetter():
                    self._late(parcel.letter, parcel.files)
                case HealthLetter(health):
                    self._health(health)
                case KeyLetter(node, public_pem):
                    self._keys.enrol(node, public_pem)
                case MemoryLetter(camera_id, memory):
                    # Not synced, as `_overwrite` is not.
                    write_memory(self._memory(camera_id), memory, sync=False)
                    self._latest.remembered(camera_id)
                case WhyLetter(camera_id, record):
                    _overwrite(self._home.why / f"{camera_id}.json", record)
        except OSError as error:
            msg = f"{self._home.root}: cannot be written ({error.strerror})"
            raise SinkError(msg) from error

    def saw(self, seen: Mapping[str, Sight]) -> None:
        """Take note of how far cameras are."""
        self._status.saw(seen)
        if self._onlookers.on_sight is not None:
            for camera_id, sight in seen.items():
                self._onlookers.on_sight(camera_id, sight.pictures, sight.media_time_s)

    def measured(self, group: str, figures: Sequence[Metric]) -> None:
        """Take note of what the post that watches a group measures now."""
        self._status.measured(group, figures)

    def watched(self, cameras: tuple[str, ...], *, ok: bool, detail: str) -> None:
        """Take note that cameras are not watched, or are again."""
        for camera_id in cameras:
            event = HealthEvent(
                HealthKind.WATCH_LOST,
                ok=ok,
                at=self._clock.now(),
                detail=detail,
                camera_id=camera_id,
            )
            try:
                self._health(event)
            except SinkError as error:
                logger.warning("health event %s not kept: %s", event.kind, error)

    def _step(self, event: ViolationEvent, files: tuple[bytes | None, ...]) -> None:
        event_id = event.violation.event_id
        proof = self._evidence.keep(event_id, event.evidence, files)
        event = replace(event, evidence=proof)
        self._latest.add(event.scene.camera_id, event_id)
        self._outbox.put(event)
        if self._onlookers.on_event is not None:
            self._onlookers.on_event(event)

    def _late(self, letter: FilesLetter, files: tuple[bytes | None, ...]) -> None:
        proof = self._evidence.keep(letter.event_id, letter.evidence, files)
        if letter.announced:
            self._outbox.attach(letter.event_id, proof)

    def _health(self, event: HealthEvent) -> None:
        level = logging.INFO if event.ok else logging.WARNING
        logger.log(level, "%s: %s: %s", event.camera_id, event.kind, event.detail)
        self._outbox.put_health(event)

    def _memory(self, camera_id: str) -> Path:
        return self._home.places / f"{camera_id}.json"


def _overwrite(path: Path, record: bytes) -> None:
    """Replace what a camera said of its state.

    Not synced: after a power cut an older memory, or none, costs dwell only, and
    thousands of cameras say something every few seconds.
    """
    draft = path.with_suffix(".tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(record)
    draft.replace(path)
