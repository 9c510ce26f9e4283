"""What one picture says about a place that somebody asks about."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from vision.core.geometry import area, intersection
from vision.core.observation import Observation, View
from vision.core.places import Place, PlaceState
from vision.rules.appearance import Xyxy
from vision.rules.kinds import Kind
from vision.rules.matching import on_footprint, within_reach
from vision.rules.scan import Scan
from vision.rules.slot import as_xyxy


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
        darkest: mean grey level below which nothing would be seen there;
        brightest: and above which.
    """

    min_score: float = 0.2
    cover_share: float = 0.25
    min_inside: float = 0.8
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
    """

    place_id: str
    kind: Kind
    offending: frozenset[str]
    xyxy: Xyxy
    preset: str | None
    ended: bool


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
    boxes = scan.boxes[found]
    at_place = on_footprint(target.xyxy, boxes, target.kind.min_iou)
    if target.kind.roam_sizes > 0:
        reach = observation.scene.homography
        at_place |= np.array(
            [within_reach(target.xyxy, as_xyxy(b), target.kind, reach) for b in boxes],
            np.bool_,
        )
    labels = {scan.labels[int(scan.detections.class_id[i])] for i in found[at_place]}
    if labels:
        return _found(labels, target)
    hidden = _hidden(target, scan, params)
    if hidden is not None:
        return Glance(Sight.HIDDEN, hidden)
    if target.offending != target.kind.labels and not target.ended:
        # A bin that is not found is not known to be empty.
        return Glance(Sight.HIDDEN, "not_found")
    return Glance(Sight.CLEAR, "nothing_there")


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
