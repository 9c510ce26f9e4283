"""One picture as the place memory reads it: in the reference view, with its time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vision.core.arrays import ImageU8
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.geometry import Xyxy, box_area, shared_area
from vision.core.observation import ViewState
from vision.core.tracks import Track
from vision.rules.appearance import look_at
from vision.rules.backdrop import Backdrop
from vision.rules.matching import inside
from vision.rules.sighting import Moment, Sighting, as_xyxy

_IN_FRONT = 0.05  # of the height: how far above my foot something in front may end


@dataclass(frozen=True, eq=False, slots=True)
class Scan:
    """A picture, its boxes laid over the reference view, and its time.

    Attributes:
        frame: the picture.
        view: how it lies over the reference view.
        detections: what the detector found in it, picture pixels.
        labels: class names.
        dt_s: media time since the picture before, seconds, >= 0.
        backdrop: what the ground looks like, or None where nobody learned it.
        boxes: the detections' boxes, reference-view pixels.
        now: when the picture was taken.
        alive: all tracks, those missed in this picture included.
    """

    frame: Frame
    view: ViewState
    detections: Detections
    labels: tuple[str, ...]
    dt_s: float
    backdrop: Backdrop | None = None
    boxes: list[Xyxy] = field(init=False)
    now: Moment = field(init=False)
    alive: set[int] = field(default_factory=set, init=False)
    _names: list[str] = field(init=False)
    _scores: list[float] = field(init=False)
    _track_ids: dict[Xyxy, int] = field(default_factory=dict, init=False)
    _looks: dict[Xyxy, ImageU8 | None] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Lay the boxes over the reference view."""
        found = self.detections
        sides = self.view.to_reference(found.xyxy).tolist()
        object.__setattr__(self, "boxes", [(a, b, c, d) for a, b, c, d in sides])
        names = [self.labels[i] for i in found.class_id.tolist()]
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_scores", found.score.tolist())
        now = Moment(self.frame.media_time_s, self.frame.captured_at)
        object.__setattr__(self, "now", now)

    def follow(self, tracks: Sequence[Track]) -> None:
        """Take the tracks; those seen in this picture say whose each box is."""
        now_s = self.frame.media_time_s
        for track in tracks:
            self.alive.add(track.track_id)
            if track.last_seen_s == now_s:
                self._track_ids[track.xyxy] = track.track_id

    def track_id(self, index: int) -> int | None:
        """Return the track that one detection belongs to, or None."""
        return self._track_ids.get(as_xyxy(self.detections.xyxy[index].tolist()))

    def look(self, box: Xyxy) -> ImageU8 | None:
        """Return what the picture shows inside a box of the reference view."""
        if box not in self._looks:
            image = self.frame.reduced
            scale = image.shape[1] / self.frame.width
            x1, y1, x2, y2 = self.view.box_to_picture(box)
            shown = x1 * scale, y1 * scale, x2 * scale, y2 * scale
            self._looks[box] = look_at(image, shown)
        return self._looks[box]

    def ground(self, box: Xyxy) -> ImageU8 | None:
        """Return what the bare ground in a box looks like, or None if not known."""
        return None if self.backdrop is None else self.backdrop.ground(box)

    def bareness(self, ground: ImageU8 | None, box: Xyxy) -> float | None:
        """Return how much of the bare ground in a box shows, or None if not known."""
        if self.backdrop is None or ground is None:
            return None
        return self.backdrop.bareness(ground, box)

    def added_to(self, ground: ImageU8 | None, box: Xyxy) -> float | None:
        """Return the bareness of ground that is familiar; None: it says nothing."""
        familiar = self.backdrop is not None and self.backdrop.is_familiar(box)
        return self.bareness(ground, box) if familiar else None

    def changed_around(self, box: Xyxy) -> float | None:
        """Return how much of the ground around a box changed, or before it; or None."""
        if self.backdrop is None:
            return None
        return self.backdrop.changed_around(box, self.boxes)

    def of_kind(self, labels: frozenset[str], min_score: float) -> list[int]:
        """Return the indices of detections of some classes, best first."""
        scores = self._scores
        found = [
            i
            for i, name in enumerate(self._names)
            if name in labels and scores[i] >= min_score
        ]
        found.sort(key=lambda i: -scores[i])
        return found

    def name(self, index: int) -> str:
        """Return what one detection was taken for."""
        return self._names[index]

    def score(self, index: int) -> float:
        """Return how sure the detector was of one detection, [0, 1]."""
        return self._scores[index]

    def sighting(self, index: int, look: ImageU8 | None) -> Sighting:
        """Return one detection.

        Args:
            index: which detection.
            look: what the picture shows there, or None if nobody looked.
        """
        return Sighting(
            xyxy=self.boxes[index],
            label=self._names[index],
            score=self._scores[index],
            look=look,
        )

    def cover(self, anchor: Xyxy) -> float:
        """Return how much of a footprint the one largest thing in front covers, [0, 1].

        Args:
            anchor: reference-view box; what ends above its foot stands behind it, and
                what lies within it is a part of it.
        """
        foot = anchor[3] - _IN_FRONT * (anchor[3] - anchor[1])
        largest = max(
            (
                shared_area(anchor, box)
                for box in self.boxes
                if box[3] >= foot and not inside(anchor, box)
            ),
            default=0.0,
        )
        return largest / max(box_area(anchor), 1.0)
