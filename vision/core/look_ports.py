"""Plug-points of second looks: who asks, who looks, who keeps what was seen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from vision.core.evidence import Evidence
from vision.core.observation import Observation
from vision.core.verification import LookAnswer, LookRequest, Reported


class SecondLook(Protocol):
    """Looks at places of one camera again when somebody asks."""

    def ask(self, request: LookRequest) -> None:
        """Take a question; the same `request_id` again changes nothing."""
        ...

    def observe(self, observation: Observation) -> list[LookAnswer]:
        """Return the answers that this picture decides; it is their after-picture."""
        ...

    def expire(self, now: datetime) -> list[LookAnswer]:
        """Give up questions that no picture came to in time."""
        ...


class LookDesk(Protocol):
    """Where people ask for a second look and get their answers; never blocks."""

    def waiting(self, camera_id: str) -> Sequence[LookRequest]:
        """Return what has been asked of a camera and has no answer yet."""
        ...

    def answer(self, answer: LookAnswer, after: Evidence) -> None:
        """Take an answer with its pictures; it is handed on in the background."""
        ...

    def close(self, timeout_s: float) -> None:
        """Hand on the answers that can be handed on in `timeout_s`, then stop."""
        ...


class AfterStore(Protocol):
    """Keeps what a second look saw."""

    def keep_after(self, answer: LookAnswer, observation: Observation) -> Evidence:
        """Store the pictures; never raises for a full disk, but gives fewer."""
        ...

    def reported(self, event_id: str) -> Reported | None:
        """Return the picture that decided an event, or None."""
        ...
