"""First pictures of what a vehicle passed: they wait on the disk for its next pass."""

import logging
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from vision.core.ports import Clock
from vision.evidence.disk import TEMPORARY, free_bytes, make_folder, write_atomically
from vision.evidence.sight import Key, Sight
from vision.evidence.sight_file import from_bytes, to_bytes
from vision.evidence.trouble import Cause, Trouble

log = logging.getLogger(__name__)

_SUFFIX = ".sight"
_NOTED_S = 86_400.0  # how exactly a file tells when its place was passed


@dataclass(frozen=True, slots=True)
class PassedPolicy:
    """Where first pictures of what vehicles passed are kept, and how many.

    Attributes:
        folder: for them alone.
        max_bytes: of all cameras together; then the oldest goes. One camera remembers
            some 2,000 places, of a megabyte each at 1080p.
        keep_for: how long they wait for another pass: as long as the memory of places,
            30 days, and a day, because the latest pass is noted to a day.
    """

    folder: Path
    max_bytes: int = 2 << 30
    keep_for: timedelta = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class _Held:
    """What is known of one file: its size, and when its place was passed, POSIX."""

    size_bytes: int
    passed_s: float


class PassedSights:
    """One file for each place; what was not passed for longest is the first to go.

    Each run takes up what it finds. A file that is damaged or gone costs this one
    picture. Any thread may call.
    """

    def __init__(
        self, policy: PassedPolicy, *, clock: Clock, trouble: Trouble, min_free: int
    ) -> None:
        """Take up what earlier runs kept.

        Args:
            policy: where, and how many.
            clock: wall time.
            trouble: told when they cannot be written, and when they can again.
            min_free: free bytes that must stay on the disk.
        """
        self._policy = policy
        self._clock = clock
        self._trouble = trouble
        self._min_free = min_free
        self._lock = threading.Lock()
        self._held: dict[Key, _Held] = {}  # what was passed last comes last
        self._bytes = 0
        try:
            self._take_up()
        except OSError as error:
            log.warning(
                "%s: first pictures of earlier passes cannot be read (%s)",
                policy.folder,
                error,
            )

    @property
    def size_bytes(self) -> int:
        """What all files take."""
        return self._bytes

    def has(self, key: Key) -> bool:
        """Return whether a place's first picture is kept."""
        return key in self._held

    def keep(self, key: Key, sight: Sight) -> bool:
        """Write a place's first picture; return whether that succeeded.

        Raises:
            EvidenceError: the picture cannot be encoded.
        """
        path, kept = self._path(key), to_bytes(sight, key[1])
        now_s = self._clock.now().timestamp()
        try:
            self._make_room(len(kept))
            make_folder(path.parent)
            write_atomically(path, kept)
            os.utime(path, (now_s, now_s))
        except OSError as error:
            detail = f"{path}: no first picture for the next pass ({error}); free space"
            self._trouble.begin(Cause.FIRST_SIGHTS, detail)
            return False
        with self._lock:
            self._note(key, _Held(len(kept), now_s))
        self._trouble.end(Cause.FIRST_SIGHTS)
        return True

    def read(self, key: Key) -> Sight | None:
        """Return a place's first picture, or None if there is none that is whole."""
        if key not in self._held:
            return None
        path = self._path(key)
        try:
            return from_bytes(path.read_bytes())
        except OSError as error:
            self._drop(key)  # the next run tries again
            reason = str(error)
        except (KeyError, TypeError, ValueError) as error:
            self.forget((key,))
            reason = repr(error)
        log.warning(
            "%s: damaged or gone (%s); the events of this place go without the "
            "picture of the first pass",
            path,
            reason,
        )
        return None

    def pass_again(self, keys: Iterable[Key]) -> list[Key]:
        """Note that places are still passed; return those whose files should say so."""
        now_s = self._clock.now().timestamp()
        stale = []
        with self._lock:
            for key in keys:
                held = self._held.get(key)
                if held is not None and now_s - held.passed_s >= _NOTED_S:
                    del self._held[key]
                    self._held[key] = replace(held, passed_s=now_s)
                    stale.append(key)
        return stale

    def date(self, keys: Iterable[Key]) -> None:
        """Have files say when their places were passed last."""
        for key in keys:
            held = self._held.get(key)
            if held is not None:
                with suppress(OSError):  # it goes sooner then
                    os.utime(self._path(key), (held.passed_s, held.passed_s))

    def forget(self, keys: Iterable[Key]) -> None:
        """Delete the pictures of places that are known no more."""
        for key in keys:
            if self._drop(key):
                with suppress(OSError):  # the next run finds it, and lets it go in time
                    self._path(key).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what waited too long."""
        old_s = (self._clock.now() - self._policy.keep_for).timestamp()
        with self._lock:
            old = [key for key, held in self._held.items() if held.passed_s < old_s]
        self.forget(old)

    def _make_room(self, size_bytes: int) -> None:
        """Let what was not passed for longest go until one more fits.

        Raises:
            OSError: the disk is full.
        """
        with self._lock:
            over = self._bytes + size_bytes - self._policy.max_bytes
            oldest = []
            for key, held in self._held.items():
                if over <= 0:
                    break
                oldest.append(key)
                over -= held.size_bytes
        self.forget(oldest)
        free = free_bytes(self._policy.folder)
        if free < self._min_free + size_bytes:
            msg = f"{free >> 20} MiB free, expected at least {self._min_free >> 20} MiB"
            raise OSError(msg)

    def _take_up(self) -> None:
        found = []
        for file in self._policy.folder.glob("*/*"):
            if file.suffix == _SUFFIX:
                found.append((file.stat(), (file.parent.name, file.stem)))
            elif file.suffix == TEMPORARY:
                file.unlink()  # a crash left it
        for stat, key in sorted(found, key=lambda one: one[0].st_mtime):
            self._note(key, _Held(stat.st_size, stat.st_mtime))

    def _drop(self, key: Key) -> bool:
        """Know of a file no longer; return whether it was known."""
        with self._lock:
            held = self._held.pop(key, None)
            self._bytes -= 0 if held is None else held.size_bytes
        return held is not None

    def _note(self, key: Key, held: _Held) -> None:
        self._held[key] = held
        self._bytes += held.size_bytes

    def _path(self, key: Key) -> Path:
        camera_id, place_id = key
        return self._policy.folder / camera_id / f"{place_id}{_SUFFIX}"
