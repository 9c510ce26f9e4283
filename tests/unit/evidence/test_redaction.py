"""A shared copy must not give back what it hides."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.unit.evidence.scenes import (
    DRIVING,
    decided,
    observed,
    passed,
    standing,
    street,
    textured,
)
from vision.core.arrays import ImageU8
from vision.core.observation import View, ViewState
from vision.core.places import PlaceState
from vision.core.violations import Slug
from vision.evidence.pictures import decode, encode, picture_of
from vision.evidence.redaction import Region, RegionKind, redact, regions_of
from vision.evidence.shots import shots_of

PERSON = (60.0, 40.0, 140.0, 220.0)
CAR = (160.0, 60.0, 310.0, 200.0)


def written(text: str, *, at: tuple[int, int], scale: float) -> ImageU8:
    """Return a picture with characters in it, as a plate has."""
    image = textured(3)
    cv2.rectangle(
        image, (at[0] - 4, at[1] - 26), (at[0] + 122, at[1] + 8), (180, 60, 0), -1
    )
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 2)
    return image


def best_match(scene: ImageU8, template: ImageU8) -> float:
    """Return the best normalised correlation of a template anywhere in a scene."""
    found = cv2.matchTemplate(scene, template, cv2.TM_CCOEFF_NORMED)
    return float(np.nanmax(np.where(np.isfinite(found), found, -1.0)))


@pytest.mark.parametrize("kind", list(RegionKind))
def test_no_part_of_what_was_hidden_can_be_matched_again(kind: RegionKind) -> None:
    image = textured(11)
    hidden = redact(image, (Region(kind, PERSON),))
    shared = decode(encode(hidden))
    x1, y1, x2, y2 = (int(side) for side in PERSON)

    for size in (24, 40):
        for top in range(y1, y2 - size, size):
            for left in range(x1, x2 - size, size):
                template = image[top : top + size, left : left + size]
                place = shared[
                    max(0, top - 12) : top + size + 12,
                    max(0, left - 12) : left + size + 12,
                ]
                assert best_match(image[y1:y2, x1:x2], template) > 0.99
                assert best_match(place, template) < 0.6


def test_the_right_plate_among_many_cannot_be_told() -> None:
    """Hide every candidate the same way and compare: the attack on mosaics."""
    plates = [f"A{number}" for number in ("12345", "88888", "71717", "40404", "96969")]
    region = (Region(RegionKind.PLATE, CAR),)
    candidates = [written(text, at=(176, 150), scale=0.9) for text in plates]
    hidden = [redact(image, region).astype(float) for image in candidates]
    noise = 6.0  # what a camera and JPEG add between two pictures of one plate

    spread = [
        float(np.abs(one - other).max())
        for index, one in enumerate(hidden)
        for other in hidden[index + 1 :]
    ]

    assert max(spread) < 4 * noise


def test_at_most_a_few_colours_remain_of_a_person() -> None:
    image = textured(5)
    hidden = redact(image, (Region(RegionKind.PERSON, PERSON),))
    x1, y1, x2, y2 = (int(side) for side in PERSON)
    colours = {tuple(pixel) for pixel in hidden[y1:y2, x1:x2].reshape(-1, 3)}

    assert len(colours) <= 6


def test_everything_outside_stays_as_it_was() -> None:
    image = textured(5)
    hidden = redact(image, (Region(RegionKind.PERSON, PERSON),))
    outside = np.ones(image.shape[:2], bool)
    outside[40:220, 60:140] = False

    assert (hidden[outside] == image[outside]).all()


def test_a_region_outside_the_picture_is_harmless() -> None:
    image = textured(5)
    hidden = redact(image, (Region(RegionKind.PERSON, (-90, -90, -10, -10)),))

    assert (hidden == image).all()


def test_people_and_readable_vehicles_are_hidden_wherever_they_are_known_from() -> None:
    at = street(1)
    parked = standing(at, xyxy=(10.0, 10.0, 150.0, 90.0))
    seen = observed(at, parked, boxes=((1, PERSON), (0, CAR)))
    kinds = sorted(region.kind for region in regions_of(seen))

    assert kinds == [RegionKind.PERSON, RegionKind.PLATE, RegionKind.PLATE]


@pytest.mark.parametrize("view", [View.CLEAR, View.BLIND])
@pytest.mark.parametrize("state", list(PlaceState))
def test_what_a_vehicle_passed_is_hidden_in_pictures_of_it_alone(
    state: PlaceState, view: View
) -> None:
    at = street(1)
    place = passed(at, xyxy=(10.0, 10.0, 150.0, 90.0), state=state)
    seen = replace(observed(at, place), scene=DRIVING, view=ViewState(view))

    assert bool(regions_of(seen)) == (state is PlaceState.STANDING)


def test_a_person_is_hidden_with_a_margin() -> None:
    at = street(1)
    (region,) = regions_of(observed(at, boxes=((1, PERSON),)))

    assert region.xyxy[0] < PERSON[0]
    assert region.xyxy[3] > PERSON[3]


def test_only_parking_has_copies_that_show_the_plate_of_the_parked_car_alone() -> None:
    at = street(1)
    car = standing(at, xyxy=(10.0, 10.0, 150.0, 90.0))
    boxes = ((1, PERSON), (0, CAR), (0, (12.0, 11.0, 151.0, 92.0)))
    seen = observed(at, car, boxes=boxes)
    parking = decided(at, car)
    made = {
        slug: {shot.role: shot for shot in shots_of(
            replace(parking, slug=slug), seen, None, zone=None
        )}
        for slug in (Slug.ILLEGAL_PARKING, Slug.GARBAGE_PILE)
    }  # fmt: skip
    plates = {
        slug: sorted(role for role in shots if role.endswith("_plates"))
        for slug, shots in made.items()
    }
    copy = decode(made[Slug.ILLEGAL_PARKING]["wide_deciding_plates"].picture.jpeg)
    original = decode(picture_of(at).jpeg)
    x1, y1, x2, y2 = (int(side) for side in PERSON)
    person = (slice(y1, y2), slice(x1, x2))
    plate = (slice(60, 88), slice(12, 50))
    other = (slice(130, 195), slice(170, 300))

    assert plates == {
        Slug.ILLEGAL_PARKING: ["close_up_plates", "wide_deciding_plates"],
        Slug.GARBAGE_PILE: [],
    }
    assert best_match(copy[person], original[person]) < 0.6
    assert best_match(copy[plate], original[plate]) > 0.95
    assert best_match(copy[other], original[other]) < 0.6


@pytest.mark.parametrize(
    ("end_reason", "roles"),
    [
        (None, {"close_up", "close_up_redacted", "close_up_plates"}),
        ("exposed", {"close_up", "close_up_redacted"}),
        ("replaced", {"close_up", "close_up_redacted"}),  # by one with another plate
        ("lost", set()),  # the vehicle is somewhere else
    ],
)
def test_a_box_of_an_earlier_picture_shows_nothing_of_this_one(
    end_reason: str | None, roles: set[str]
) -> None:
    at = street(1)
    state = PlaceState.STANDING if end_reason is None else PlaceState.ENDED
    place = passed(at, state=state, end_reason=end_reason)
    seen = replace(observed(at, place, boxes=((0, CAR),)), scene=DRIVING)
    step = replace(decided(at, place), slug=Slug.ILLEGAL_PARKING)

    shots = {one.role: one for one in shots_of(step, seen, None, zone=None)}

    assert {role for role in shots if role.startswith("close_up")} == roles
    assert ("wide_deciding_plates" in shots) == (end_reason is None)
    x1, y1, x2, _ = (int(side) for side in place.xyxy)
    edge = decode(shots["overlay"].picture.jpeg)[y1, x1 + 8 : x2 - 8].astype(int)
    drawn = (edge[:, 2] - edge[:, 1]).mean() > 60
    assert drawn == (end_reason != "lost")
