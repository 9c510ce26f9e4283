"""Who is at a place: a person who carries, cleans or sells."""

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.detections import Detections
from vision.core.observation import Observation, ViewState
from vision.core.places import Place

PERSON = "person"


def people(observation: Observation, min_score: float) -> FloatArray:
    """Return the boxes of all persons, (N, 4) reference-view pixels."""
    human = np.array([label == PERSON for label in observation.labels], np.bool_)
    found = observation.detections
    wanted = human[found.class_id] & (found.score >= min_score)
    return observation.view.to_reference(found.xyxy[wanted])


class Crowd:
    """The persons of a picture, found once for all places of a rule."""

    def __init__(self, min_score: float = 0.35) -> None:
        """Start without a picture.

        Args:
            min_score: detection score from which a person counts.
        """
        self._min_score = min_score
        self._of: tuple[Detections, ViewState] | None = None
        self._feet: list[tuple[float, float, float]] = []  # x, y, width; pixels

    def near(self, place: Place, observation: Observation, *, reach: float) -> bool:
        """Return whether a person is seen to stand at a place.

        Feet count, not bodies: who walks by on the far side of a heap overlaps its box
        without touching it.

        Args:
            place: the place.
            observation: the picture's detections.
            reach: how far from the box's sides feet may be, in person widths.
        """
        if not observation.shows(place):
            return False
        detections, view = observation.detections, observation.view
        if self._of is None or self._of[0] is not detections or self._of[1] is not view:
            self._of = detections, view
            boxes = people(observation, self._min_score)
            self._feet = [
                ((x1 + x2) / 2, y2, x2 - x1) for x1, _, x2, y2 in boxes.tolist()
            ]
        x1, y1, x2, y2 = place.latest_xyxy or place.xyxy
        # The ground contact of the place: the lower half of its box.
        top = (y1 + y2) / 2
        return any(
            x1 - reach * width <= x <= x2 + reach * width
            and top - reach * width <= y <= y2 + reach * width
            for x, y, width in self._feet
        )
