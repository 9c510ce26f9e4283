import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.training.pictures import noise
from vision.detectors.preprocess import InputBuffer
from vision.training.fitting import letterbox, to_tensor, unfit

SHAPES = [(120, 160), (160, 120), (33, 97), (64, 64), (1080, 1920), (31, 640)]


@pytest.mark.parametrize("shape", SHAPES)
def test_models_are_judged_on_the_very_pixels_the_engine_feeds_them(
    shape: tuple[int, int],
) -> None:
    image = noise(1, shape)
    engine = InputBuffer(1, (320, 320))

    engine.write(0, image)
    square, _ = letterbox(image, 320)

    assert np.array_equal(np.asarray(engine.first(1)), to_tensor([square]))


@pytest.mark.train
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("shape", SHAPES)
def test_fitting_is_that_of_ultralytics(shape: tuple[int, int]) -> None:
    reason = "compares with ultralytics: make train-env"
    augment = pytest.importorskip("ultralytics.data.augment", reason=reason)
    image = noise(2, shape)

    theirs = augment.LetterBox((320, 320), auto=False, center=True)(image=image)
    ours, _ = letterbox(image, 320)

    assert np.array_equal(ours, theirs)


@given(
    width=st.integers(40, 400),
    height=st.integers(40, 400),
    box=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_boxes_come_back_to_where_they_were(
    width: int, height: int, box: tuple[float, float, float, float]
) -> None:
    _, fit = letterbox(np.zeros((height, width, 3), np.uint8), 320)
    shift = np.array((fit.left_px, fit.top_px) * 2)
    there = np.array(box) * (width, height, width, height)
    row = np.array([[*(there * fit.scale + shift), 0.9, 1.0]], np.float32)

    (back,) = unfit(row, fit)

    assert np.allclose(back[:4], there, atol=0.01)


def test_weak_rows_are_left_out_and_the_rest_sorted() -> None:
    _, fit = letterbox(noise(1), 64)
    rows = np.zeros((3, 6), np.float32)
    rows[:, 4] = (0.2, 0.0, 0.7)

    kept = unfit(rows, fit)

    assert kept[:, 4].tolist() == pytest.approx([0.7, 0.2])
