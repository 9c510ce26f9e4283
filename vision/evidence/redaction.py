"""What a shared copy hides, so that it cannot be brought back."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.geometry import iou
from vision.core.observation import Observation, View
from vision.core.places import Place, PlaceState
from vision.evidence.pictures import Box

PERSON_LABELS = frozenset({"person", "pedestrian", "rider", "cyclist", "people"})
VEHICLE_LABELS = frozenset(
    {"car", "truck", "bus", "van", "vehicle", "motorcycle", "motorbike", "tricycle"}
)
_GROW = 0.12  # detectors cut off hair and hands
_CELLS = (2, 3)  # columns and rows of colour left of a person
_PLATE_TOP = 0.45  # plates hang in the lower part of a vehicle, wherever it faces
# A plate is about a quarter of a vehicle's width: below this, a character has less
# than four pixels and nobody can read it.
_READABLE_FROM_PX = 100
_SAME_IOU = 0.5  # boxes of one vehicle, detected, tracked or remembered


class RegionKind(StrEnum):
    """What a region hides."""

    PERSON = "person"
    PLATE = "plate"


@dataclass(frozen=True, slots=True)
class Region:
    """A box to hide, pixels; may reach outside the picture."""

    kind: RegionKind
    xyxy: Box

    def moved(self, dx: int, dy: int) -> "Region":
        """Return it in a picture that was cut out of this one."""
        x1, y1, x2, y2 = self.xyxy
        return Region(self.kind, (x1 + dx, y1 + dy, x2 + dx, y2 + dy))

    def scaled(self, x: float, y: float) -> "Region":
        """Return it in a picture so many times as wide and as high."""
        x1, y1, x2, y2 = self.xyxy
        return Region(self.kind, (x1 * x, y1 * y, x2 * x, y2 * y))


def regions_of(observation: Observation) -> tuple[Region, ...]:
    """Return what has to be hidden in a frame: people, and where plates can be.

    Without a model for faces and plates, whole people and the lower part of every
    vehicle are taken, detected or remembered as a still object or a track.

    Returns:
        Regions in pixels of the picture, however it lies over the reference view.
    """
    view = observation.view
    seen = observation.detections
    found: list[tuple[str, Box]] = [
        (observation.labels[class_id], (x1, y1, x2, y2))
        for class_id, (x1, y1, x2, y2) in zip(
            seen.class_id.tolist(), seen.xyxy.tolist(), strict=True
        )
    ]
    found += [(track.label, track.xyxy) for track in observation.tracks]
    found += [
        (place.label, view.box_to_picture(place.xyxy))
        for place in observation.places
        if not _elsewhere(place, observation)
    ]
    return tuple(
        region for label, xyxy in found if (region := _region(label, xyxy)) is not None
    )


def but_the_plate_of(vehicle: Box, regions: tuple[Region, ...]) -> tuple[Region, ...]:
    """Return all regions but those that hide one vehicle's own plate.

    Args:
        vehicle: its box, pixels.
        regions: of the picture; people and the plates of others stay hidden.
    """
    own = np.array([_plate_area(vehicle)], np.float32)
    return tuple(
        region
        for region in regions
        if region.kind is RegionKind.PERSON
        or iou(np.array([region.xyxy], np.float32), own)[0, 0] < _SAME_IOU
    )


def redact(image: ImageU8, regions: tuple[Region, ...]) -> ImageU8:
    """Return a copy with every region hidden.

    A person keeps at most 2 x 3 colours; a plate's area keeps one colour per
    sixth of its width, averaged over its whole height, which is wider than any
    character and leaves no stroke to match.

    Args:
        image: (H, W, 3) uint8 BGR, untouched.
        regions: what to hide.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    copy = image.copy()
    for region in regions:
        _hide(copy, region)
    return copy


def _elsewhere(place: Place, observation: Observation) -> bool:
    """Return whether a place is known to lie elsewhere: its box is no part of this one.

    It may lie in another preset's picture; of a picture that is not clear that is not
    known, and the place is hidden in it. What a vehicle passed lies where it was seen
    last until it is seen again: in an earlier picture.
    """
    if place.passes is not None:
        return place.state is not PlaceState.STANDING
    view = observation.view
    return view.view is View.CLEAR and not observation.shows(place)


def _region(label: str, xyxy: Box) -> Region | None:
    x1, y1, x2, y2 = xyxy
    if label in PERSON_LABELS:
        dx, dy = (x2 - x1) * _GROW, (y2 - y1) * _GROW
        return Region(RegionKind.PERSON, (x1 - dx, y1 - dy, x2 + dx, y2 + dy))
    if label in VEHICLE_LABELS and x2 - x1 >= _READABLE_FROM_PX:
        return Region(RegionKind.PLATE, _plate_area(xyxy))
    return None


def _plate_area(vehicle: Box) -> Box:
    x1, y1, x2, y2 = vehicle
    height = y2 - y1
    return (x1, y1 + height * _PLATE_TOP, x2, y2 + height * 0.05)


def _hide(image: ImageU8, region: Region) -> None:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = region.xyxy
    left, right = max(0, int(x1)), min(width, int(np.ceil(x2)))
    top, bottom = max(0, int(y1)), min(height, int(np.ceil(y2)))
    if left >= right or top >= bottom:
        return
    columns, rows = _CELLS if region.kind is RegionKind.PERSON else (6, 1)
    cut = image[top:bottom, left:right]
    cells = (min(columns, right - left), min(rows, bottom - top))
    # INTER_AREA averages every pixel of a cell: nothing finer survives.
    coarse = cv2.resize(cut, cells, interpolation=cv2.INTER_AREA)
    image[top:bottom, left:right] = cv2.resize(
        coarse, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST
    )
