"""What a watching process has to say, kept until it was heard."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from vision.core.errors import SinkUnavailableError
from vision.core.events import ViolationEvent
from vision.core.evidence import Evidence
from vision.core.health import HealthEvent
from vision.core.memory import CameraMemory

_MOST_HEALTH = 1_000
_MOST_FILES = 10_000
_MOST_BYTES = 64 << 20  # in one delivery; a single larger letter goes alone


@dataclass(frozen=True, eq=False, slots=True)
class EventLetter:
    """A step of a violation."""

    event: ViolationEvent


@dataclass(frozen=True, eq=False, slots=True)
class FilesLetter:
    """Evidence that came after its event.

    Attributes:
        event_id: the event.
        evidence: the files.
        announced: whether receivers are to get them, too; else they are only kept.
    """

    event_id: str
    evidence: Evidence
    announced: bool = True


@dataclass(frozen=True, slots=True)
class HealthLetter:
    """A state that a person should know of."""

    event: HealthEvent


@dataclass(frozen=True, slots=True)
class MemoryLetter:
    """What a camera remembers now; replaces what it said before."""

    camera_id: str
    memory: CameraMemory


@dataclass(frozen=True, slots=True)
class WhyLetter:
    """What a camera has not opened now, and why; replaces what it said before."""

    camera_id: str
    record: bytes


@dataclass(frozen=True, slots=True)
class KeyLetter:
    """The public key (PEM) with which this node seals; comes before all evidence."""

    node: str
    public_pem: bytes


Letter: TypeAlias = (
    EventLetter | FilesLetter | HealthLetter | MemoryLetter | WhyLetter | KeyLetter
)


def evidence_of(letter: Letter) -> Evidence:
    """Return the files that travel with a letter."""
    match letter:
        case EventLetter():
            return letter.event.evidence
        case FilesLetter():
            return letter.evidence
        case HealthLetter() | MemoryLetter() | WhyLetter() | KeyLetter():
            return Evidence()


@dataclass(slots=True)
class _Pending:
    number: int
    letter: Letter
    heard: threading.Event = field(default_factory=threading.Event)


class Mailbox:
    """Letters in order, each handed out again until its number is acknowledged.

    Written by the watching threads, emptied by one reader elsewhere. What has been
    acknowledged is safe there; nothing else may be relied on.
    """

    def __init__(self, *, patience_s: float = 10.0) -> None:
        """Begin empty; `patience_s` is how long `deliver` waits for the reader."""
        self._patience_s = patience_s
        self._news = threading.Condition()
        self._pending: deque[_Pending] = deque()
        self._last = 0

    def deliver(self, event: ViolationEvent) -> None:
        """Wait until a step was heard.

        Raises:
            SinkUnavailableError: not in time; it may have been heard all the same,
                and delivering it again does no harm.
        """
        with self._news:
            pending = self._known(event) or self._append(EventLetter(event))
        if pending.heard.wait(self._patience_s):
            return
        msg = (
            f"cluster: nobody took the event within {self._patience_s:g} s; the "
            "machine that keeps events is away or busy"
        )
        raise SinkUnavailableError(msg)

    def post(
        self,
        letter: FilesLetter | HealthLetter | MemoryLetter | WhyLetter | KeyLetter,
    ) -> None:
        """Leave a letter without waiting; where there are too many the oldest goes."""
        with self._news:
            if isinstance(letter, MemoryLetter | WhyLetter):
                kind, camera_id = type(letter), letter.camera_id
                self._keep(
                    lambda one: not isinstance(one, kind) or one.camera_id != camera_id
                )
            self._make_room(letter)
            self._append(letter)

    def take(self, heard: int, wait_s: float) -> tuple[list[tuple[int, Letter]], bool]:
        """Return what waits, in order, with numbers, and whether that is not all.

        Args:
            heard: the last number that is safe with the reader; it and all before it
                are forgotten here.
            wait_s: how long to wait for a letter when there is none.
        """
        with self._news:
            while self._pending and self._pending[0].number <= heard:
                self._pending.popleft().heard.set()
            if not self._pending and wait_s > 0:
                self._news.wait(wait_s)
            taken: list[tuple[int, Letter]] = []
            size = 0
            for one in self._pending:
                files = evidence_of(one.letter).artifacts
                size += sum(file.size_bytes for file in files)
                if taken and size > _MOST_BYTES:
                    return taken, True
                taken.append((one.number, one.letter))
            return taken, False

    def wait_until_heard(self, timeout_s: float) -> bool:
        """Wait until nothing is left; return whether that came true."""
        ends_s = time.monotonic() + timeout_s
        while (left := self._latest()) is not None:
            if not left.heard.wait(max(0.0, ends_s - time.monotonic())):
                return False
        return True

    def events_waiting(self) -> set[str]:
        """Return the events whose files are still needed here."""
        with self._news:
            letters = [one.letter for one in self._pending]
        return {
            one.event_id
            if isinstance(one, FilesLetter)
            else one.event.violation.event_id
            for one in letters
            if isinstance(one, EventLetter | FilesLetter)
        }

    def _latest(self) -> _Pending | None:
        with self._news:
            return self._pending[-1] if self._pending else None

    def _known(self, event: ViolationEvent) -> _Pending | None:
        for one in self._pending:
            if isinstance(one.letter, EventLetter) and one.letter.event is event:
                return one
        return None

    def _append(self, letter: Letter) -> _Pending:
        self._last += 1
        pending = _Pending(self._last, letter)
        self._pending.append(pending)
        self._news.notify_all()
        return pending

    def _make_room(self, letter: Letter) -> None:
        most = {HealthLetter: _MOST_HEALTH, FilesLetter: _MOST_FILES}.get(type(letter))
        if most is None:
            return
        same = [one for one in self._pending if type(one.letter) is type(letter)]
        if len(same) >= most:
            self._pending.remove(same[0])

    def _keep(self, wanted: Callable[[Letter], bool]) -> None:
        self._pending = deque(one for one in self._pending if wanted(one.letter))
