"""Develops pictures beside the analysis, in the order in which they were taken."""

import logging
import queue
import threading
from collections.abc import Callable

from vision.core.errors import EvidenceError

log = logging.getLogger(__name__)

_CAPACITY = 8  # undeveloped pictures: 6 MB each at 1080p


class Darkroom:
    """One thread that encodes; who brings more than it can hold waits for one."""

    def __init__(self, on_failure: Callable[[EvidenceError], None]) -> None:
        """Begin waiting.

        Args:
            on_failure: told of pictures that cannot be encoded.
        """
        self._on_failure = on_failure
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(_CAPACITY)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="darkroom", daemon=True)
        self._thread.start()

    def add(self, develop: Callable[[], None]) -> None:
        """Have a picture developed soon; called from one thread."""
        if self._closed:
            self._once(develop)
        else:
            self._queue.put(develop)

    def close(self, timeout_s: float) -> None:
        """Develop what was brought, at most for `timeout_s`; then nothing waits."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (develop := self._queue.get()) is not None:
            self._once(develop)

    def _once(self, develop: Callable[[], None]) -> None:
        try:
            develop()
        except EvidenceError as error:
            self._on_failure(error)
        except Exception:  # thread edge: the next picture must be developed
            log.exception("a picture could not be developed")
