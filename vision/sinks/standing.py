"""Whether a receiver gets what it should, as it is told outside."""

import threading
from typing import Protocol

from vision.sinks.receiver import Stage


class StateListener(Protocol):
    """Told when a receiver starts or stops failing; called from its threads."""

    def __call__(self, receiver: str, *, ok: bool, detail: str) -> None:
        """Take the news."""
        ...


class Standing:
    """One receiver's state, whichever of its threads finds it out.

    It fails from the first thread's alarm until every thread delivers again.
    """

    def __init__(self, receiver: str, on_state: StateListener) -> None:
        """Begin in good order."""
        self._receiver = receiver
        self._on_state = on_state
        self._failing: set[Stage | None] = set()
        self._lock = threading.Lock()

    def fails(self, stage: Stage | None, detail: str) -> None:
        """Note that one thread cannot deliver."""
        with self._lock:
            news = not self._failing
            self._failing.add(stage)
        if news:
            self._on_state(self._receiver, ok=False, detail=detail)

    def refuses(self, stage: Stage | None, message_id: str) -> None:
        """Note that a message was refused for good; each one is news."""
        with self._lock:
            self._failing.add(stage)
        self._on_state(self._receiver, ok=False, detail=f"{message_id} refused")

    def works(self, stage: Stage | None) -> None:
        """Note that one thread delivered something."""
        with self._lock:
            news = stage in self._failing
            self._failing.discard(stage)
            news = news and not self._failing
        if news:
            self._on_state(self._receiver, ok=True, detail="delivering again")
