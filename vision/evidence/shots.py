"""Which pictures prove a step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from vision.core.observation import Observation
from vision.core.places import Place, PlaceState
from vision.core.violations import Slug, Violation
from vision.evidence.dwell import Point
from vision.evidence.life import life_of
from vision.evidence.overlay import caption, draw_overlay, outline_of
from vision.evidence.pictures import Picture, close_up, picture_of
from vision.evidence.redaction import but_the_plate_of, regions_of
from vision.evidence.seal import short_code
from vision.evidence.sharing import Sharing, hidden_close_up
from vision.evidence.sight import Sight
from vision.evidence.timeline import draw_timeline

PLATES_NOTE = (
    "all hidden but this vehicle's plate: for parking cases that a person registered"
)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture still to be written.

    Attributes:
        role: as on `Artifact`.
        picture: encoded and hashed.
        note: how it was made, where that matters.
    """

    role: str
    picture: Picture
    note: str | None = None

    @property
    def size_bytes(self) -> int:
        """Length of the file that it becomes."""
        return len(self.picture.jpeg)


def shots_of(
    violation: Violation,
    observation: Observation,
    sight: Sight | None,
    *,
    zone: tzinfo | None,
    growth: Sequence[Point] = (),
) -> Iterator[Shot]:
    """Yield the pictures of a step, the most needed first.

    Args:
        violation: the step.
        observation: the deciding frame and what was made of it.
        sight: first sight of the place, or None.
        zone: time zone on the overlay; None: this machine's.
        growth: how the place's dwell grew, for its timeline.

    Raises:
        EvidenceError: a picture cannot be encoded.
    """
    frame = observation.frame
    image = frame.image  # asked for once: it may be converted for each asking
    place = violation.place
    box = observation.view.box_to_picture(place.xyxy)
    deciding = picture_of(frame, image)
    yield Shot("wide_deciding", deciding)
    if sight is not None and sight.shows(frame):
        sight = None
    if sight is not None:
        yield _first(sight, deciding)
    here = not _is_elsewhere(place)
    if here:
        cut = close_up(image, box)
        yield Shot("close_up", picture_of(frame, cut))
    shared = Sharing.of(image, regions_of(observation))
    text = caption(
        violation,
        observation.scene,
        frame,
        short_code=short_code(violation.event_id, deciding.sha256),
        zone=zone,
    )
    hidden = shared.hidden()
    outline = outline_of(violation, observation)
    drawn = draw_overlay(
        hidden, text, box=box if here else None, outline=outline, scale=shared.scale
    )
    yield Shot("overlay", picture_of(frame, drawn), "redacted and annotated")
    yield Shot("wide_deciding_redacted", picture_of(frame, hidden), "redacted")
    if here:
        cut = hidden_close_up(image, box, shared.regions)
        yield Shot("close_up_redacted", picture_of(frame, cut), "redacted")
    is_parking = violation.slug is Slug.ILLEGAL_PARKING
    if sight is not None:
        yield from _of_the_first(sight, place.place_id if is_parking else None)
    if is_parking and _shows_vehicle(place, observation):
        cut = hidden_close_up(image, box, but_the_plate_of(box, shared.regions))
        yield Shot("close_up_plates", picture_of(frame, cut), PLATES_NOTE)
        shown = shared.with_the_plate_of(box)
        yield Shot("wide_deciding_plates", picture_of(frame, shown), PLATES_NOTE)
    life = life_of(violation, growth, camera=observation.scene.name)
    drawn = draw_timeline(life, zone=zone)
    yield Shot("timeline", picture_of(frame, drawn), "drawn from the place's states")


def _is_elsewhere(place: Place) -> bool:
    """Return whether the box of what a vehicle passed is none of this picture."""
    gone = place.state is PlaceState.MISSING or place.end_reason == "lost"
    return place.passes is not None and gone


def _shows_vehicle(place: Place, observation: Observation) -> bool:
    """Return whether no plate but its own can be in a parked vehicle's box.

    Another's may be where the picture does not show the place, and in the bay that a
    passing car finds empty or taken.
    """
    if place.passes is not None:
        return place.state is PlaceState.STANDING
    return observation.shows(place)


def _first(sight: Sight, deciding: Picture) -> Shot:
    """Return a first sight; its time may come from another clock than the package's."""
    first = sight.picture
    if first.time_source is deciding.time_source:
        return Shot("wide_first", first)
    return Shot("wide_first", first, f"time from: {first.time_source.value}")


def _of_the_first(sight: Sight, parked: str | None) -> Iterator[Shot]:
    """Yield the shared copies of a first sight.

    Args:
        sight: another picture than the deciding one.
        parked: place of a vehicle whose plate may be shown once a person's review made
            it a parking case, or None.
    """
    shared = sight.sharing()
    yield Shot("wide_first_redacted", sight.copy(shared.hidden()), "redacted")
    if parked is not None:
        shown = sight.copy(shared.with_the_plate_of(sight.boxes[parked]))
        yield Shot("wide_first_plates", shown, PLATES_NOTE)
