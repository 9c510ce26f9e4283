"""Which pictures prove a step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from vision.core.arrays import ImageU8
from vision.core.observation import Observation
from vision.core.violations import Slug, Violation
from vision.evidence.dwell import Point
from vision.evidence.overlay import caption, draw_overlay
from vision.evidence.pictures import (
    SHARED_WIDTH,
    Picture,
    at_most,
    close_up,
    picture_of,
)
from vision.evidence.redaction import but_the_plate_of, redact, regions_of
from vision.evidence.seal import short_code
from vision.evidence.sights import Sight
from vision.evidence.timeline import draw_timeline, life_of

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
    deciding = picture_of(frame, image)
    yield Shot("wide_deciding", deciding)
    if sight is not None and sight.frame_index == frame.index:
        sight = None
    if sight is not None:
        yield Shot("wide_first", sight.picture)
    cut = close_up(image, violation.place.xyxy)
    yield Shot("close_up", picture_of(frame, cut))
    shared = redact(image, regions_of(observation))
    text = caption(
        violation,
        observation.scene,
        frame,
        short_code=short_code(violation.event_id, deciding.sha256),
        zone=zone,
    )
    small = at_most(shared, SHARED_WIDTH)
    scale = small.shape[1] / shared.shape[1]
    drawn = draw_overlay(small, violation, observation.scene, text, scale=scale)
    yield Shot("overlay", picture_of(frame, drawn), "redacted and annotated")
    yield Shot("wide_deciding_redacted", picture_of(frame, small), "redacted")
    cut = close_up(shared, violation.place.xyxy)
    yield Shot("close_up_redacted", picture_of(frame, cut), "redacted")
    if sight is not None:
        yield Shot("wide_first_redacted", sight.redacted(), "redacted")
    if violation.slug is Slug.ILLEGAL_PARKING:
        yield from _with_the_plate(violation, observation, image, sight)
    life = life_of(violation, growth, camera=observation.scene.name)
    drawn = draw_timeline(life, zone=zone)
    yield Shot("timeline", picture_of(frame, drawn), "drawn from the place's states")


def _with_the_plate(
    violation: Violation,
    observation: Observation,
    image: ImageU8,
    sight: Sight | None,
) -> Iterator[Shot]:
    """Yield what may be shown once a person's review made it a parking case."""
    frame = observation.frame
    parked = violation.place.xyxy
    shown = redact(image, but_the_plate_of(parked, regions_of(observation)))
    cut = close_up(shown, parked)
    yield Shot("close_up_plates", picture_of(frame, cut), PLATES_NOTE)
    small = at_most(shown, SHARED_WIDTH)
    yield Shot("wide_deciding_plates", picture_of(frame, small), PLATES_NOTE)
    if sight is not None:
        yield Shot("wide_first_plates", sight.redacted(plate_of=parked), PLATES_NOTE)
