from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.core.arrays import FloatArray
from vision.core.errors import ModelError
from vision.core.geometry import iou
from vision.detectors.decode import Decoder, Head, head_of
from vision.detectors.labels import LabelTable
from vision.detectors.preprocess import Letterbox

SAME_SIZE = Letterbox.fit((640, 640), (640, 640))


def table(
    thresholds: Sequence[float], class_id: Sequence[int] | None = None
) -> LabelTable:
    ids = range(len(thresholds)) if class_id is None else class_id
    return LabelTable(
        labels=tuple(f"class{number}" for number in sorted(set(ids))),
        class_id=np.array(ids, np.int64),
        threshold=np.array(thresholds, np.float32),
    )


def rows(*values: Sequence[float]) -> FloatArray:
    return np.array(values, np.float32).reshape(-1, 6)


def as_raw(found: FloatArray, class_count: int) -> FloatArray:
    """Return (N, 6) rows as a raw head would say them, (4 + C, N)."""
    size = found[:, 2:4] - found[:, :2]
    scores = np.zeros((len(found), class_count), np.float32)
    scores[np.arange(len(found)), found[:, 5].astype(int)] = found[:, 4]
    return np.concatenate((found[:, :2] + size / 2, size, scores), axis=1).T


@pytest.mark.parametrize(
    ("shape", "class_count", "head"),
    [
        ((1, 300, 6), 10, Head.NMS_FREE),
        ((8, 300, 6), 2, Head.NMS_FREE),
        ((1, 14, 8400), 10, Head.RAW),
        ((1, 6, 8400), 2, Head.RAW),
        ((1, 6, 21), 2, Head.RAW),
        ((1, 14, 6), 10, Head.NMS_FREE),
    ],
)
def test_the_head_is_told_by_shape(
    shape: tuple[int, ...], class_count: int, head: Head
) -> None:
    assert head_of(shape, class_count) is head


@pytest.mark.parametrize("shape", [(1, 84, 8400), (1, 1000), (300, 6), (1, 3, 8, 8)])
def test_other_shapes_are_refused_with_what_was_expected(
    shape: tuple[int, ...],
) -> None:
    with pytest.raises(ModelError, match=r"expected \[B, N, 6\] or \[B, 14, A\]"):
        head_of(shape, 10)


@pytest.mark.parametrize("head", list(Head))
def test_each_class_has_its_own_threshold(head: Head) -> None:
    said = rows(
        (0, 0, 10, 10, 0.30, 0), (50, 0, 60, 10, 0.30, 1), (90, 0, 99, 10, 0.60, 1)
    )
    output = said if head is Head.NMS_FREE else as_raw(said, 2)
    decoder = Decoder(table([0.25, 0.5]))

    found = decoder.decode(output, head, SAME_SIZE).detections

    assert found.score.tolist() == pytest.approx([0.60, 0.30])
    assert found.class_id.tolist() == [1, 0]


def test_a_class_that_is_off_is_never_found() -> None:
    output = rows((0, 0, 10, 10, 1.0, 1))
    decoder = Decoder(table([0.25, np.inf], class_id=[0, 0]))

    found = decoder.decode(output, Head.NMS_FREE, SAME_SIZE).detections

    assert len(found) == 0


@pytest.mark.parametrize("head", list(Head))
def test_parked_cars_side_by_side_stay_two(head: Head) -> None:
    # 100 px wide, 30 px apart: IoU 0.54.
    cars = rows((0, 0, 100, 60, 0.9, 0), (30, 0, 130, 60, 0.8, 0))
    output = cars if head is Head.NMS_FREE else as_raw(cars, 1)

    found = Decoder(table([0.25])).decode(output, head, SAME_SIZE).detections

    assert len(found) == 2


@pytest.mark.parametrize("head", list(Head))
def test_one_object_said_twice_is_found_once_with_the_better_score(head: Head) -> None:
    twice = rows((0, 0, 100, 60, 0.7, 0), (2, 0, 102, 60, 0.8, 0))
    output = twice if head is Head.NMS_FREE else as_raw(twice, 1)

    found = Decoder(table([0.25])).decode(output, head, SAME_SIZE).detections

    assert found.score.tolist() == pytest.approx([0.8])


@pytest.mark.parametrize(("class_agnostic", "count"), [(False, 2), (True, 1)])
def test_classes_compete_only_when_asked_to(class_agnostic: bool, count: int) -> None:  # noqa: FBT001 parametrised
    output = rows((0, 0, 100, 60, 0.9, 0), (0, 0, 100, 60, 0.8, 1))
    decoder = Decoder(table([0.25, 0.25]), class_agnostic=class_agnostic)

    found = decoder.decode(output, Head.NMS_FREE, SAME_SIZE).detections

    assert len(found) == count


def test_classes_do_not_compete_outside_the_picture_either() -> None:
    # Moved by the largest coordinate, 200, and one, the second would hide.
    output = rows((100, 0, 200, 100, 0.9, 0), (-101, -201, -1, -101, 0.8, 1))

    found = (
        Decoder(table([0.25, 0.25])).decode(output, Head.NMS_FREE, SAME_SIZE).detections
    )

    assert len(found) == 2


