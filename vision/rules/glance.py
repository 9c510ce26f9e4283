"""What one picture says about a place that somebody asks about."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.geometry import Xyxy, area, intersection
from vision.core.observation import Observation, View
from vision.core.places import Place, PlaceState
from vision.rules.appearance import look_at, similarity
from vision.rules.kinds import Kind
from vision.rules.matching import on_footprint, within_reach
from vision.rules.scan import Scan

_SWAY = 0.08  # of the box


class Sight(StrEnum):
    """What is seen of what was reported."""

    THERE = "there"
    CLEAR = "clear"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Glance:
    """One picture's word.

    Attributes:
        sight: what is seen.
        why: what tells, in one word.
    """

    sight: Sight
    why: str


@dataclass(frozen=True, slots=True)
class GlanceParams:
    """When a place counts as visible.

    Attributes:
        min_score: detection score from which something counts.
        cover_share: share of the footprint that something in front may cover.
        min_inside: share of the footprint that must lie in the picture.
        same_look: likeness to the picture of the report from which it is still there;
        other_look: and below which it is gone.
        darkest: mean grey level below which nothing would be seen there;
        brightest: and above which.
    """

    min_score: float = 0.2
    cover_share: float = 0.25
    min_inside: float = 0.8
    same_look: float = 0.7
    other_look: float = 0.4
    darkest: float = 16.0
    brightest: float = 245.0


@dataclass(frozen=True, slots=True)
class Target:
    """What is looked for, and where.

    Attributes:
        place_id: as on the event.
        kind: group of classes.
        offending: its classes that are the violation; of a bin, only the full one.
        xyxy: footprint, reference-view pixels.
        preset: PTZ preset it lies in, or None.
        ended: the engine has seen the reported object go.
        looks: what the picture of the report showed there, and a little beside it;
            none where that picture is gone.
        decided_at: wall time of the decision, aware; None: nobody knows.
    """

    place_id: str
    kind: Kind
    offending: frozenset[str]
    xyxy: Xyxy
    preset: str | None
    ended: bool
    looks: tuple[ImageU8, ...] = ()
    decided_at: datetime | None = None


def glance(target: Target, observation: Observation, params: GlanceParams) -> Glance:
    """Return what a picture says about a place.

    Only a place that is demonstrably in view, uncovered and lit can be clear.

    Args:
        target: what is asked about.
        observation: the picture with all that was made of it.
        params: what counts as visible.
    """
    view = observation.view
    if view.view is not View.CLEAR:
        return Glance(Sight.HIDDEN, view.reason or view.view.value)
    if view.preset != target.preset:
        return Glance(Sight.HIDDEN, "other_preset")
    known = {place.place_id: place for place in observation.places}
    place = known.get(target.place_id)
    scan = Scan(
        observation.frame,
        view,
        observation.detections,
        observation.labels,
        observation.dt_s,
    )
    if place is not None and target.offending == target.kind.labels:
        return _remembered(place, target)
    if place is not None:
        # The memory follows pictures that change their size.
        target = replace(target, xyxy=place.xyxy)
    return _detected(target, scan, observation, params)


def _remembered(place: Place, target: Target) -> Glance:
    """Return what the place memory says, which knows looks and the bare ground."""
    if place.state is PlaceState.STANDING:
        return Glance(Sight.THERE, "standing")
    if place.state is PlaceState.OCCLUDED:
        return Glance(Sight.HIDDEN, "covered")
    if place.end_reason == "replaced" and not target.kind.is_individual:
        return Glance(Sight.THERE, "replaced")
    if place.end_reason == "lost" or place.clear_views == 0:
        return Glance(Sight.HIDDEN, "not_recognised")
    return Glance(Sight.CLEAR, place.end_reason or "exposed")


def _detected(
    target: Target, scan: Scan, observation: Observation, params: GlanceParams
) -> Glance:
    """Return what the detections say where the memory knows nothing."""
    found = scan.of_kind(target.kind.labels, params.min_score)
    ground = observation.scene.ground(target.preset)
    roams = target.kind.roam_sizes > 0
    labels = {
        scan.name(i)
        for i in found
        if on_footprint(target.xyxy, scan.boxes[i], target.kind.min_iou)
        or (roams and within_reach(target.xyxy, scan.boxes[i], target.kind, ground))
    }
    if labels:
        return _found(labels, target)
    hidden = _hidden(target, scan, params)
    if hidden is not None:
        return Glance(Sight.HIDDEN, hidden)
    if target.offending != target.kind.labels and not target.ended:
        # A bin that is not found is not known to be empty.
        return Glance(Sight.HIDDEN, "not_found")
    if target.ended:
        return Glance(Sight.CLEAR, "nothing_there")
    return _compared(target, scan, params)


def _compared(target: Target, scan: Scan, params: GlanceParams) -> Glance:
    """Return what the picture of the report says where the detector finds nothing.

    A detector that misses what it once found is no proof that it is gone.
    """
    shown = scan.look(target.xyxy)
    likeness = [similarity(look, shown) for look in target.looks]
    known = [one for one in likeness if one is not None]
    if not known:
        # Flat ground where something with a pattern stood is another picture, too.
        gone = bool(target.looks) and shown is None
        return (
            Glance(Sight.CLEAR, "nothing_there")
            if gone
            else Glance(Sight.HIDDEN, "nothing_to_compare")
        )
    if max(known) >= params.same_look:
        return Glance(Sight.THERE, "looks_the_same")
    if max(known) < params.other_look:
        return Glance(Sight.CLEAR, "nothing_there")
    return Glance(Sight.HIDDEN, "not_recognised")


def looks_of(picture: ImageU8, xyxy: Xyxy) -> tuple[ImageU8, ...]:
    """Return what a picture shows in a box and a little beside it.

    The camera may have swayed when the picture was taken.

    Args:
        picture: (H, W, 3) uint8 BGR.
        xyxy: pixels.
    """
    x1, y1, x2, y2 = xyxy
    dx, dy = _SWAY * (x2 - x1), _SWAY * (y2 - y1)
    around = ((0.0, 0.0), (dx, 0.0), (-dx, 0.0), (0.0, dy), (0.0, -dy))
    seen = (look_at(picture, (x1 + a, y1 + b, x2 + a, y2 + b)) for a, b in around)
    return tuple(look for look in seen if look is not None)


def _found(labels: set[str], target: Target) -> Glance:
    """Return what objects of the kind on the footprint mean."""
    if not labels & target.offending:
        return Glance(Sight.CLEAR, min(labels))
    if not target.kind.is_individual:
        return Glance(Sight.THERE, min(labels & target.offending))
    if target.ended:
        return Glance(Sight.CLEAR, "replaced")
    return Glance(Sight.HIDDEN, "another_or_the_same")


def _hidden(target: Target, scan: Scan, params: GlanceParams) -> str | None:
    """Return why a place without a detection could not be seen anyway, or None."""
    box = np.array([target.xyxy], np.float32)
    shown = scan.view.to_picture(box)
    frame = scan.frame
    picture = np.array([[0, 0, frame.width, frame.height]], np.float32)
    inside = float(intersection(shown, picture)[0, 0]) / max(float(area(shown)[0]), 1.0)
    if inside < params.min_inside:
        return "outside"
    if scan.cover(target.xyxy) >= params.cover_share:
        return "covered"
    left, top, right, bottom = np.clip(shown[0], 0, picture[0, 2:].tolist() * 2)
    crop = frame.image[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
    level = float(np.mean(cv2.mean(crop)[:3]))
    if level < params.darkest:
        return "dark"
    return "glare" if level > params.brightest else None
