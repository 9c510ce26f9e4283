"""A post: one process on some node that watches one group of cameras."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from vision.cluster.mail import Letter, Mailbox, evidence_of
from vision.core.errors import (
    ConfigError,
    EvidenceError,
    ModelError,
    SinkError,
    VisionError,
)
from vision.core.memory import CameraMemory

logger = logging.getLogger(__name__)

_FIGURES_S = 10.0  # how often metrics travel; what scrapes comes less often
_FAMILIES: tuple[type[VisionError], ...] = (
    ConfigError,
    ModelError,
    EvidenceError,
    SinkError,
)


class Stage(IntEnum):
    """How far a post has come; it never goes back."""

    BUILDING = 0
    WATCHING = 1
    RELEASED = 2  # cameras and memories may be taken over; clips are still sealed
    ENDED = 3


@dataclass(frozen=True, slots=True)
class Seal:
    """The newest seal of an event's package, wherever it was made.

    Attributes:
        manifest: its bytes.
        signature: likewise; None: it is not signed.
    """

    manifest: bytes
    signature: bytes | None


@dataclass(frozen=True, slots=True)
class Order:
    """What a post is to watch.

    Attributes:
        group: its name.
        cameras: their ids.
        memories: what is remembered of them, as `MemoryLetter.memory`.
        folder: where relative paths begin; the same on every node.
        version: of this package, as the one who orders has it.
        seals: of events that may go on, by event id.
    """

    group: str
    cameras: tuple[str, ...]
    memories: Mapping[str, CameraMemory]
    folder: Path
    version: str
    seals: Mapping[str, Seal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a post, or a whole run, did; fields as on the engine's summary."""

    frames: int = 0
    steps: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)

    def plus(self, other: "Outcome") -> "Outcome":
        """Return both together."""
        return Outcome(
            self.frames + other.frames,
            self.steps + other.steps,
            {**self.failed, **other.failed},
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """The latest picture of a camera: its running number and its media time."""

    pictures: int
    media_time_s: float


@dataclass(frozen=True, eq=False, slots=True)
class Parcel:
    """A letter with its number and its evidence's bytes.

    Attributes:
        number: to be acknowledged.
        letter: what is said.
        files: of its artifacts, in order; None for one that cannot be read any more.
    """

    number: int
    letter: Letter
    files: tuple[bytes | None, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Delivery:
    """What a post says when it is asked.

    Attributes:
        stage: how far it has come; its letters up to there are in `parcels`.
        parcels: in order.
        more: whether there are more letters than fit.
        seen: latest picture by camera.
        figures: metrics as they are now; empty where they were told a moment ago.
        error: why it ended, None if as it should.
        outcome: what it did; complete with `ENDED`.
    """

    stage: Stage
    parcels: tuple[Parcel, ...] = ()
    more: bool = False
    seen: Mapping[str, Sight] = field(default_factory=dict)
    figures: tuple[Metric, ...] = ()
    error: VisionError | None = None
    outcome: Outcome = field(default_factory=Outcome)


class Log(Protocol):
    """Where the watching code says how far it is; any thread."""

    def reached(self, stage: Stage) -> None:
        """Say that a stage is reached."""
        ...

    def saw(self, camera_id: str, media_time_s: float) -> None:
        """Say that a picture was analysed."""
        ...

    def measured_in(self, registry: CollectorRegistry) -> None:
        """Say where the metrics of this post are."""
        ...


Watching = Callable[[Order, Mailbox, threading.Event, Log], Outcome]
"""Watches an order's cameras until the event is set or their files end.

Raises VisionError when it cannot, before `WATCHING` for what is wrong with the node.
Must be picklable: it travels to the node.
"""


class Post:
    """Runs the watching in a thread of its own and answers for it.

    Lives in a process of its own, whose only thread of this kind it is.
    """

    def __init__(self, watching: Watching, order: Order) -> None:
        """Begin."""
        self._watching = watching
        self._order = order
        self._mailbox = Mailbox()
        self._stop = threading.Event()
        self._stage = Stage.BUILDING
        self._seen: dict[str, Sight] = {}
        self._figures: tuple[Metric, ...] = ()
        self._error: VisionError | None = None
        self._outcome = Outcome()
        threading.Thread(target=self._run, name=order.group, daemon=True).start()

    def take(self, heard: int, wait_s: float) -> Delivery:
        """Return what there is to say; see `Mailbox.take` for the arguments."""
        # The stage first: letters written before it was reached are then among these.
        stage, error, outcome = self._stage, self._error, self._outcome
        letters, more = self._mailbox.take(
            heard, 0.0 if stage is Stage.ENDED else wait_s
        )
        parcels = tuple(
            Parcel(number, letter, _files(letter)) for number, letter in letters
        )
        seen, figures, self._figures = dict(self._seen), self._figures, ()
        return Delivery(stage, parcels, more, seen, figures, error, outcome)

    def stop(self) -> None:
        """Ask for the end; it is reached when the stage says so."""
        self._stop.set()

    def reached(self, stage: Stage) -> None:
        """Say that a stage is reached."""
        self._stage = stage

    def saw(self, camera_id: str, media_time_s: float) -> None:
        """Say that a picture was analysed."""
        before = self._seen.get(camera_id)
        count = 1 if before is None else before.pictures + 1
        self._seen[camera_id] = Sight(count, media_time_s)

    def measured_in(self, registry: CollectorRegistry) -> None:
        """Say where the metrics of this post are."""
        threading.Thread(target=self._measure, args=(registry,), daemon=True).start()

    def _measure(self, registry: CollectorRegistry) -> None:
        # Not in `take`: to be counted, the engine may wait for an event to be heard.
        while self._stage < Stage.RELEASED:
            self._figures = tuple(registry.collect())
            time.sleep(_FIGURES_S)

    def _run(self) -> None:
        try:
            _require_version(self._order.version)
            self._outcome = self._watching(self._order, self._mailbox, self._stop, self)
        except VisionError as error:
            self._error = _portable(error)
        except Exception as error:  # a thread's edge: its end must be seen
            logger.exception("post %s failed", self._order.group)
            self._error = VisionError(f"{type(error).__name__}: {error}")
        finally:
            self._stage = Stage.ENDED


def _require_version(wanted: str) -> None:
    here = version("streetwarden")
    if here != wanted:
        msg = (
            f"streetwarden {here} is installed here, {wanted} where the run was "
            "started; install the same version on every node"
        )
        raise ConfigError(msg)


def _portable(error: VisionError) -> VisionError:
    """Return an error that any version can unpickle."""
    family = next((kind for kind in _FAMILIES if isinstance(error, kind)), VisionError)
    return family(str(error))


def _files(letter: Letter) -> tuple[bytes | None, ...]:
    return tuple(_bytes(artifact.path) for artifact in evidence_of(letter).artifacts)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        logger.warning("%s cannot be sent: %s", path, error.strerror)
        return None
