import numpy as np
import pytest

from tests.unit.training.pictures import noise
from vision.training.conditions import CONDITIONS, moved
from vision.training.degrade import EFFECTS, Effect, degrade


@pytest.mark.parametrize("effect", [e for _, e in EFFECTS], ids=lambda e: e.__name__)
def test_an_effect_changes_pixels_and_nothing_else(effect: Effect) -> None:
    image = noise(1)
    before = image.copy()

    after = effect(image, np.random.default_rng(3))

    assert after.shape == image.shape
    assert after.dtype == np.uint8
    assert (image == before).all()
    assert (after != before).any()


def test_infra_red_pictures_have_no_colour() -> None:
    grey = {e.__name__: e for _, e in EFFECTS}["grey"](
        noise(1), np.random.default_rng(0)
    )

    assert (grey[..., 0] == grey[..., 1]).all()
    assert (grey[..., 1] == grey[..., 2]).all()


def test_effects_depend_on_the_seed_only() -> None:
    image = noise(4)

    one, two = (degrade(image, np.random.default_rng(9)) for _ in range(2))

    assert (one == two).all()


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_is_the_same_every_time(name: str) -> None:
    image = noise(2)

    one, two = CONDITIONS[name](image), CONDITIONS[name](image)

    assert one.shape == image.shape
    assert (one == two).all()


@pytest.mark.parametrize(("name", "part"), [("half size", 2), ("far", 3)])
def test_a_smaller_scene_moves_its_boxes_along(name: str, part: int) -> None:
    image = np.zeros((240, 480, 3), np.uint8)
    image[96:144, 240:336] = 255
    box = np.array([[240, 96, 336, 144]], np.float32)

    small = CONDITIONS[name](image)
    x0, y0, x1, y1 = moved(box, (240, 480), name)[0].round().astype(int)

    assert (small[y0:y1, x0:x1] > 200).all()
    assert (x1 - x0, y1 - y0) == (96 // part, 48 // part)
    assert (small > 200).all(axis=2).sum() == (y1 - y0) * (x1 - x0)
