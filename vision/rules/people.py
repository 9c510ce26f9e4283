"""Who is at a place: a person who carries, cleans or sells."""

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.observation import Observation
from vision.core.places import Place

PERSON = "person"


def people(observation: Observation, min_score: float) -> FloatArray:
    """Return the boxes of all persons, (N, 4) reference-view pixels."""
    human = np.array([label == PERSON for label in observation.labels], np.bool_)
    found = observation.detections
    wanted = human[found.class_id] & (found.score >= min_score)
    return observation.view.to_reference(found.xyxy[wanted])


def person_near(
    place: Place, observation: Observation, *, reach: float, min_score: float = 0.35
) -> bool:
    """Return whether a person stands at a place.

    Feet count, not bodies: who walks by on the far side of a heap overlaps its box
    without touching it.

    Args:
        place: the place.
        observation: the picture's detections.
        reach: how far from the box's sides feet may be, in person widths.
        min_score: detection score from which a person counts.
    """
    boxes = people(observation, min_score)
    if len(boxes) == 0:
        return False
    x1, y1, x2, y2 = place.latest_xyxy or place.xyxy
    width = boxes[:, 2] - boxes[:, 0]
    feet_x, feet_y = (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]
    margin = reach * width
    # The ground contact of the place: the lower half of its box.
    beside = (feet_x >= x1 - margin) & (feet_x <= x2 + margin)
    level = (feet_y >= (y1 + y2) / 2 - margin) & (feet_y <= y2 + margin)
    return bool(np.any(beside & level))
