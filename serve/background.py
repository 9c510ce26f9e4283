"""Work that goes on beside requests: one thread for each kind."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

logger = logging.getLogger(__name__)

GATHER_S = 0.1


class Periodic:
    """Calls something again and again until it is stopped."""

    def __init__(self, name: str, work: Callable[[], int], every_s: float) -> None:
        """Prepare a thread.

        Args:
            name: for the log.
            work: does some of what there is; returns how much, so 0 means "no more".
            every_s: pause after a 0; after anything else it goes on at once.
        """
        self._name = name
        self._work = work
        self._every_s = every_s
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ring(self) -> None:
        """Look soon instead of after the pause."""
        if not self._wake.is_set():
            self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Let the current piece of work finish, then end."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.is_set():
            if self._once() == 0:
                if self._wake.wait(self._every_s):
                    # What comes close together is done together.
                    self._stopped.wait(GATHER_S)
                self._wake.clear()

    def _once(self) -> int:
        try:
            return self._work()
        except SQLAlchemyError as error:
            logger.warning(
                "%s: the database cannot be used (%s); trying again in %g s",
                self._name,
                type(error.__cause__ or error).__name__,
                self._every_s,
            )
        except Exception:  # the edge of the thread: it must not end silently
            logger.exception(
                "%s failed; trying again in %g s", self._name, self._every_s
            )
        return 0
