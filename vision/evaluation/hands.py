"""Who watches the clips: this process, or several beside it."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol

from vision.core.errors import VisionError
from vision.evaluation.found import ClipRun
from vision.evaluation.truth import TruthClip


class ClipWatcher(Protocol):
    """Lets the engine watch one labelled clip; bootstrap provides it."""

    def watch(self, truth: TruthClip) -> ClipRun:
        """Analyse the clip with the truth's zones and return what was said.

        Raises:
            VisionError: the clip cannot be read, or the model failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one clip.

    Attributes:
        number: its position among those handed out.
        run: what was said, or None.
        fault: why it could not be watched, or None.
    """

    number: int
    run: ClipRun | None
    fault: str | None = None


Hands = Callable[[Sequence[TruthClip]], Iterator[Answer]]
"""Watches clips; one answer each, in the order in which they are done."""

Build = Callable[[], ClipWatcher]
"""Makes a watcher where it is needed; must be picklable."""


class HandsError(VisionError):
    """A process that watched clips died."""


def one_by_one(watcher: ClipWatcher) -> Hands:
    """Return hands that watch in this process, in order."""

    def watch(clips: Sequence[TruthClip]) -> Iterator[Answer]:
        for number, truth in enumerate(clips):
            yield answer_of(number, truth, watcher)

    return watch


def in_processes(build: Build, workers: int) -> Hands:
    """Return hands that watch in processes of their own, each with its own model.

    Args:
        build: makes the watcher in each of them.
        workers: how many, at least 1.
    """

    def watch(clips: Sequence[TruthClip]) -> Iterator[Answer]:
        pool = ProcessPoolExecutor(
            max_workers=min(workers, max(1, len(clips))),
            # Not forked: the model's own threads do not survive that.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(build,),
        )
        waiting = [
            pool.submit(_watch_here, number, truth)
            for number, truth in enumerate(clips)
        ]
        try:
            yield from map(_result, as_completed(waiting))
        except BaseException:  # stopped: what is being watched is given up, not awaited
            for child in multiprocessing.active_children():
                child.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    return watch


def answer_of(number: int, truth: TruthClip, watcher: ClipWatcher) -> Answer:
    """Watch one clip; what goes wrong becomes part of the answer."""
    try:
        return Answer(number, watcher.watch(truth))
    except VisionError as error:
        return Answer(number, None, str(error))


def _result(done: Future[Answer]) -> Answer:
    try:
        return done.result()
    except BrokenProcessPool as error:
        msg = f"a worker ended ({error}); try fewer --workers, or see its message above"
        raise HandsError(msg) from error


class _Here:
    """What a worker process holds; it lives as long as the process."""

    watcher: ClipWatcher


def _begin(build: Build) -> None:
    # Ctrl-C reaches the whole group: the parent tells, the workers just end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Here.watcher = build()


def _end_with_parent() -> None:
    """End this process when the one that started it was killed: nobody waits for it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _watch_here(number: int, truth: TruthClip) -> Answer:
    return answer_of(number, truth, _Here.watcher)
