import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.arrays import FloatArray
from vision.training.scoring import (
    Marked,
    average_precision,
    iou_matrix,
    match,
    precision_recall,
)

BOX = (10.0, 10.0, 50.0, 50.0)
FAR = (200.0, 200.0, 240.0, 240.0)


def _marked(
    found: list[tuple[tuple[float, ...], float]],
    truths: list[tuple[float, ...]],
    classes: list[int] | None = None,
) -> Marked:
    rows = [(*box, score, 0.0) for box, score in found]
    return Marked(
        np.array(rows, np.float32).reshape(-1, 6),
        np.array(truths, np.float32).reshape(-1, 4),
        np.array(classes or [0] * len(truths), np.int64),
    )


def test_perfect_boxes_score_one() -> None:
    assert average_precision([_marked([(BOX, 0.9)], [BOX])], 0, 0.95) == 1.0


def test_nothing_found_scores_zero() -> None:
    assert average_precision([_marked([], [BOX])], 0, 0.5) == 0.0


def test_no_true_box_has_no_score() -> None:
    assert np.isnan(average_precision([_marked([(BOX, 0.9)], [])], 0, 0.5))


def test_a_second_box_on_one_object_is_false() -> None:
    score, hit, truths = match(_marked([(BOX, 0.9), (BOX, 0.8)], [BOX]), 0, 0.5)

    assert truths == 1
    assert hit.tolist() == [True, False]
    assert score.tolist() == pytest.approx([0.9, 0.8])


def test_a_box_on_an_ignored_region_neither_counts_nor_hurts() -> None:
    picture = _marked([(BOX, 0.9), (FAR, 0.8)], [BOX, FAR], [0, -1])

    score, _, truths = match(picture, 0, 0.5)

    assert len(score) == 1
    assert truths == 1


def test_a_false_box_above_the_hit_halves_precision() -> None:
    pictures = [_marked([(FAR, 0.9), (BOX, 0.5)], [BOX])]

    score, precision, recall = precision_recall(pictures, 0, 0.5)

    assert score.tolist() == pytest.approx([0.9, 0.5])
    assert precision.tolist() == [0.0, 0.5]
    assert recall.tolist() == [0.0, 1.0]
    assert average_precision(pictures, 0, 0.5) == pytest.approx(0.5)


boxes = st.lists(
    st.tuples(st.floats(0, 50), st.floats(0, 50), st.floats(1, 50), st.floats(1, 50)),
    max_size=5,
)


def _array(rows: list[tuple[float, float, float, float]]) -> FloatArray:
    table = np.array(rows, np.float32).reshape(-1, 4)
    table[:, 2:] += table[:, :2]
    return table


@given(a=boxes, b=boxes)
def test_overlap_is_symmetric_and_at_most_one(
    a: list[tuple[float, float, float, float]],
    b: list[tuple[float, float, float, float]],
) -> None:
    one, two = _array(a), _array(b)

    overlap = iou_matrix(one, two)

    assert np.allclose(overlap, iou_matrix(two, one).T, atol=1e-6)
    assert ((overlap >= 0) & (overlap <= 1 + 1e-5)).all()
    assert np.allclose(np.diag(iou_matrix(one, one)), 1.0, atol=1e-4)
