"""Follows what a passing camera sees, on the ground instead of in the picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.geometry import Xyxy, box_area, shared_area
from vision.patrol.look import look_of
from vision.patrol.params import PatrolKind, PatrolParams
from vision.patrol.pose import Pose, Ray
from vision.patrol.sighting import Sighting, begin

PERSON = "person"
_FORGET_S = 3.0  # unseen: it is behind, or hidden, and begins anew
_LONGEST_LOOK_S = 1.0  # between two looks that count as one stretch
_MARGIN = 0.03  # of the picture: near its edge things are cut off
_HIDDEN = 0.4  # share of the expected box behind something nearer,
_NEARER = 0.25  # whose foot is so much lower, in shares of its height
_BESIDE = 0.7  # of a person's height, how far feet may be from the object


@dataclass(frozen=True, slots=True)
class Found:
    """One detection that may be of something fixed.

    Attributes:
        kind: what it is taken for.
        label: its class.
        score: [0, 1].
        box: pixels.
        ray: where its foot lies, or None: not seen, or too far away.
    """

    kind: PatrolKind
    label: str
    score: float
    box: Xyxy
    ray: Ray | None


def found_in(
    detections: Detections,
    pose: Pose,
    kinds: Sequence[PatrolKind | None],
    labels: Sequence[str],
    params: PatrolParams,
) -> list[Found]:
    """Return the detections that concern this memory, measured.

    Args:
        detections: all boxes of a picture.
        pose: where the camera was.
        kinds: of each class; None: no concern.
        labels: of each class.
        params: limits.
    """
    found = []
    rows = zip(
        detections.xyxy.tolist(),
        detections.score.tolist(),
        detections.class_id.tolist(),
        strict=True,
    )
    for (x1, y1, x2, y2), score, class_id in rows:
        kind = kinds[class_id]
        if kind is None or score < params.keep_score:
            continue
        box = x1, y1, x2, y2
        ray = pose.measure(box)
        if ray is not None and ray.range_m > params.max_range_m:
            ray = None
        found.append(Found(kind, labels[class_id], score, box, ray))
    return found


class Pursuit:
    """The objects of the present pass.

    A box belongs to the object where its foot should lie: the vehicle's own way is
    known, so the picture may change by as much as it likes between two looks.
    """

    def __init__(self, params: PatrolParams) -> None:
        """Start with nothing in sight."""
        self._params = params
        self.sightings: list[Sighting] = []
        self.of: dict[int, Sighting] = {}

    def update(
        self, frame: Frame, pose: Pose, found: Sequence[Found], people: Sequence[Xyxy]
    ) -> None:
        """Take one picture.

        Args:
            frame: the picture.
            pose: where the camera was.
            found: what was detected in it.
            people: boxes of persons.
        """
        now = frame.captured_at
        self.sightings = [s for s in self.sightings if s.unseen_s(now) <= _FORGET_S]
        self.of = self._assign(found)
        for index, one in enumerate(found):
            if one.ray is not None:
                sighting = self.of.get(index) or self._begin(one, one.ray, now)
                if sighting is not None:
                    self.of[index] = sighting
                    self._see(sighting, one, one.ray, frame, people)
        boxes = [*people, *(one.box for one in found)]
        for sighting in self.sightings:
            if sighting.seen_at != now:
                expected = pose.seen_at(sighting.fitted.point, sighting.size_m)
                sighting.expected += _should_see(pose, expected, boxes)

    def forget(self) -> None:
        """Let go of all: the vehicle's place was lost, or the clock jumped."""
        self.sightings = []
        self.of = {}

    def _assign(self, found: Sequence[Found]) -> dict[int, Sighting]:
        """Return the sighting that each detection continues, by its index."""
        pairs = sorted(
            (
                (distance, index, sighting)
                for index, one in enumerate(found)
                if one.ray is not None
                for sighting in self.sightings
                if sighting.kind is one.kind
                and (distance := sighting.distance(one.ray)) <= self._params.gate
            ),
            key=lambda pair: pair[:2],
        )
        taken: dict[int, Sighting] = {}
        busy: set[int] = set()
        for _, index, sighting in pairs:
            if index not in taken and id(sighting) not in busy:
                taken[index] = sighting
                busy.add(id(sighting))
        return taken

    def _begin(self, one: Found, ray: Ray, now: datetime) -> Sighting | None:
        if len(self.sightings) >= self._params.max_sightings:
            return None
        sighting = begin(one.kind, ray, one.box, now)
        self.sightings.append(sighting)
        return sighting

    def _see(
        self,
        sighting: Sighting,
        one: Found,
        ray: Ray,
        frame: Frame,
        people: Sequence[Xyxy],
    ) -> None:
        now = frame.captured_at
        gap_s = sighting.unseen_s(now)
        sighting.observed_s += gap_s if gap_s <= _LONGEST_LOOK_S else 0.0
        sighting.see(ray, one.box, now, self._params)
        sighting.expected += 1
        sighting.votes[one.label] += 1
        sighting.scores += one.score
        sighting.best_score = max(sighting.best_score, one.score)
        sighting.attended += any(_beside(person, one.box) for person in people)
        if one.kind.is_individual and ray.range_m < sighting.look_range_m:
            look = look_of(frame, one.box)
            if look is not None:
                sighting.look, sighting.look_range_m = look, ray.range_m


def in_view(pose: Pose, box: Xyxy | None) -> bool:
    """Return whether something in this box would be seen as a whole, its foot too."""
    if box is None:
        return False
    width, height = pose.size_px
    x, y = (box[0] + box[2]) / 2, box[3]
    sides = _MARGIN * width, (1 - _MARGIN) * width
    return sides[0] <= x <= sides[1] and 0 <= y <= (1 - _MARGIN) * height


def hidden(expected: Xyxy, boxes: Sequence[Xyxy], *, lower: float = 0.0) -> bool:
    """Return whether something nearer stands before an expected box.

    Args:
        expected: pixels.
        boxes: of all that may hide it.
        lower: how far below it must stand, in shares of the expected height.
    """
    x1, y1, x2, y2 = expected
    half = x1, (y1 + y2) / 2, x2, y2
    enough = _HIDDEN * box_area(half)
    foot = y2 + lower * (y2 - y1)
    return any(box[3] > foot and shared_area(half, box) >= enough for box in boxes)


def _should_see(pose: Pose, expected: Xyxy | None, boxes: Sequence[Xyxy]) -> bool:
    """Return whether what is not found should have been: in view, nothing before it."""
    return (
        expected is not None
        and in_view(pose, expected)
        and not hidden(expected, boxes, lower=_NEARER)
    )


def _beside(person: Xyxy, box: Xyxy) -> bool:
    """Return whether a person's feet are at the foot of a box."""
    x, y = (person[0] + person[2]) / 2, person[3]
    reach = _BESIDE * (person[3] - person[1])
    x1, y1, x2, y2 = box
    level = max(reach / 2, (y2 - y1) / 4)
    return x1 - reach <= x <= x2 + reach and abs(y - y2) <= level
