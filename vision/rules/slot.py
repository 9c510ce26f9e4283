"""One place as the memory keeps it while it lives."""

import math
import uuid
from dataclasses import dataclass, field, replace

from vision.core.arrays import ImageU8
from vision.core.geometry import Xyxy, grown
from vision.core.places import Place, PlaceState, Stretch
from vision.rules.appearance import blend
from vision.rules.backdrop import AROUND
from vision.rules.sighting import Moment, Sighting
from vision.rules.votes import Votes

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "places.streetwarden.org")
_EXTENT_SHARE = 0.2  # how far a sighting moves the remembered extent
_STRETCHES_KEPT = 62  # of a timeline, besides the first and the new one
_ID_GRID_PX = 8.0  # anchors are rounded to it in the identity


@dataclass(slots=True)
class Slot:
    """A footprint on the ground, what stands there and for how long.

    Attributes:
        kind: group of classes it belongs to.
        anchor: footprint box; fixed once settled, so that whatever creeps leaves it.
        look: what stands there, or None if it was never clearly seen.
        looked_s: media time at which the look was last compared, seconds.
        ground: what is under it, or None if that was never seen.
        bareness: how much of the ground showed when it settled, or None.
        first: first sight.
        last: latest sight.
        votes: which class it is.
        observed_s: seconds seen standing.
        score: mean detection score.
        sightings: detections so far.
        firm: the detector was sure of it at least once.
        settled: it has stood long enough to be a place; the anchor is fixed.
        place_id: identity, once settled; `is_new`: with this picture.
        baseline: it stood there when watching began.
        state: what the latest picture said.
        unbroken: nothing but standing since the latest sight; only then does the time
            up to the next sight count.
        missing_s: seconds of clear view without it, since the latest sight.
        hidden_s: seconds behind something else or nothing, since the latest sight.
        clear_views: pictures that showed the place without it, since the latest sight.
        bared_s: media time of the first such picture that showed the bare ground beyond
            doubt, and of the latest one; None: none did.
        extent: where it is seen now, smoothed.
        end_reason: why it ended.
        preset: PTZ preset in whose picture it stands, or None.
        elsewhere: tracks seen off the footprint since it was found empty.
        departed: another one has taken its place.
        returned: seen again with the latest sight, after clear views without it.
        timeline: its states so far; bounded.
    """

    kind: str
    anchor: Xyxy
    look: ImageU8 | None
    first: Moment
    last: Moment
    votes: Votes
    observed_s: float = 0.0
    score: float = 0.0
    sightings: int = 0
    firm: bool = True
    settled: bool = False
    place_id: str = ""
    is_new: bool = False
    baseline: bool = False
    looked_s: float = -math.inf
    ground: ImageU8 | None = None
    bareness: float | None = None
    state: PlaceState = PlaceState.STANDING
    unbroken: bool = True
    missing_s: float = 0.0
    hidden_s: float = 0.0
    clear_views: int = 0
    bared_s: tuple[float, float] | None = None
    extent: Xyxy | None = None
    end_reason: str | None = None
    preset: str | None = None
    elsewhere: frozenset[int] = frozenset()
    departed: bool = False
    returned: bool = False
    timeline: tuple[Stretch, ...] = ()
    _boxes: Xyxy = field(default=(0.0, 0.0, 0.0, 0.0))

    @property
    def unlearnt(self) -> Xyxy:
        """Where no ground is learnt: what hides a place hides more than it."""
        missing = self.state is PlaceState.MISSING
        return grown(self.anchor, AROUND) if missing else self.anchor

    def identify(self, camera_id: str) -> None:
        """Take the id that the same object in the same footage always has."""
        grid = [round(side / _ID_GRID_PX) for side in self.anchor]
        first_at = self.first.captured_at.isoformat()
        name = f"{camera_id}/{self.preset}/{self.kind}/{first_at}/{grid}"
        self.place_id = str(uuid.uuid5(_NAMESPACE, name))

    def resize(self, across: float, down: float) -> None:
        """Follow the picture to another resolution; the identity stays.

        Args:
            across: new width by old width.
            down: new height by old height.
        """

        def scaled(box: Xyxy) -> Xyxy:
            left, top, right, bottom = box
            return left * across, top * down, right * across, bottom * down

        self.anchor = scaled(self.anchor)
        self._boxes = scaled(self._boxes)
        self.extent = None if self.extent is None else scaled(self.extent)

    def see(self, sighting: Sighting, now: Moment, look_share: float) -> None:
        """Take a detection of this object; call `stand` first.

        Args:
            sighting: what was detected.
            now: the picture's time.
            look_share: how far the remembered look follows this one, [0, 1].
        """
        self.sightings += 1
        self.score += (sighting.score - self.score) / self.sightings
        self.votes.add(sighting.label, sighting.score, now.media_time_s)
        self.look = blend(self.look, sighting.look, look_share)
        if self.settled:
            extent = self.extent or self.anchor
            self.extent = _towards(extent, sighting.xyxy, _EXTENT_SHARE)
        else:
            self._boxes = _towards(self._boxes, sighting.xyxy, 1 / self.sightings)

    def stand(self, now: Moment, max_gap_s: float) -> None:
        """Note that the object is there, detected or recognised by its look.

        Args:
            now: the picture's time.
            max_gap_s: longest time between two sights that counts as observed, seconds.
        """
        gap_s = now.media_time_s - self.last.media_time_s
        if self.unbroken and gap_s <= max_gap_s:
            self.observed_s += gap_s
        self.last = now
        self.state = PlaceState.STANDING
        self.unbroken = True
        self.missing_s = self.hidden_s = 0.0
        self.returned = self.clear_views > 0
        self.clear_views = 0
        self.bared_s = None
        self.elsewhere = frozenset()

    def miss(self, dt_s: float) -> None:
        """Note a clear view of the place without the object."""
        self.state = PlaceState.MISSING
        self.unbroken = False
        self.missing_s += dt_s
        self.clear_views += 1

    def bare(self, dt_s: float, at_s: float) -> None:
        """Note a view that shows the bare ground beyond doubt.

        Args:
            dt_s: time since the picture before, seconds.
            at_s: media time, seconds.
        """
        self.miss(dt_s)
        since_s = at_s if self.bared_s is None else self.bared_s[0]
        self.bared_s = since_s, at_s

    def doubt(self, dt_s: float, *, changed: bool) -> None:
        """Note a view in which neither the object nor the bare ground was recognised.

        Args:
            dt_s: time since the picture before, seconds.
            changed: something else was seen; a mere miss does not break observation.
        """
        self.state = PlaceState.MISSING
        self.unbroken = self.unbroken and not changed
        self.hidden_s += dt_s

    def hide(self, dt_s: float) -> None:
        """Note that the place could not be seen."""
        self.state = PlaceState.OCCLUDED
        self.unbroken = False
        self.hidden_s += dt_s

    def come_to_rest(self) -> None:
        """Fix the anchor at the middle of all boxes so far."""
        self.anchor = self._boxes
        self.settled = self.is_new = True

    def wavers(self, settle_s: float, min_support: float) -> bool:
        """Return whether an object that has not settled turns out to be none.

        Args:
            settle_s: how long it may be unseen, seconds.
            min_support: share of looks in which the detector must have found it.
        """
        watched_s = self.last.media_time_s - self.first.media_time_s
        doubted = watched_s >= settle_s and self.votes.support() < min_support
        return doubted or not self.unbroken or self.missing_s >= settle_s

    def log(self, now: Moment) -> None:
        """Write the state of this picture down if it is a new one."""
        if self.timeline and self.timeline[-1].state is self.state:
            return
        new = Stretch(self.state, now.media_time_s, now.captured_at)
        latest = self.timeline[1:][-_STRETCHES_KEPT:]
        self.timeline = (*self.timeline[:1], *latest, new)

    def move_to(self, other: "Slot") -> None:
        """Go on where another slot has settled: the object was moved there."""
        self.anchor, self.look = other.anchor, other.look
        self.ground, self.bareness = other.ground, other.bareness
        self.observed_s += other.observed_s
        self.firm = self.firm or other.firm
        self.extent = None
        self.stand(other.last, 0.0)

    def end(self, reason: str) -> None:
        """Close the place."""
        self.state = PlaceState.ENDED
        self.end_reason = reason

    def rebase(self, now: Moment) -> None:
        """Move all media times to a clock that started anew.

        Args:
            now: a moment on the new clock.
        """
        self.last = self.last.on_clock_of(now)
        first = self.first.on_clock_of(now)
        # A wall clock that was set back must not put the beginning after the end.
        latest_s = self.last.media_time_s - self.observed_s
        self.first = replace(first, media_time_s=min(first.media_time_s, latest_s))
        self.votes.restart()
        self.timeline = tuple(
            Stretch(old.state, moved.media_time_s, moved.captured_at)
            for old in self.timeline
            for moved in [Moment(old.since_s, old.since_at).on_clock_of(now)]
        )
        self.looked_s = -math.inf
        self.bared_s = None
        self.unbroken = False

    def place(self, camera_id: str) -> Place:
        """Return the place as rules see it."""
        shares = self.votes.shares()
        return Place(
            place_id=self.place_id,
            camera_id=camera_id,
            kind=self.kind,
            label=shares[0][0],
            xyxy=self.anchor,
            state=self.state,
            first_seen_s=self.first.media_time_s,
            last_seen_s=self.last.media_time_s,
            observed_s=self.observed_s,
            first_seen_at=self.first.captured_at,
            last_seen_at=self.last.captured_at,
            score=self.score,
            baseline=self.baseline,
            label_share=shares,
            latest_xyxy=self.extent,
            support=self.votes.support(),
            clear_views=self.clear_views,
            end_reason=self.end_reason,
            preset=self.preset,
            bareness=self.bareness,
            timeline=self.timeline,
            recent_score=self.votes.strength(),
            faint=not self.firm,
            returned=self.returned,
        )


def _towards(a: Xyxy, b: Xyxy, share: float) -> Xyxy:
    """Return the box that lies between two, `share` of the way from the first."""
    return (
        a[0] + share * (b[0] - a[0]),
        a[1] + share * (b[1] - a[1]),
        a[2] + share * (b[2] - a[2]),
        a[3] + share * (b[3] - a[3]),
    )
