"""Follows moving objects from picture to picture, in seconds, not in frames."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import lap
import numpy as np

from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.geometry import Point, Xyxy, box_iou, foot_in_sizes
from vision.core.tracks import Track

_NEVER = 1e4  # above all that may be paid, below what `lap` takes for endless


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


@dataclass(frozen=True, slots=True)
class _Box:
    """One detection: where, how sure, and what it was taken for."""

    xyxy: Xyxy
    score: float
    name: str


@dataclass(slots=True)
class _Trail:
    """A track while it lives."""

    track_id: int
    xyxy: Xyxy
    group: str
    first_seen_s: float
    last_seen_s: float
    velocity: Point = (0.0, 0.0)
    labels: Counter[str] = field(default_factory=Counter)

    def see(self, xyxy: Xyxy, name: str, now_s: float, smooth_s: float) -> None:
        """Take its box in the latest picture, and learn its velocity from it."""
        dt_s = now_s - self.last_seen_s
        if dt_s > 0:
            known = self.last_seen_s > self.first_seen_s
            share = 1 - math.exp(-dt_s / smooth_s) if known else 1.0
            x1, _, x2, y2 = self.xyxy
            vx, vy = self.velocity
            to_x, to_y = (xyxy[0] + xyxy[2] - x1 - x2) / 2, xyxy[3] - y2
            self.velocity = (
                vx + share * (to_x / dt_s - vx),
                vy + share * (to_y / dt_s - vy),
            )
        self.xyxy = xyxy
        self.last_seen_s = now_s
        self.labels[name] += 1

    def expected(self, now_s: float) -> Xyxy:
        """Return the box where it should be now."""
        unseen_s = now_s - self.last_seen_s
        dx, dy = self.velocity[0] * unseen_s, self.velocity[1] * unseen_s
        x1, y1, x2, y2 = self.xyxy
        return x1 + dx, y1 + dy, x2 + dx, y2 + dy

    def reach(self, now_s: float, params: TrackerParams) -> float:
        """Return how far from there it may be, in box sizes."""
        known = self.last_seen_s > self.first_seen_s
        per_s = params.reach_per_s if known else params.reach_unknown_per_s
        return params.reach + per_s * (now_s - self.last_seen_s)

    def track(self) -> Track:
        """Return what others see of it."""
        return Track(
            track_id=self.track_id,
            label=max(self.labels, key=self.labels.__getitem__),
            xyxy=self.xyxy,
            velocity_px_s=self.velocity,
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
        shown = zip(
            detections.xyxy.tolist(),
            detections.score.tolist(),
            detections.class_id.tolist(),
            strict=True,
        )
        boxes = [
            _Box((x1, y1, x2, y2), score, self._labels[class_id])
            for (x1, y1, x2, y2), score, class_id in shown
            if score >= p.min_score
        ]
        pairs = self._assign(boxes, now_s)
        for b, box in enumerate(boxes):
            if b in pairs:
                pairs[b].see(box.xyxy, box.name, now_s, p.smooth_s)
            elif box.score >= p.new_score:
                self._begin(box, now_s)
        self._trails.sort(key=lambda trail: -trail.last_seen_s)
        del self._trails[p.max_tracks :]
        return tuple(t.track() for t in sorted(self._trails, key=lambda t: t.track_id))

    def _assign(self, boxes: Sequence[_Box], now_s: float) -> dict[int, _Trail]:
        """Return which track each box continues, by box index.

        Boxes that lie where a track should be are settled first: a parked car must not
        trade its track with one that passes in front of it.
        """
        expected = [trail.expected(now_s) for trail in self._trails]
        of_group: dict[str, list[int]] = {}
        for b, box in enumerate(boxes):
            of_group.setdefault(self._groups.get(box.name, box.name), []).append(b)
        alike = [of_group.get(trail.group, []) for trail in self._trails]
        places = [box.xyxy for box in boxes]
        pairs = _best_pairs(_overlaps(expected, places, alike, self._params.same_iou))
        settled, taken = {t for t, _ in pairs}, {b for _, b in pairs}
        distance: dict[tuple[int, int], float] = {}
        for t, trail in enumerate(self._trails):
            if t in settled:
                continue
            reach = trail.reach(now_s, self._params)
            for b in alike[t]:
                away = _sizes_away(expected[t], places[b])
                if b not in taken and away <= reach:
                    distance[t, b] = away
        pairs += _best_pairs(distance)
        return {b: self._trails[t] for t, b in pairs}

    def _begin(self, box: _Box, now_s: float) -> None:
        group = self._groups.get(box.name, box.name)
        trail = _Trail(self._next_id, box.xyxy, group, now_s, now_s)
        trail.labels[box.name] += 1
        self._next_id += 1
        self._trails.append(trail)


def _overlaps(
    expected: Sequence[Xyxy],
    boxes: Sequence[Xyxy],
    alike: Sequence[Sequence[int]],
    least_iou: float,
) -> dict[tuple[int, int], float]:
    """Return what each pair costs that lies in one place: less, the more it overlaps.

    Args:
        expected: where each track should be.
        boxes: what was found.
        alike: for each track, the boxes of its group.
        least_iou: from which they lie in one place.
    """
    cost: dict[tuple[int, int], float] = {}
    for t, here in enumerate(expected):
        left, _, right, _ = here
        for b in alike[t]:
            box = boxes[b]
            if box[0] < right and left < box[2]:  # most are elsewhere
                shared = box_iou(here, box)
                if shared >= least_iou:
                    cost[t, b] = -shared
    return cost


def _sizes_away(expected: Xyxy, box: Xyxy) -> float:
    """Return how far a box's ground contact is from where it should be, in sizes."""
    return math.hypot(*foot_in_sizes(expected, box))


def _best_pairs(cost: Mapping[tuple[int, int], float]) -> list[tuple[int, int]]:
    """Return the (track, box) pairs of least total cost, one to one.

    Args:
        cost: of each pair that is allowed at all.
    """
    tracks = {t: row for row, t in enumerate({t for t, _ in cost})}
    boxes = {b: column for column, b in enumerate({b for _, b in cost})}
    if len(tracks) == len(boxes) == len(cost):
        return list(cost)  # nearly always: each has one partner
    dense = np.full((len(tracks), len(boxes)), _NEVER)
    for (t, b), paid in cost.items():
        dense[tracks[t], boxes[b]] = paid
    _, partner, _ = lap.lapjv(dense, extend_cost=True)  # -1: none
    chosen = set(enumerate(partner.tolist()))
    return [(t, b) for t, b in cost if (tracks[t], boxes[b]) in chosen]
