import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.training.pictures import noise, square_sample
from vision.training.compose import PAD, Canvas, Composer, Placement, mosaic, single
from vision.training.labels import (
    CLASSES,
    IGNORE,
    RARE_WEIGHT,
    Sample,
    label_weight,
)

SIZE = 96
SEEDS = st.integers(0, 10_000)


def _weight_at(canvas: Canvas, x: float, y: float) -> np.ndarray:
    weight = np.ones(len(CLASSES), np.float32)
    for region in canvas.regions:
        if region[0] <= x < region[2] and region[1] <= y < region[3]:
            weight = np.minimum(weight, region[4:])
    return weight


def _placed(sample: Sample, at: Placement) -> Canvas:
    composer = Composer(SIZE)
    composer.place(sample, at)
    return composer.finish()


WHOLE = (0, 0, SIZE, SIZE)


@given(seed=SEEDS, tiles=st.sampled_from([1, 4, 9]))
def test_every_box_lies_on_the_canvas_and_is_worth_learning(
    seed: int, tiles: int
) -> None:
    rng = np.random.default_rng(seed)
    samples = [square_sample(seed + k) for k in range(tiles)]

    canvas = single(samples[0], SIZE, rng) if tiles == 1 else mosaic(samples, SIZE, rng)

    assert canvas.image.shape == (SIZE, SIZE, 3)
    assert (canvas.xyxy >= 0).all()
    assert (canvas.xyxy <= SIZE).all()
    assert ((canvas.xyxy[:, 2:] - canvas.xyxy[:, :2]) >= 5).all()


@given(seed=SEEDS)
def test_a_box_stays_on_its_object_whatever_the_composition(seed: int) -> None:
    canvas = single(square_sample(seed), SIZE, np.random.default_rng(seed))

    for x0, y0, x1, y1 in canvas.xyxy:
        middle = canvas.image[int((y0 + y1) / 2), int((x0 + x1) / 2)].astype(int)
        assert abs(middle - (30, 200, 250)).max() < 12


def test_a_mirrored_picture_mirrors_its_boxes() -> None:
    sample = square_sample(3)
    at = Placement(0, 0, SIZE, SIZE, WHOLE, flip=False)
    mirrored = Placement(0, 0, SIZE, SIZE, WHOLE, flip=True)

    plain, turned = _placed(sample, at).xyxy[0], _placed(sample, mirrored).xyxy[0]

    assert np.allclose(turned[[0, 2]], SIZE - plain[[2, 0]])
    assert np.allclose(turned[[1, 3]], plain[[1, 3]])


def test_outside_the_picture_nothing_is_there_and_that_is_believed() -> None:
    sample = square_sample(1)
    unlabelled = Sample(
        "x",
        sample.image,
        sample.xyxy[:0],
        sample.class_id[:0],
        label_weight((), ("garbage",)),
    )

    canvas = _placed(unlabelled, Placement(0, 0, 40, 40, WHOLE, flip=False))

    assert (canvas.image[60, 60] == PAD).all()
    assert (_weight_at(canvas, 60, 60) == 1).all()
    assert _weight_at(canvas, 20, 20)[0] == np.float32(RARE_WEIGHT)
    assert (_weight_at(canvas, 20, 20)[1:] == 0).all()


def test_a_cut_box_becomes_a_region_where_its_class_is_not_trained() -> None:
    sample = square_sample(2)
    # All but a rest of the object falls off the canvas.
    x0 = float(sample.xyxy[0, 0])
    at = Placement(round(SIZE - x0 - 6), 0, 128, 128, WHOLE, flip=False)

    canvas = _placed(sample, at)

    assert len(canvas.xyxy) == 0
    y = float(sample.xyxy[0, [1, 3]].mean())
    assert _weight_at(canvas, SIZE - 3, y)[0] == 0
    assert (_weight_at(canvas, SIZE - 3, y)[1:] == 1).all()


def test_an_ignored_region_masks_the_city_classes_only() -> None:
    image = noise(5, (SIZE, SIZE))
    box = np.array([[10, 10, 50, 50]], np.float32)
    sample = Sample("x", image, box, np.array([IGNORE]), label_weight(CLASSES, ()))

    canvas = _placed(sample, Placement(0, 0, SIZE, SIZE, WHOLE, flip=False))

    assert len(canvas.class_id) == 0
    assert (_weight_at(canvas, 30, 30)[:4] == 0).all()
    assert (_weight_at(canvas, 30, 30)[4:] == 1).all()
    assert (_weight_at(canvas, 70, 70) == 1).all()


@given(seed=SEEDS)
def test_the_same_seed_composes_the_same_picture(seed: int) -> None:
    samples = [square_sample(k) for k in range(4)]

    first = mosaic(samples, SIZE, np.random.default_rng(seed))
    second = mosaic(samples, SIZE, np.random.default_rng(seed))

    assert (first.image == second.image).all()
    assert (first.xyxy == second.xyxy).all()
