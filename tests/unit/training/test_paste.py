import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.training.pictures import noise, square_sample
from vision.training.labels import CLASSES, IGNORE, Sample, label_weight
from vision.training.paste import pasted

STALL = CLASSES.index("street_vendor")
CAR = CLASSES.index("car")
LARGE_PX = 40
YELLOW = np.array((30, 200, 250))


def _street() -> Sample:
    image = noise(7, (240, 320)) // 4
    weight = label_weight((), CLASSES[:4])
    none = np.zeros((0, 4), np.float32)
    return Sample("street", image, none, np.zeros(0, np.int64), weight)


def _red(label: str | None) -> Sample:
    """Return a thing cut out: red, 80 px high, with a shadow to its right."""
    image = np.zeros((80, 70, 3), np.uint8)
    image[:, :40] = (10, 10, 240)
    alpha = np.zeros((80, 70), np.uint8)
    alpha[:, :40], alpha[70:, 40:] = 255, 128
    known = [] if label is None else [label]
    return Sample(
        "red",
        image,
        np.array([[0, 0, 40, 80]] * len(known), np.float32).reshape(-1, 4),
        np.array([CLASSES.index(name) for name in known], np.int64),
        label_weight(CLASSES, ()),
        alpha=alpha,
    )


@given(seed=st.integers(0, 10_000))
def test_a_pasted_object_lies_where_its_box_says(seed: int) -> None:
    street = _street()
    before = street.image.copy()

    after = pasted(street, square_sample(seed, STALL), np.random.default_rng(seed))

    ((x0, y0, x1, y1),) = after.xyxy
    middle = after.image[int((y0 + y1) / 2), int((x0 + x1) / 2)].astype(int)
    height, width = street.image.shape[:2]
    assert abs(middle - YELLOW).max() < 12
    assert min(x0, y0) >= 0
    assert x1 <= width + 0.01
    assert y1 <= height + 0.01
    assert after.class_id.tolist() == [STALL]
    assert (street.image == before).all()
    assert len(street.xyxy) == 0


def test_the_border_of_the_crop_fades_into_the_street() -> None:
    street = dataclasses.replace(_street(), image=np.full((240, 320, 3), 10, np.uint8))

    after = pasted(street, square_sample(3, STALL), np.random.default_rng(3))

    changed = (after.image != 10).any(axis=2)
    rows, columns = np.nonzero(changed)
    border = after.image[rows.min(), columns.min() : columns.max()]
    assert border.max() < 60  # the crop's own surroundings are 90


def test_what_a_crop_shows_half_is_ignored_and_not_called_empty() -> None:
    beside = np.array([[8, 20, 60, 100], [62, 20, 114, 100]], np.float32)
    ignored = np.array([[8, 90, 60, 128]], np.float32)
    donor = dataclasses.replace(
        square_sample(0),
        xyxy=np.concatenate((beside, ignored)),
        class_id=np.array([1, 1, IGNORE], np.int64),
    )

    drawn = [pasted(_street(), donor, np.random.default_rng(k)) for k in range(20)]

    shown = [sample.class_id.tolist() for sample in drawn if len(sample.class_id)]
    assert len(shown) > 10
    assert all(sorted(ids) == [IGNORE, IGNORE, 1] for ids in shown)


def test_what_no_city_class_is_cannot_be_pasted() -> None:
    street = _street()
    rng = np.random.default_rng(0)

    assert pasted(street, square_sample(1, CAR), rng) is street
    assert pasted(street, square_sample(1, IGNORE), rng) is street


@pytest.mark.parametrize("label", ["bin", "overflowing_bin", "garbage"])
def test_a_rendered_thing_stands_where_its_box_says(label: str) -> None:
    street = _street()
    before = street.image.copy()
    thing = _red(label)
    drawn = [pasted(street, thing, np.random.default_rng(k)) for k in range(20)]
    standing = [sample for sample in drawn if sample is not street]

    assert len(standing) > 10  # the others would be too small
    large = 0
    for after in standing:
        ((x0, y0, x1, y1),) = after.xyxy.round().astype(int)
        patch = after.image[y0:y1, x0:x1].astype(int)
        assert (patch[..., 2] > 2 * patch[..., 0]).mean() > 0.95
        changed = (after.image != before).any(axis=2)
        assert changed[: y0 - 1].sum() == 0
        assert changed[:, : x0 - 1].sum() == 0
        if y1 - y0 > LARGE_PX:  # what is smaller has a shadow of a pixel
            beside = np.s_[y1 - 3 : y1 - 1, x1 + 3 : x1 + 8]
            shaded = after.image[beside].mean() / before[beside].mean()
            assert 0.4 < shaded < 0.6  # half of the light
            large += 1
        assert after.class_id.tolist() == [CLASSES.index(label)]
    assert large
    assert (street.image == before).all()


def test_a_rendered_thing_of_no_class_has_no_box() -> None:
    street = _street()

    drawn = [pasted(street, _red(None), np.random.default_rng(k)) for k in range(20)]

    changed = [sample for sample in drawn if (sample.image != street.image).any()]
    assert len(changed) > 10
    assert all(len(sample.xyxy) == len(sample.class_id) == 0 for sample in drawn)


def test_what_is_hidden_behind_a_rendered_thing_loses_its_box() -> None:
    small = np.array([[150.0, 200.0, 156.0, 206.0]], np.float32)
    large = np.array([[0.0, 0.0, 320.0, 240.0]], np.float32)
    street = dataclasses.replace(
        _street(),
        xyxy=np.concatenate((small, large)),
        class_id=np.array([CAR, CAR], np.int64),
    )

    drawn = [pasted(street, _red("bin"), np.random.default_rng(k)) for k in range(200)]

    hidden = 0
    for after in drawn:
        if after is street:
            continue
        x0, y0, x1, y1 = after.xyxy[-1]
        covered = x0 <= 150 and y0 <= 200 and x1 >= 156 and y1 >= 206
        cars = after.xyxy[after.class_id == CAR]
        assert (cars == large).all(axis=1).any()  # most of it still shows
        if covered:
            hidden += 1
            assert len(cars) == 1
        elif x1 < 150 or x0 > 156 or y1 < 200 or y0 > 206:
            assert len(cars) == 2
    assert hidden


def test_a_rendered_bin_is_lit_by_the_place_it_stands_in() -> None:
    day, night = (
        dataclasses.replace(_street(), image=np.full((240, 320, 3), grey, np.uint8))
        for grey in (160, 25)
    )
    thing = _red("bin")

    bright, dim = (
        pasted(street, thing, np.random.default_rng(1)) for street in (day, night)
    )

    x0, y0, x1, y1 = bright.xyxy[0].astype(int)
    assert dim.image[y0:y1, x0:x1].mean() < 0.5 * bright.image[y0:y1, x0:x1].mean()


def test_a_street_too_small_for_a_bin_stays_empty() -> None:
    tiny = dataclasses.replace(_street(), image=np.full((24, 24, 3), 90, np.uint8))
    thing = _red("bin")

    kept = [pasted(tiny, thing, np.random.default_rng(k)) for k in range(30)]

    assert any(sample is tiny for sample in kept)
