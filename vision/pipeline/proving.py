"""Writes proof in the background: a slow disk never stalls the analysis."""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

logger = logging.getLogger(__name__)

Job = Callable[[], None]
"""Writes one step's proof and hands its event on."""

_IDLE_S = 0.5
_SEVERAL = 2  # jobs that wait: more was decided than is proven meanwhile
_GIVE_WAY_S = 0.1


class Proving(Protocol):
    """Does jobs in the order in which they come."""

    @property
    def waiting(self) -> int:
        """Jobs that are not done, the one in hand included."""
        ...

    @property
    def full(self) -> bool:
        """Whether no more may be added until one is done."""
        ...

    def add(self, job: Job) -> None:
        """Do a job, now or soon.

        Raises:
            Exception: what an earlier job failed with; its event is not handed on,
                and nothing that was decided since may be remembered.
        """
        ...

    def tend(self, job: Job) -> None:
        """Have a job done now and then while there is no other; always the same.

        Raises:
            Exception: as for `add`.
        """
        ...

    def give_way(self) -> None:
        """Wait a moment while several jobs wait: what was decided goes first.

        The next picture can wait for a tenth of a second, an event for its proof cannot
        wait for many pictures. Where there are cores for both it hardly ever comes to
        that, and a disk that lets nothing pass costs no more than the moment.
        """
        ...

    def close(self, timeout_s: float) -> None:
        """Finish what was added, at most for `timeout_s`.

        Raises:
            Exception: as for `add`.
        """
        ...


class ProvingAtOnce:
    """Does each job where it comes up: for runs whose time is nobody's concern."""

    waiting = 0
    full = False

    def add(self, job: Job) -> None:
        """Do a job now."""
        job()

    def tend(self, job: Job) -> None:
        """Do it now."""
        job()

    def give_way(self) -> None:
        """Nothing ever waits."""

    def close(self, timeout_s: float) -> None:
        """Nothing is ever left."""
        del timeout_s


class ProvingThread:
    """One thread that does the jobs, so that the analysing thread need not wait.

    A waiting job holds its deciding picture (6 MB at 1080p): `full` bounds them. A job
    that fails is a fault of ours: it counts as waiting for ever, so that no memory
    says "opened" of an event that was never handed on, and every call here raises it.
    """

    def __init__(
        self, on_done: Job, *, capacity: int = 16, give_way_s: float = _GIVE_WAY_S
    ) -> None:
        """Begin waiting for jobs.

        Args:
            on_done: called after each job, to wake the engine.
            capacity: jobs that may wait.
            give_way_s: longest moment of `give_way`, seconds.
        """
        self._give_way_s = give_way_s
        self._on_done = on_done
        self._capacity = capacity
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._waiting = 0
        self._failure: Exception | None = None
        self._tended: Job | None = None
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="proof", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that are not done, the one in hand included."""
        return self._waiting

    @property
    def full(self) -> bool:
        """Whether no more should be added until one is done."""
        return self._waiting >= self._capacity and self._failure is None

    def add(self, job: Job) -> None:
        """Do a job soon.

        Raises:
            Exception: what an earlier job failed with.
        """
        self._raise_failure()
        with self._change:
            self._waiting += 1
        self._jobs.put(job)

    def tend(self, job: Job) -> None:
        """Have a job done about twice a second while there is no other.

        Raises:
            Exception: what a job failed with.
        """
        self._raise_failure()
        self._tended = job

    def give_way(self) -> None:
        """Wait a moment while several jobs wait."""
        if self._waiting < _SEVERAL:
            return
        with self._change:
            self._change.wait_for(lambda: self._waiting < _SEVERAL, self._give_way_s)

    def close(self, timeout_s: float) -> None:
        """Finish what was added, at most for `timeout_s`.

        Raises:
            Exception: what a job failed with.
        """
        self._jobs.put(None)
        self._thread.join(timeout_s)
        self._raise_failure()
        if self._thread.is_alive():
            logger.warning("%d proofs are not written yet", self._waiting)

    def _run(self) -> None:
        try:
            while self._once():
                pass
        except Exception as error:  # noqa: BLE001 thread edge: raised in the engine's
            self._failure = error
            self._on_done()

    def _once(self) -> bool:
        """Do one job, or what comes round; False: it was asked to end."""
        try:
            job = self._jobs.get(timeout=_IDLE_S)
        except Empty:
            if self._tended is not None:
                self._tended()
            return True
        if job is None:
            return False
        job()
        with self._change:
            self._waiting -= 1
            self._change.notify_all()
        self._on_done()
        return True

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