def test_classes_that_became_one_compete() -> None:
    output = rows((0, 0, 100, 60, 0.9, 0), (0, 0, 100, 60, 0.8, 1))
    decoder = Decoder(table([0.25, 0.25], class_id=[0, 0]))

    found = decoder.decode(output, Head.NMS_FREE, SAME_SIZE).detections

    assert found.score.tolist() == pytest.approx([0.9])


def test_the_best_boxes_stay_and_the_cut_is_counted() -> None:
    many = rows(*((x, 0, x + 5, 5, 0.3 + x / 1000, 0) for x in range(0, 500, 10)))

    decoded = Decoder(table([0.25]), max_detections=20).decode(
        many, Head.NMS_FREE, SAME_SIZE
    )

    assert decoded.cut == 30
    assert len(decoded.detections) == 20
    assert decoded.detections.score.min() == pytest.approx(0.3 + 0.3)


@pytest.mark.parametrize("column", range(6))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_left_out_and_counted(
    column: int, bad: float
) -> None:
    output = rows((0, 0, 10, 10, 0.5, 0), (20, 0, 30, 10, 0.6, 0))
    output[0, column] = bad

    decoded = Decoder(table([0.25])).decode(output, Head.NMS_FREE, SAME_SIZE)

    assert decoded.unusable == 1
    assert decoded.detections.score.tolist() == pytest.approx([0.6])


@pytest.mark.parametrize("row", range(6))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_columns_that_are_not_finite_are_left_out_and_counted(
    row: int, bad: float
) -> None:
    good = rows((0, 0, 10, 10, 0.5, 0), (20, 0, 30, 10, 0.6, 0))
    output = as_raw(good, 2)
    output[row, 0] = bad

    decoded = Decoder(table([0.25, 0.25])).decode(output, Head.RAW, SAME_SIZE)

    assert decoded.unusable == 1
    assert decoded.detections.score.tolist() == pytest.approx([0.6])


def test_a_box_without_area_is_left_out_and_counted() -> None:
    output = rows((10, 10, 10, 20, 0.5, 0), (30, 30, 20, 40, 0.5, 0))

    decoded = Decoder(table([0.25])).decode(output, Head.NMS_FREE, SAME_SIZE)

    assert decoded.unusable == 2
    assert len(decoded.detections) == 0


def test_scores_that_are_no_probabilities_are_refused() -> None:
    output = rows((0, 0, 10, 10, 7.5, 0))

    with pytest.raises(ModelError, match=r"got score 7\.5, expected \[0, 1\]"):
        Decoder(table([0.25])).decode(output, Head.NMS_FREE, SAME_SIZE)


def test_a_score_rounded_above_one_is_one() -> None:
    output = rows((0, 0, 10, 10, 1.0005, 0))

    found = Decoder(table([0.25])).decode(output, Head.NMS_FREE, SAME_SIZE).detections

    assert found.score.tolist() == [1.0]


@pytest.mark.parametrize("number", [-1, 2, 79])
def test_a_class_without_a_name_is_refused(number: int) -> None:
    output = rows((0, 0, 10, 10, 0.5, number))

    with pytest.raises(ModelError, match=f"got class {number}, expected 0 to 1"):
        Decoder(table([0.25, 0.25])).decode(output, Head.NMS_FREE, SAME_SIZE)


def test_boxes_may_reach_outside_the_picture() -> None:
    output = rows((-30, -20, 700, 650, 0.5, 0))

    found = Decoder(table([0.25])).decode(output, Head.NMS_FREE, SAME_SIZE).detections

    assert found.xyxy.tolist() == [[-30, -20, 700, 650]]


box_rows = st.lists(
    st.tuples(
        st.integers(-60, 60),
        st.integers(-60, 60),
        st.integers(5, 60),
        st.integers(5, 60),
        st.floats(0.0625, 1, width=32),
        st.integers(0, 2),
    ),
    max_size=25,
    unique_by=lambda row: row[4],  # equal scores have no defined winner
)


def suppressed_plainly(found: FloatArray, threshold: float) -> FloatArray:
    """Greedy suppression as a textbook writes it."""
    left = found[np.argsort(-found[:, 4])]
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        overlap = iou(best[None, :4], left[:, :4])[0]
        left = left[(overlap <= threshold) | (left[:, 5] != best[5])]
    return np.array(kept, np.float32).reshape(-1, 6)


@settings(deadline=None)
@given(drawn=box_rows, head=st.sampled_from(Head))
def test_suppression_is_the_textbooks_for_both_heads(
    drawn: list[tuple[int, int, int, int, float, int]], head: Head
) -> None:
    found = rows(*((x, y, x + w, y + h, s, c) for x, y, w, h, s, c in drawn))
    passing = found[found[:, 4] >= np.float32(0.25)]
    expected = suppressed_plainly(passing, 0.5)
    output = found if head is Head.NMS_FREE else as_raw(found, 3)
    decoder = Decoder(table([0.25] * 3), iou_threshold=0.5)

    got = decoder.decode(output, head, SAME_SIZE).detections

    np.testing.assert_allclose(got.xyxy, expected[:, :4])
    np.testing.assert_allclose(got.score, expected[:, 4])
    np.testing.assert_array_equal(got.class_id, expected[:, 5])
