"""Follows moving objects from picture to picture, in seconds, not in frames."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from vision.core.arrays import BoolArray, FloatArray
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.geometry import bottom_center, iou
from vision.core.tracks import Track

_NEVER = 1e6


@dataclass(frozen=True, slots=True)
class TrackerParams:
    """How an object is followed.

    Attributes:
        min_score: detections below it are not used.
        new_score: detections from which a new track may begin.
        same_iou: overlap with where it is expected from which a box is its own.
        reach: otherwise, how far the ground contact may be from there, in box sizes;
        reach_per_s: more for each second unseen, in box sizes;
        reach_unknown_per_s: and for a track whose speed is not known yet.
        forget_s: time unseen after which a track ends, seconds.
        smooth_s: time constant of the velocity, seconds.
        max_tracks: most tracks alive; the longest unseen go first.
    """

    min_score: float = 0.25
    new_score: float = 0.4
    same_iou: float = 0.5
    reach: float = 0.5
    reach_per_s: float = 0.75
    reach_unknown_per_s: float = 2.0
    forget_s: float = 3.0
    smooth_s: float = 1.0
    max_tracks: int = 256


@dataclass(slots=True)
class _Trail:
    """A track while it lives."""

    track_id: int
    xyxy: FloatArray  # (4,)
    group: str
    first_seen_s: float
    last_seen_s: float
    velocity: FloatArray = field(default_factory=lambda: np.zeros(2, np.float32))
    labels: Counter[str] = field(default_factory=Counter)

    def see(self, xyxy: FloatArray, name: str, now_s: float) -> None:
        """Take its box, (4,), in the latest picture."""
        self.xyxy = xyxy
        self.last_seen_s = now_s
        self.labels[name] += 1

    def reach(self, now_s: float, params: TrackerParams) -> float:
        """Return how far from there it may be, in box sizes."""
        known = self.last_seen_s > self.first_seen_s
        per_s = params.reach_per_s if known else params.reach_unknown_per_s
        return params.reach + per_s * (now_s - self.last_seen_s)

    def track(self) -> Track:
        """Return what others see of it."""
        x1, y1, x2, y2 = self.xyxy.tolist()
        return Track(
            track_id=self.track_id,
            label=max(self.labels, key=self.labels.__getitem__),
            xyxy=(x1, y1, x2, y2),
            velocity_px_s=(float(self.velocity[0]), float(self.velocity[1])),
            first_seen_s=self.first_seen_s,
            last_seen_s=self.last_seen_s,
        )


class AssociationTracker:
    """Joins boxes to tracks by where each object should be by now.

    Ids are unique within one tracker and never used again.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        *,
        groups: dict[str, str] | None = None,
        params: TrackerParams | None = None,
    ) -> None:
        """Start with no tracks.

        Args:
            labels: the detector's class names.
            groups: label -> group within which one object's class may flip; by default
                the motor vehicles are one group and each other label its own.
            params: how to follow.
        """
        vehicles = dict.fromkeys(("car", "truck", "bus"), "vehicle")
        self._labels = labels
        self._groups = groups or vehicles
        self._params = params or TrackerParams()
        self._trails: list[_Trail] = []
        self._next_id = 1

    def __len__(self) -> int:
        """Return how many tracks are alive."""
        return len(self._trails)

    def update(self, frame: Frame, detections: Detections) -> tuple[Track, ...]:
        """Take one picture's boxes.

        Args:
            frame: when.
            detections: its boxes, picture pixels.

        Returns:
            Objects alive now: seen in the last `forget_s` seconds.
        """
        p = self._params
        now_s = frame.media_time_s
        self._trails = [
            t for t in self._trails if 0 <= now_s - t.last_seen_s <= p.forget_s
        ]
        found = detections.where(detections.score >= p.min_score)
        names = [self._labels[i] for i in found.class_id]
        pairs = self._assign(found.xyxy, names, now_s)
        self._steer(pairs, found.xyxy, now_s)
        for b in range(len(found)):
            if b in pairs:
                pairs[b].see(found.xyxy[b], names[b], now_s)
            elif found.score[b] >= p.new_score:
                self._begin(found.xyxy[b], names[b], now_s)
        self._trails.sort(key=lambda trail: -trail.last_seen_s)
        del self._trails[p.max_tracks :]
        return tuple(t.track() for t in sorted(self._trails, key=lambda t: t.track_id))

    def _assign(
        self, boxes: FloatArray, names: list[str], now_s: float
    ) -> dict[int, _Trail]:
        """Return which track each box continues, by box index.

        Boxes that lie where a track should be are settled first: a parked car must not
        trade its track with one that passes in front of it.
        """
        if not self._trails or len(boxes) == 0:
            return {}
        expected = self._expected(now_s)
        groups = [self._groups.get(name, name) for name in names]
        own = np.array([trail.group for trail in self._trails])
        alike = own[:, None] == np.array(groups)
        overlap = np.where(alike, iou(expected, boxes), 0.0)
        pairs = _best_pairs(-overlap, overlap >= self._params.same_iou)
        free = np.ones_like(alike)
        for t, b in pairs:
            free[t, :] = free[:, b] = False
        size = np.maximum(expected[:, 2:] - expected[:, :2], 1.0)
        between = bottom_center(boxes)[None] - bottom_center(expected)[:, None]
        distance = np.linalg.norm(between / size[:, None], axis=2)
        reach = np.array([trail.reach(now_s, self._params) for trail in self._trails])
        pairs += _best_pairs(distance, free & alike & (distance <= reach[:, None]))
        return {b: self._trails[t] for t, b in pairs}

    def _expected(self, now_s: float) -> FloatArray:
        """Return the (T, 4) boxes where all tracks should be now."""
        boxes = np.array([trail.xyxy for trail in self._trails])
        unseen_s = np.array([now_s - trail.last_seen_s for trail in self._trails])
        speed = np.array([trail.velocity for trail in self._trails])
        way = speed * unseen_s[:, None]
        return np.asarray(boxes + np.hstack((way, way)), np.float32)

    def _steer(
        self, pairs: Mapping[int, _Trail], boxes: FloatArray, now_s: float
    ) -> None:
        """Learn the velocities of the tracks that were found again.

        Args:
            pairs: track by box index.
            boxes: (N, 4) pixels.
            now_s: media time, seconds.
        """
        pairs = {b: t for b, t in pairs.items() if now_s > t.last_seen_s}
        if not pairs:
            return
        trails = list(pairs.values())
        dt_s = np.array([now_s - trail.last_seen_s for trail in trails])
        before = np.array([trail.xyxy for trail in trails])
        way = bottom_center(boxes[list(pairs)]) - bottom_center(before)
        speed = way / dt_s.astype(np.float32)[:, None]
        known = np.array([trail.last_seen_s > trail.first_seen_s for trail in trails])
        share = np.where(known, 1 - np.exp(-dt_s / self._params.smooth_s), 1.0)
        velocity = np.array([trail.velocity for trail in trails])
        smooth = velocity + share[:, None] * (speed - velocity)
        for trail, learned in zip(trails, smooth.astype(np.float32), strict=True):
            trail.velocity = learned

    def _begin(self, box: FloatArray, name: str, now_s: float) -> None:
        group = self._groups.get(name, name)
        trail = _Trail(self._next_id, box, group, now_s, now_s)
        trail.labels[name] += 1
        self._next_id += 1
        self._trails.append(trail)


def _best_pairs(cost: FloatArray, allowed: BoolArray) -> list[tuple[int, int]]:
    """Return the (track, box) pairs of least total cost, one to one."""
    rows, columns = linear_sum_assignment(np.where(allowed, cost, _NEVER))
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(t, b) for t, b in pairs if allowed[t, b]]
