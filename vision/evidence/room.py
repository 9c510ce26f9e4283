"""The store's room, kept at every writing: within its quota, and off a full disk."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.ports import Clock
from vision.evidence.disk import free_bytes, make_folder, write_atomically
from vision.evidence.retention import Retention

SEAL_BYTES = 64 << 10  # what manifests and signatures of a step take, at most
_AGAIN_S = 60.0  # a store in which nothing may go is not searched for each event
_SLACK = 50  # a fiftieth of the quota is freed at once, so that searches are few
_PICTURES = 20  # a twentieth of the quota is for pictures only
_PROBE_BYTES = 4096


class Room:
    """Counts what the store takes, and makes room before more is written.

    Over quota the oldest that nobody needs goes first; what would still not fit is
    refused, clips a little before pictures. Searching the store happens beside the
    counting, so that a writer waits for it only when there is no room.
    """

    def __init__(
        self,
        root: Path,
        retention: Retention,
        *,
        clock: Clock,
        min_free_bytes: int,
        busy: Callable[[], Collection[str]],
    ) -> None:
        """Name the parts; nothing is counted yet.

        Args:
            root: the evidence folder.
            retention: deletes, and knows the quota.
            clock: monotonic time between searches.
            min_free_bytes: below this much free disk nothing is written, so that
                events themselves can still be kept.
            busy: tells which events' files must stay.
        """
        self._root = root
        self._retention = retention
        self._clock = clock
        self._min_free_bytes = min_free_bytes
        self._busy = busy
        self._account = threading.Lock()
        self._searching = threading.Lock()
        self._counted: int | None = None
        self._coming = 0
        self._again_s = 0.0
        self._refused = 0

    @property
    def used_bytes(self) -> int:
        """What all packages take, those that are being written included."""
        with self._account:
            return (self._counted or 0) + self._coming

    @contextmanager
    def taken(self, size_bytes: int, *, clip: bool = False) -> Iterator[None]:
        """Hold room while so many bytes are written; they count if that succeeds.

        Args:
            size_bytes: what is to be written, at most.
            clip: it leaves the last of the quota to pictures.

        Raises:
            EvidenceError: there is none, and none can be made.
        """
        self._count_once()
        self._require_disk(size_bytes)
        self._require(size_bytes, clip=clip)
        with self._account:
            self._coming += size_bytes
        written = 0
        try:
            yield
            written = size_bytes
        finally:
            with self._account:
                self._coming -= size_bytes
                self._counted = (self._counted or 0) + written

    def sweep(self) -> int:
        """Apply retention to the whole store; return the bytes that were freed.

        Raises:
            OSError: the store cannot be read or written.
        """
        with self._searching:
            freed = self._retention.sweep(self._busy())
            self._count()
            return freed

    def probe(self) -> None:
        """Write a little and remove it, if what was refused last would fit now.

        Raises:
            EvidenceError: there is no room.
            OSError: the folder cannot be written.
        """
        self._count_once()
        self._require_disk(self._refused)
        self._require(self._refused, clip=False)
        make_folder(self._root)
        probe = self._root / ".probe"
        write_atomically(probe, bytes(_PROBE_BYTES))
        probe.unlink(missing_ok=True)

    def _require_disk(self, size_bytes: int) -> None:
        def lacking() -> int:
            return self._min_free_bytes + size_bytes - free_bytes(self._root)

        if lacking() <= 0 or self._make(
            lambda: lacking() <= 0, lambda: self.used_bytes - 2 * lacking()
        ):
            return
        msg = (
            f"{self._root}: {free_bytes(self._root) >> 20} MiB free, expected at least "
            f"{self._min_free_bytes + size_bytes >> 20} MiB; free space"
        )
        raise EvidenceError(msg)

    def _require(self, size_bytes: int, *, clip: bool) -> None:
        quota = self._retention.quota_bytes
        limit = quota - quota // _PICTURES if clip else quota

        def fits() -> bool:
            return self.used_bytes + size_bytes <= limit

        if fits() or (
            size_bytes <= limit
            and self._make(fits, lambda: limit - size_bytes - limit // _SLACK)
        ):
            return
        if not clip:
            self._refused = size_bytes
        msg = (
            f"{self._root}: {self.used_bytes} of {quota} bytes of the quota are taken "
            f"and {size_bytes} more were wanted; nothing more may be deleted: raise "
            "evidence.keep.quota_gib, or see what waits for delivery or is on hold"
        )
        raise EvidenceError(msg)

    def _make(self, enough: Callable[[], bool], target: Callable[[], int]) -> bool:
        """Delete until the store is as small as asked; return whether it is enough."""
        with self._searching:
            now_s = self._clock.monotonic_s()
            if enough():
                return True  # another made it
            if now_s < self._again_s:
                return False
            with self._account:
                coming = self._coming
            self._retention.shrink(max(0, target() - coming), self._busy())
            self._count()
            if enough():
                return True
            self._again_s = now_s + _AGAIN_S
            return False

    def _count_once(self) -> None:
        """Count what a start found here: what is not counted seems to be nothing."""
        if self._counted is None:
            with self._searching:
                self._count()

    def _count(self) -> None:
        size = self._retention.size()
        with self._account:
            self._counted = size
