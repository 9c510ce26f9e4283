"""What a camera remembers over a restart: its places and its open events."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vision.core.errors import VisionError
from vision.core.health import HealthEvent, HealthKind
from vision.core.memory import CameraMemory, pack, unpack
from vision.core.ports import Clock, HealthListener
from vision.pipeline.memory_disk import read_memory, write_memory

logger = logging.getLogger(__name__)

_VERSION = 1
_MOST_LEFT = 8  # parts that nobody owns any more: two generations of four rules


@dataclass(frozen=True, slots=True)
class Remembered:
    """One part that has a memory.

    Attributes:
        name: unique within the camera.
        dump: returns plain, JSON-ready values and `Picture`s.
        restore: takes what `dump` returned, None in place of a picture that is lost;
            raises AttributeError, KeyError, TypeError, ValueError or VisionError for
            anything else.
    """

    name: str
    dump: Callable[[], object]
    restore: Callable[[object], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How the parts stand to the last run.

    Attributes:
        behind: names of those that may have done more than they remember: all after a
            crash, else those that the last run went without.
        absent: names of those that the last run went without, if there was one.
    """

    behind: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()


class MemoryFile:
    """Keeps one camera's memory in a file, written atomically every few seconds.

    Its pictures lie beside it (`memory_disk`) and are written when they are new.

    A crash loses at most `every_s` of memory: places found again then continue, and
    `load` tells who may have done more than is remembered. What nobody owns in this
    run (a rule that was taken out) is kept as it is: who comes back goes on.
    """

    def __init__(
        self,
        path: Path,
        parts: tuple[Remembered, ...],
        *,
        clock: Clock,
        on_health: HealthListener,
        every_s: float = 10.0,
        on_saved: Callable[[CameraMemory], None] | None = None,
    ) -> None:
        """Name the file.

        Args:
            path: where; its folder is made.
            parts: what has a memory.
            clock: monotonic time.
            on_health: told when the file cannot be read or written.
            every_s: shortest time between two saves by `tick`, seconds.
            on_saved: given what is saved, also when it could not be written.
        """
        self._path = path
        self._on_saved = on_saved
        self._parts = parts
        self._clock = clock
        self._on_health = on_health
        self._every_s = every_s
        self._saved_s = clock.monotonic_s()
        self._failing = False
        self._left: dict[str, object] = {}

    def load(self) -> Loaded:
        """Give every part its memory back; a damaged file is set aside.

        Then none gets any: a place whose rule has forgotten its event would open that
        event a second time, under the same id.
        """
        try:
            memory = read_memory(self._path)
        except FileNotFoundError:
            return Loaded()
        except OSError as error:
            self._set_aside(str(error))
            return Loaded()
        empty = [part.dump() for part in self._parts]
        try:
            record, lost = unpack(memory)
            loaded = self._restore(record)
        except (
            AttributeError,  # a list where a mapping belongs
            KeyError,
            TypeError,
            ValueError,
            VisionError,
        ) as error:
            for part, nothing in zip(self._parts, empty, strict=True):
                part.restore(nothing)
            self._set_aside(f"{type(error).__name__}: {error}")
            return Loaded()
        if lost:
            self._tell_lost(len(lost))
        return loaded

    def forget_left(self) -> None:
        """Keep nothing any longer that nobody owns."""
        self._left = {}

    def tick(self, write: Callable[[Callable[[], None]], None]) -> None:
        """Save if it is time to.

        Args:
            write: does the writing, now or soon, one after the other.
        """
        if self._clock.monotonic_s() - self._saved_s >= self._every_s:
            memory = self._take()
            write(lambda: self._write(memory))

    def save(self, *, ended: bool = False) -> None:
        """Write the memory; a full disk is reported once and tried again later.

        Args:
            ended: nothing will be done any more that this does not remember.
        """
        self._write(self._take(ended=ended))

    def _take(self, *, ended: bool = False) -> CameraMemory:
        """Return the memory as it is now, and hand a copy on."""
        self._saved_s = self._clock.monotonic_s()
        record = {
            "version": _VERSION,
            "ended": ended,
            "parts": {part.name: part.dump() for part in self._parts},
            "left": self._left,
        }
        memory = pack(record)
        if self._on_saved is not None:
            self._on_saved(memory)
        return memory

    def _write(self, memory: CameraMemory) -> None:
        try:
            write_memory(self._path, memory, sync=True)
        except OSError as error:
            self._report(ok=False, detail=f"cannot be written ({error.strerror})")
            return
        self._report(ok=True, detail="is written again")

    def _restore(self, record: object) -> Loaded:
        if not isinstance(record, Mapping) or record["version"] != _VERSION:
            msg = f"expected a memory file of version {_VERSION}"
            raise ValueError(msg)
        # Earlier versions told neither; what was left longest comes first.
        parts, left = record["parts"], record.get("left", {})
        stored = {**left, **parts}
        known = [part for part in self._parts if part.name in stored]
        for part in known:
            part.restore(stored.pop(part.name))
        self._left = dict(list(stored.items())[-_MOST_LEFT:])
        crashed = not record.get("ended", False)
        return Loaded(
            behind=frozenset(p.name for p in known if crashed or p.name in left),
            absent=frozenset(p.name for p in self._parts if p.name not in parts),
        )

    def _set_aside(self, why: str) -> None:
        aside = self._path.with_suffix(".damaged")
        try:
            self._path.replace(aside)
        except OSError:
            aside = self._path
        self._tell(
            ok=False,
            detail=f"{self._path} is damaged ({why}); set aside as {aside.name}; "
            "dwell starts anew at this camera",
        )

    def _tell_lost(self, count: int) -> None:
        self._tell(
            ok=False,
            detail=f"place memory {self._path}: pictures of the view that are missing "
            f"or damaged: {count}; where none is left the next one becomes the "
            "reference view: look whether the zones still lie right",
        )

    def _report(self, *, ok: bool, detail: str) -> None:
        if self._failing is not ok:
            return
        self._failing = not ok
        self._tell(ok=ok, detail=f"place memory {self._path} {detail}")

    def _tell(self, *, ok: bool, detail: str) -> None:
        self._on_health(
            HealthEvent(
                kind=HealthKind.STORE_DAMAGED,
                ok=ok,
                at=self._clock.now(),
                detail=detail,
                camera_id=self._path.stem,
            )
        )
