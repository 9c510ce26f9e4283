import numpy as np
import pytest

from vision.training.labels import CLASSES
from vision.training.resample import ap50_gap, ap50_interval
from vision.training.scoring import Marked

BUS = CLASSES.index("bus")


def _picture(*, found: bool) -> Marked:
    box = np.array([[0, 0, 30, 30]], np.float32)
    boxes = np.array([[0, 0, 30, 30, 0.9, BUS]], np.float32)
    return Marked(boxes if found else boxes[:0], box, np.array([BUS], np.int64))


def _model(hits: int, of: int) -> list[Marked]:
    return [_picture(found=k < hits) for k in range(of)]


def test_the_interval_holds_the_figure_and_narrows_with_more_pictures() -> None:
    few, many = (ap50_interval(_model(n // 2, n), "bus") for n in (10, 200))

    assert few[0] < 0.5 < few[1]
    assert many[0] < 0.5 < many[1]
    assert many[1] - many[0] < (few[1] - few[0]) / 2


def test_what_is_always_found_leaves_no_doubt() -> None:
    assert ap50_interval(_model(5, 5), "bus") == (1.0, 1.0)


def test_two_models_are_compared_on_the_same_drawings() -> None:
    ours = _model(10, 20)

    assert ap50_gap(ours, ours, "bus") == (0.0, 0.0)
    low, high = ap50_gap(ours, _model(11, 20), "bus")
    assert -0.2 < low < -0.01
    assert high == 0.0


def test_a_drawing_without_a_true_box_does_not_count() -> None:
    nothing = Marked(
        np.zeros((0, 6), np.float32),
        np.zeros((0, 4), np.float32),
        np.zeros(0, np.int64),
    )
    low, high = ap50_interval([_picture(found=True), nothing, nothing], "bus")

    assert (low, high) == pytest.approx((1.0, 1.0))
