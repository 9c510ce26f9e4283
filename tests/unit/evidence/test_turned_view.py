"""Places are told in the reference view; a picture may lie elsewhere."""

from dataclasses import replace
from datetime import UTC

import numpy as np
import pytest

from tests.unit.evidence.scenes import BOX, decided, observed, standing, street
from vision.core.arrays import ImageU8
from vision.core.geometry import Xyxy
from vision.core.observation import Observation, View, ViewState
from vision.evidence.pictures import close_up, decode, encode
from vision.evidence.redaction import regions_of
from vision.evidence.shots import Shot, shots_of
from vision.evidence.sight import Sight
from vision.evidence.sights import FirstSights

SHIFTED = ViewState(shift_px=(130.0, 40.0))
ZOOMED = ViewState(
    reason="re_registered",
    shift_px=(60.0, 50.0),
    registration=((1.2, 0.0, 60.0), (0.0, 1.2, 50.0), (0.0, 0.0, 1.0)),
)
TURNED = [
    (SHIFTED, (190.0, 100.0, 310.0, 180.0)),
    (ZOOMED, (132.0, 122.0, 276.0, 218.0)),
]


def parked(view: ViewState, there: Xyxy, *, index: int = 9) -> Observation:
    """Return a picture in which the car of `BOX` lies `there`.

    Where `BOX` lies in its pixels, a neighbour stands.
    """
    at = street(index)
    boxes = ((0, BOX), (0, there)) if there != BOX else ((0, BOX),)
    return replace(observed(at, standing(at), boxes=boxes), view=view)


def shots(seen: Observation, sight: Sight | None = None) -> dict[str, Shot]:
    step = decided(seen.frame, seen.places[0])
    return {one.role: one for one in shots_of(step, seen, sight, zone=UTC)}


