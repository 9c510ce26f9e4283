"""When an event reaches whoever listens to the event service."""

import json
import threading
import time
from types import TracebackType
from typing import Self

import httpx

_OPENED = "/api/v1/stream?types=violation.opened"
_SILENCE_S = 60.0  # the service says something every 15 s


class Ear:
    """Follows a service's stream as a dispatch system does, and notes the times.

    Attributes:
        heard_s: when each event was first heard of, by its id, on the machine's
            monotonic clock.
    """

    def __init__(self, url: str) -> None:
        """Prepare.

        Args:
            url: of a service that lets everybody on this machine read.
        """
        self._url = url
        self._listening = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)
        self.heard_s: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait(_SILENCE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()

    def _listen(self) -> None:
        try:
            with httpx.stream("GET", self._url + _OPENED, timeout=_SILENCE_S) as answer:
                for line in answer.iter_lines():
                    self._listening.set()
                    if self._done.is_set():
                        return
                    if line.startswith("data: "):
                        self._note(json.loads(line.removeprefix("data: ")))
        except httpx.HTTPError:
            return  # the service ended; what was not heard counts as lost

    def _note(self, message: dict[str, dict[str, str]]) -> None:
        self.heard_s.setdefault(message["data"]["event_id"], time.monotonic())
