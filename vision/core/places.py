"""A still object's place: what dwell is measured on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PlaceState(StrEnum):
    """What is known of a place at this moment."""

    STANDING = "standing"
    OCCLUDED = "occluded"
    MISSING = "missing"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Place:
    """One object that stands still, whoever detects it.

    Attributes:
        place_id: stable under replay and restart.
        camera_id: whose view.
        kind: group of classes that one object can flip between (`vehicle`, `bin` ...).
        label: its class by majority.
        xyxy: footprint box at its anchor, pixels; never clipped to the frame.
        state: standing, occluded, missing or ended.
        first_seen_s: media time of first sight, seconds.
        last_seen_s: media time of latest sight, seconds.
        observed_s: time it was seen standing, gaps and occlusions left out, seconds.
        first_seen_at: wall time of first sight.
        last_seen_at: wall time of latest sight.
        score: mean detection score, [0, 1].
        baseline: it stood there when watching began.
        label_share: share of recent sightings per label, sums to 1.
    """

    place_id: str
    camera_id: str
    kind: str
    label: str
    xyxy: tuple[float, float, float, float]
    state: PlaceState
    first_seen_s: float
    last_seen_s: float
    observed_s: float
    first_seen_at: datetime
    last_seen_at: datetime
    score: float
    baseline: bool
    label_share: tuple[tuple[str, float], ...] = ()

    @property
    def elapsed_s(self) -> float:
        """First to last sight, seconds, whatever lay between."""
        return self.last_seen_s - self.first_seen_s

    def share_of(self, label: str) -> float:
        """Return how much of the recent sightings said `label`, [0, 1]."""
        return dict(self.label_share).get(label, 0.0)
