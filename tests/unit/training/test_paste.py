import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.training.pictures import noise, square_sample
from vision.training.labels import CLASSES, IGNORE, Sample, label_weight
from vision.training.paste import pasted

STALL = CLASSES.index("street_vendor")
CAR = CLASSES.index("car")
YELLOW = np.array((30, 200, 250))


def _street() -> Sample:
    image = noise(7, (240, 320)) // 4
    weight = label_weight((), CLASSES[:4])
    none = np.zeros((0, 4), np.float32)
    return Sample("street", image, none, np.zeros(0, np.int64), weight)


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


def test_what_no_city_class_is_cannot_be_pasted() -> None:
    street = _street()
    rng = np.random.default_rng(0)

    assert pasted(street, square_sample(1, CAR), rng) is street
    assert pasted(street, square_sample(1, IGNORE), rng) is street