def plate_hidden(shot: Shot, original: ImageU8, vehicle: Xyxy) -> bool:
    """Return whether a wide copy hides where a vehicle's plate can be."""
    x1, y1, x2, y2 = (round(side) for side in vehicle)
    low = slice((y1 + y2) // 2 + 4, y2), slice(x1 + 4, x2 - 4)
    copy = decode(shot.picture.jpeg)[low].astype(int)
    error = float(np.abs(copy - decode(encode(original))[low]).mean())
    assert error < 5 or error > 15  # JPEG alone, or one colour for much of it
    return error > 15


def drawn_at(image: ImageU8, x: float, y: float) -> str | None:
    """Return what is drawn on a grey picture within two pixels of a point."""
    row, column = round(y), round(x)
    near = image[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3).astype(int)
    blue, green, red = near[np.ptp(near, axis=1).argmax()]
    if red - blue < 40:
        return None
    return "zone" if green - blue > 40 else "box"


@pytest.mark.parametrize(("view", "there"), TURNED)
def test_the_close_up_shows_what_the_step_is_about(
    view: ViewState, there: Xyxy
) -> None:
    seen = parked(view, there)

    made = shots(seen)

    about = close_up(seen.frame.image, there)
    assert made["close_up"].picture.jpeg == encode(about)
    assert decode(made["close_up_redacted"].picture.jpeg).shape == about.shape


@pytest.mark.parametrize(("view", "there"), TURNED)
def test_only_the_parked_vehicles_own_plate_is_shown(
    view: ViewState, there: Xyxy
) -> None:
    neighbour = (0.0, 0.0, 110.0, 80.0)
    seen = parked(view, there)
    beside = observed(seen.frame, boxes=((0, neighbour), (0, there)))
    seen = replace(seen, detections=beside.detections)

    copy = shots(seen)["wide_deciding_plates"]

    assert not plate_hidden(copy, seen.frame.image, there)
    assert plate_hidden(copy, seen.frame.image, neighbour)


def test_who_stands_in_the_picture_where_the_place_lay_keeps_the_plate_hidden() -> None:
    view, there = TURNED[0]
    seen = parked(view, there)
    made = shots(seen)

    assert plate_hidden(made["wide_deciding_plates"], seen.frame.image, BOX)
    assert plate_hidden(made["wide_deciding_redacted"], seen.frame.image, there)


@pytest.mark.parametrize(("view", "there"), TURNED)
def test_the_overlay_draws_box_and_zone_where_they_lie(
    view: ViewState, there: Xyxy
) -> None:
    at = replace(street(9), picture=np.full((240, 320, 3), 90, np.uint8))
    seen = replace(observed(at, standing(at)), view=view)
    kerb = np.array([(32.0, 72.0, 32.0, 72.0)], np.float32)  # its first corner
    x, y = view.to_picture(kerb)[0, :2].tolist()

    image = decode(shots(seen)["overlay"].picture.jpeg)

    assert drawn_at(image, there[0], there[1] + 9) == "box"
    assert drawn_at(image, BOX[0], BOX[1] + 9) is None
    assert drawn_at(image, x, y + 9) == "zone"
    assert drawn_at(image, 32, 72 + 9) is None


@pytest.mark.parametrize(("view", "there"), TURNED)
def test_the_first_picture_may_lie_otherwise_than_the_deciding_one(
    view: ViewState, there: Xyxy
) -> None:
    for first, last in (
        (parked(ViewState(), BOX, index=0), parked(view, there)),
        (parked(view, there, index=0), parked(ViewState(), BOX)),
    ):
        sights = FirstSights()
        own = BOX if first.view.in_place else there
        other = (0.0, 150.0, 120.0, 230.0) if first.view.in_place else BOX
        beside = observed(first.frame, boxes=((0, own), (0, other)))
        sights.observe(replace(first, detections=beside.detections))

        copy = shots(last, sights.of("gate", "p1"))["wide_first_plates"]

        assert not plate_hidden(copy, first.frame.image, own)
        assert plate_hidden(copy, first.frame.image, other)


def test_the_first_picture_shows_the_plate_where_the_vehicle_stood_then() -> None:
    moved = (190.0, 100.0, 310.0, 180.0)
    first, last = parked(ViewState(), BOX, index=0), parked(ViewState(), BOX)
    sights = FirstSights()
    sights.observe(first)
    last = replace(last, places=(standing(last.frame, xyxy=moved),))

    copy = shots(last, sights.of("gate", "p1"))["wide_first_plates"]

    assert not plate_hidden(copy, first.frame.image, BOX)


def remembered(view: ViewState, preset: str | None = None) -> list[Xyxy]:
    """Return what is hidden of a place that nobody detects in the picture."""
    at = street(1)
    seen = replace(observed(at, standing(at, preset=preset)), view=view)
    return [region.xyxy for region in regions_of(seen)]


@pytest.mark.parametrize(("view", "there"), TURNED)
def test_a_remembered_vehicle_is_hidden_where_it_lies_in_the_picture(
    view: ViewState, there: Xyxy
) -> None:
    (hidden,) = remembered(view)

    assert (hidden[0], hidden[2]) == pytest.approx((there[0], there[2]), abs=0.01)
    assert there[1] < hidden[1] < there[3] < hidden[3]


@pytest.mark.parametrize(
    ("view", "hidden"),
    [
        (ViewState(preset="market"), 1),
        (ViewState(preset="gate"), 0),
        (ViewState(View.BLIND, "frozen"), 1),  # nobody knows which it shows
    ],
)
def test_what_stands_in_another_presets_picture_is_not_hidden_in_this_one(
    view: ViewState, hidden: int
) -> None:
    assert len(remembered(view, preset="market")) == hidden


@pytest.mark.parametrize(
    "view", [ViewState(preset="gate"), ViewState(View.MOVED, "turned_away")]
)
def test_a_picture_without_the_place_shows_no_plate_and_is_no_first_sight(
    view: ViewState,
) -> None:
    seen = parked(view, BOX)
    sights = FirstSights()
    sights.observe(seen)
    before = sights.of("gate", "p1")
    sights.observe(parked(ViewState(), BOX, index=10))
    first = sights.of("gate", "p1")

    assert not [role for role in shots(seen) if role.endswith("_plates")]
    assert before is None
    assert first is not None
    assert first.frame_index == 10
