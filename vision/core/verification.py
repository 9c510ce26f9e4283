"""A second look at a place: was it put right?"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vision.core.arrays import ImageU8
from vision.core.geometry import Xyxy
from vision.core.violations import Fact, Slug


class Outcome(StrEnum):
    """What a second look found."""

    CLEARED = "cleared"
    STILL_THERE = "still_there"
    CANNOT_VERIFY = "cannot_verify"


@dataclass(frozen=True, slots=True)
class LookRequest:
    """What somebody wants looked at again.

    Attributes:
        request_id: the asker's number for it, as text.
        event_id: the event in question.
        slug: which violation it is.
        place_id: where.
        asked_at: wall time of the question, aware.
        xyxy: footprint as on the event, pixels of the reference view; needed only for
            events that the engine has forgotten.
        preset: PTZ preset of that footprint, or None.
    """

    request_id: str
    event_id: str
    slug: Slug
    place_id: str
    asked_at: datetime
    xyxy: tuple[float, float, float, float] | None = None
    preset: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Reported:
    """The picture that decided an event.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        xyxy: where the place lies in it, pixels, which is elsewhere than in the
            reference view if the camera had turned; None: nobody wrote it down.
        decided_at: wall time of the event's first decision, aware; None: likewise.
    """

    image: ImageU8
    xyxy: Xyxy | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class LookAnswer:
    """What was found.

    Attributes:
        request: what was asked.
        outcome: the finding.
        facts: why, with counts and seconds.
        decided_s: media time of the picture that decided, seconds; None when no
            picture came.
        decided_at: its wall time; without a picture, when waiting ended.
    """

    request: LookRequest
    outcome: Outcome
    facts: tuple[Fact, ...]
    decided_s: float | None
    decided_at: datetime
