"""Calls that may hang for ever, on threads that can be left behind.

A capture library may block inside C code where nothing can interrupt it: name
look-up, a dead network file system, a driver. Every connection therefore lives on a
thread of its own, its lane. The caller waits only as long as the bound says. A lane
that hangs is abandoned: it closes its connection and ends when the call returns. The
number of abandoned lanes is bounded, so that a dead camera cannot eat the machine.
"""

import atexit
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar, cast

from vision.core.errors import SourceOpenError


class Closable(Protocol):
    """Anything that must be let go of."""

    def close(self) -> None:
        """Let go."""
        ...


_EXIT_S = 0.2

R = TypeVar("R", bound=Closable)
T = TypeVar("T")


class LaneClosedError(Exception):
    """The lane was closed while somebody waited for it."""


class _Answer(Generic[T]):
    """What a job brought.

    Not a `Future`: one that holds an error is held by the frame that raises it, and
    the error holds that frame by its traceback. That circle would keep a broken
    connection, its decoder and its last pictures until the collector comes by.
    """

    def __init__(self) -> None:
        self.done = False
        self.result: T | None = None
        self.error: BaseException | None = None

    def take(self) -> T:
        """Return or raise what came; once."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
            return cast("T", self.result)
        finally:
            del error


class Lane(Generic[R]):
    """One connection and the only thread that ever touches it."""

    def __init__(self, name: str) -> None:
        """Make an idle lane.

        Args:
            name: of the thread.
        """
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._changed = threading.Condition()
        self._progress_s = 0.0
        self._closed = False
        self._resource: R | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def open(self, connect: Callable[[], R], *, timeout_s: float) -> None:
        """Make the connection; call once.

        Raises:
            TimeoutError: no connection within `timeout_s`; close the lane.
            LaneClosedError: `close` was called meanwhile.
        """

        def job() -> None:
            self._resource = connect()

        self._thread.start()
        self._wait_for(job, timeout_s)

    def use(self, action: Callable[[R], T], *, timeout_s: float) -> T:
        """Run `action` with the connection on the lane's thread.

        Args:
            action: may call `progressed` to say that it is alive.
            timeout_s: longest time without a sign of life, seconds.

        Raises:
            TimeoutError: no sign of life for `timeout_s`; close the lane.
            LaneClosedError: the lane is closed.
        """

        def job() -> T:
            if self._resource is None:
                raise LaneClosedError
            return action(self._resource)

        return self._wait_for(job, timeout_s)

    def progressed(self) -> None:
        """Say from inside an action that the connection is alive.

        Raises:
            LaneClosedError: nobody waits for it any more.
        """
        if self._closed:
            raise LaneClosedError
        self._progress_s = time.monotonic()

    def close(self) -> None:
        """Ask the thread to close its connection and end; does not wait."""
        with self._changed:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
            self._changed.notify_all()

    def ended(self, *, wait_s: float = 0.0) -> bool:
        """Return whether the thread is gone, waiting up to `wait_s` for it."""
        if self._thread.ident is not None:
            self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _wait_for(self, job: Callable[[], T], timeout_s: float) -> T:
        answer: _Answer[T] = _Answer()

        def run() -> None:
            try:
                answer.result = job()
            except BaseException as error:  # noqa: BLE001 thread edge: the waiter raises it
                answer.error = error
            answer.done = True

        with self._changed:
            if self._closed:
                raise LaneClosedError
            self._progress_s = time.monotonic()
            self._jobs.put(run)
            while not answer.done:
                left_s = self._progress_s + timeout_s - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError
                self._changed.wait(left_s)
                if self._closed:
                    raise LaneClosedError
        return answer.take()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # while idle it would keep its result, a picture
            with self._changed:
                self._changed.notify_all()
        if self._resource is not None:
            self._resource.close()


class Lanes(Generic[R]):
    """The lanes of one source: at most one in use, few left behind."""

    def __init__(self, name: str, *, most_abandoned: int = 3) -> None:
        """Make a source's lanes.

        Args:
            name: of the threads.
            most_abandoned: how many hanging connections to put up with, >= 1.
        """
        self._name = name
        self._most_abandoned = most_abandoned
        self._old: list[Lane[R]] = []

    def next(self, *, wait_s: float = 1.0) -> Lane[R]:
        """Return a fresh lane, after waiting a little for the last one to end.

        A camera often serves one client only, so the old connection goes first.

        Raises:
            SourceOpenError: too many connections of this source hang.
        """
        if self._old:
            self._old[-1].ended(wait_s=wait_s)
        self._old = [lane for lane in self._old if not lane.ended()]
        if len(self._old) >= self._most_abandoned:
            msg = (
                f"{len(self._old)} earlier connections still hang in the driver or "
                "network, expected them to end; waiting for one of them"
            )
            raise SourceOpenError(msg)
        if not self._old:
            atexit.register(self._end_at_exit)
        lane: Lane[R] = Lane(self._name)
        self._old.append(lane)
        return lane

    def leave(self, lane: Lane[R], *, wait_s: float) -> None:
        """Close a lane and give it `wait_s` to end; after that it is left behind."""
        lane.close()
        if lane.ended(wait_s=wait_s):
            self._old = [other for other in self._old if other is not lane]
            if not self._old:
                atexit.unregister(self._end_at_exit)

    def _end_at_exit(self) -> None:
        """Let threads out of their libraries before the interpreter goes away.

        One that returns from C++ later aborts the whole process.
        """
        for lane in self._old:
            lane.close()
        for lane in self._old:
            lane.ended(wait_s=_EXIT_S)
