"""A still object's place: what dwell is measured on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vision.core.scene import GeoPoint


class PlaceState(StrEnum):
    """What is known of a place at this moment."""

    STANDING = "standing"
    OCCLUDED = "occluded"
    MISSING = "missing"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which one thing was known of a place.

    Attributes:
        state: what was known.
        since_s: from when on, media time, seconds; it ends where the next one begins.
        since_at: likewise, wall time.
    """

    state: PlaceState
    since_s: float
    since_at: datetime


@dataclass(frozen=True, slots=True)
class Passes:
    """What a camera that drives past has seen of a place.

    A pass is one drive along it; standing before it is no second one.

    Attributes:
        count: passes in which it was seen for certain.
        apart_s: from its first certain pass to its latest one, seconds of wall time.
        looks: pictures of the latest pass in which the detector found it.
        moved_m: how far the camera moved in the latest pass while it saw it, metres.
        range_m: how near it came in the latest pass, metres.
        misfit_m: how far, root mean square, the looks of the latest pass lie from one
            fixed point on the ground, metres.
        size_m: how wide and tall it is, metres, as the nearest look tells.
        attended: share of the looks of the latest pass with a person beside it.
        likeness: how alike it looked in its two latest passes, [-1, 1]; None: one pass.
        clear_passes: passes in a row that showed the place without it.
    """

    count: int
    apart_s: float
    looks: int
    moved_m: float
    range_m: float
    misfit_m: float
    size_m: tuple[float, float]
    attended: float = 0.0
    likeness: float | None = None
    clear_passes: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """One object that stands still, whoever detects it.

    Attributes:
        place_id: stable under replay and restart.
        camera_id: whose view.
        kind: group of classes that one object can flip between (`vehicle`, `bin` ...).
        label: its class by majority.
        xyxy: footprint box at its anchor, pixels of the reference view (see
            `ViewState`); never clipped to the frame.
        state: standing, occluded, missing or ended.
        first_seen_s: media time of first sight, seconds.
        last_seen_s: media time of latest sight, seconds.
        observed_s: time it was seen standing, gaps and occlusions left out, seconds.
        first_seen_at: wall time of first sight.
        last_seen_at: wall time of latest sight.
        score: mean detection score, [0, 1].
        baseline: it stood there when watching began.
        label_share: share of recent sightings per label, sums to 1.
        latest_xyxy: where it is seen now, smoothed, pixels; grows with a heap. None
            until it was seen again.
        support: share of recent views of it in which the detector found it, [0, 1];
            in the others it was recognised by its look.
        clear_views: pictures in a row that showed the place without the object.
        end_reason: why it ended: `exposed` (the ground was seen again), `replaced` (by
            another object), `lost` (not visible for too long: no proof); else None.
        preset: PTZ preset in whose picture it stands, or None.
        bareness: likeness of the place, when the object had settled, to the ground
            without it, [-1, 1]: near 1, nothing was added; None: not seen long enough.
        recent_score: mean detection score of the recent views in which the detector
            found it, [0, 1].
        faint: the detector never was sure of it, but kept finding it.
        returned: the latest sight is the first after clear views without the object:
            it may stand there again, and another may drive over the place.
        timeline: its states so far, oldest first; of a long life the first and the
            latest ones.
        geo: where it stands on the map, of a camera that moves; None: where the camera
            stands. `xyxy` then is its box in the present picture, or the latest one.
        passes: what the passes of a camera that moves saw of it; None: the camera
            stands still.
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
    latest_xyxy: tuple[float, float, float, float] | None = None
    support: float = 1.0
    clear_views: int = 0
    end_reason: str | None = None
    preset: str | None = None
    bareness: float | None = None
    recent_score: float = 1.0
    faint: bool = False
    returned: bool = False
    timeline: tuple[Stretch, ...] = ()
    geo: GeoPoint | None = None
    passes: Passes | None = None

    @property
    def elapsed_s(self) -> float:
        """First to last sight, seconds, whatever lay between."""
        return self.last_seen_s - self.first_seen_s

    def share_of(self, label: str) -> float:
        """Return how much of the recent sightings said `label`, [0, 1]."""
        return dict(self.label_share).get(label, 0.0)
