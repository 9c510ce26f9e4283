"""Where evidence that posts send comes to lie, within the site's quota."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vision.core.errors import EvidenceError, VisionError
from vision.core.evidence import Evidence, EvidenceUse
from vision.core.ports import Clock
from vision.evidence.disk import free_bytes
from vision.evidence.incoming import Incoming
from vision.evidence.retention import Retention
from vision.evidence.room import Room
from vision.evidence.store_lock import StoreLock
from vision.evidence.store_policy import StorePolicy
from vision.evidence.trouble import Cause, Trouble
from vision.sinks.outbox import Outbox

logger = logging.getLogger(__name__)

_LOOK_S = 30.0
_SWEEP_S = 3600.0


class ReceivedEvidence:
    """The evidence folder of a cluster run, written by its desk."""

    def __init__(
        self, root: Path, policy: StorePolicy, *, outbox: Outbox, clock: Clock
    ) -> None:
        """Name the folder; nothing is written yet.

        Args:
            root: the evidence folder of the machine that started the run.
            policy: retention, quota and free disk of the site.
            outbox: knows which events' files are still needed; told of trouble.
            clock: wall and monotonic time.
        """
        self._root = root
        self._policy = policy
        self._clock = clock
        packages = StoreLock(root)
        self._incoming = Incoming(root, clock, packages)
        self._writing: set[str] = set()
        self._trouble = Trouble(clock, outbox.put_health)
        self._room = Room(
            root,
            Retention(
                root,
                policy.retention,
                clock=clock,
                packages=packages,
                on_health=outbox.put_health,
                trouble=self._trouble,
            ),
            clock=clock,
            min_free_bytes=policy.min_free_bytes,
            busy=lambda: {*outbox.undelivered_events(), *self._writing},
        )

    def keep(
        self, event_id: str, evidence: Evidence, files: tuple[bytes | None, ...]
    ) -> Evidence:
        """Write an event's files here; return them as they lie here.

        Without room, and none to be made, there are none: the event goes without.

        Raises:
            OSError: they cannot be written now.
        """
        size_bytes = sum(len(payload) for payload in files if payload is not None)
        self._writing.add(event_id)
        try:
            with self._room.taken(size_bytes):
                kept = self._incoming.put(event_id, evidence, files)
        except EvidenceError as error:
            self._trouble.begin(Cause.PICTURES, f"{event_id} has no files: {error}")
            return Evidence()
        finally:
            self._writing.discard(event_id)
        self._trouble.end(Cause.PICTURES)
        return kept

    def use(self) -> EvidenceUse:
        """Return how the folder is doing; may be called from any thread."""
        return EvidenceUse(
            used_bytes=self._room.used_bytes,
            quota_bytes=self._policy.retention.quota_bytes,
            free_bytes=free_bytes(self._root),
            unwritten_clips=0,
            degraded=self._trouble.causes,
        )

    @contextmanager
    def looked_after(self) -> Iterator[None]:
        """Apply retention, and see whether trouble is over, until the block ends.

        What a crash left half written is cleared up first.
        """
        try:
            self._incoming.tidy()
        except (OSError, EvidenceError) as error:
            detail = f"{self._root}: cannot be tidied after a crash ({error})"
            self._trouble.begin(Cause.PICTURES, detail)
        done = threading.Event()

        def look_after() -> None:
            due_s = self._clock.monotonic_s() + _SWEEP_S
            while not done.wait(_LOOK_S):
                self._probe()
                if self._clock.monotonic_s() >= due_s:
                    due_s = self._clock.monotonic_s() + _SWEEP_S
                    self._sweep()

        thread = threading.Thread(target=look_after, name="retention", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _probe(self) -> None:
        if not self._trouble.has(Cause.PICTURES):
            return
        try:
            self._room.probe()
        except (OSError, VisionError) as error:
            logger.debug("evidence still degraded: %s", error)
        else:
            self._trouble.end(Cause.PICTURES)

    def _sweep(self) -> None:
        try:
            self._room.sweep()
        except (OSError, VisionError) as error:
            logger.warning("%s: cannot be swept: %s", self._root, error)
