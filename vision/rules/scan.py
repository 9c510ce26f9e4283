"""One picture as the place memory reads it: in the reference view, with its time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from vision.core.arrays import BoolArray, FloatArray, ImageU8, IntArray
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.geometry import area, intersection
from vision.core.observation import ViewState
from vision.core.tracks import Track
from vision.rules.appearance import Xyxy, look_at
from vision.rules.backdrop import Backdrop
from vision.rules.matching import inside
from vision.rules.slot import Moment, Sighting, as_xyxy

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
        backdrop: what the ground looks like; None: the camera is not in place.
        boxes: (N, 4) the detections' boxes, reference-view pixels.
        now: when the picture was taken.
        alive: all tracks, those missed in this picture included.
    """

    frame: Frame
    view: ViewState
    detections: Detections
    labels: tuple[str, ...]
    dt_s: float
    backdrop: Backdrop | None = None
    boxes: FloatArray = field(init=False)
    now: Moment = field(init=False)
    alive: set[int] = field(default_factory=set, init=False)
    _track_ids: dict[Xyxy, int] = field(default_factory=dict, init=False)
    _looks: dict[Xyxy, ImageU8 | None] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Lay the boxes over the reference view."""
        object.__setattr__(self, "boxes", self.view.to_reference(self.detections.xyxy))
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
        return self._track_ids.get(as_xyxy(self.detections.xyxy[index]))

    def look(self, box: Xyxy) -> ImageU8 | None:
        """Return what the picture shows inside a box of the reference view."""
        if box not in self._looks:
            shown = self.view.to_picture(np.array([box], np.float32))[0]
            image = self.frame.reduced
            scale = image.shape[1] / self.frame.width
            self._looks[box] = look_at(image, as_xyxy(shown * np.float32(scale)))
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

    def of_kind(self, labels: frozenset[str], min_score: float) -> IntArray:
        """Return the indices of detections of some classes, best first."""
        of_kind = _belonging(self.labels, labels)[self.detections.class_id]
        score = self.detections.score
        indices = np.flatnonzero(of_kind & (score >= min_score))
        if len(indices) < 2:  # noqa: PLR2004 one is in order
            return indices
        return indices[np.argsort(-score[indices], kind="stable")]

    def sighting(self, index: int, look: ImageU8 | None) -> Sighting:
        """Return one detection.

        Args:
            index: which detection.
            look: what the picture shows there, or None if nobody looked.
        """
        return Sighting(
            xyxy=as_xyxy(self.boxes[index]),
            label=self.labels[int(self.detections.class_id[index])],
            score=float(self.detections.score[index]),
            look=look,
        )

    def cover(self, anchor: Xyxy) -> float:
        """Return how much of a footprint the one largest thing in front covers, [0, 1].

        Args:
            anchor: reference-view box; what ends above its foot stands behind it, and
                what lies within it is a part of it.
        """
        box = np.array([anchor], np.float32)
        foot = anchor[3] - _IN_FRONT * (anchor[3] - anchor[1])
        in_front = self.boxes[(self.boxes[:, 3] >= foot) & ~inside(anchor, self.boxes)]
        if len(in_front) == 0:
            return 0.0
        return float(intersection(box, in_front).max() / area(box)[0])


@lru_cache(maxsize=64)  # one a kind and model
def _belonging(names: tuple[str, ...], labels: frozenset[str]) -> BoolArray:
    """Return which class ids, (len(names),), belong to some labels."""
    return np.array([name in labels for name in names], np.bool_)
