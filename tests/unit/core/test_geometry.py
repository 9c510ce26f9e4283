import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vision.core.arrays import FloatArray
from vision.core.geometry import (
    Xyxy,
    area,
    bottom_center,
    box_area,
    box_iou,
    contact_strip,
    foot_in_sizes,
    intersection,
    iou,
    shared_area,
)


def _boxes(values: FloatArray) -> FloatArray:
    low = values[:, :2]
    return np.concatenate((low, low + np.abs(values[:, 2:]) + 1), axis=1)


boxes = arrays(
    np.float32, (4, 4), elements=st.floats(-500, 500, width=32, allow_nan=False)
).map(_boxes)


def test_a_box_touches_the_ground_at_the_middle_of_its_lower_edge() -> None:
    found = bottom_center(np.array([[10, 20, 30, 60]], np.float32))

    np.testing.assert_array_equal(found, [[20, 60]])


def test_the_anchor_of_a_box_that_reaches_outside_is_not_moved() -> None:
    found = bottom_center(np.array([[-40, 0, 20, 700]], np.float32))

    np.testing.assert_array_equal(found, [[-10, 700]])


def test_the_contact_strip_is_the_lowest_part_and_leaves_its_input_alone() -> None:
    box = np.array([[0, 0, 10, 40]], np.float32)

    strip = contact_strip(box, 0.25)

    np.testing.assert_array_equal(strip, [[0, 30, 10, 40]])
    np.testing.assert_array_equal(box, [[0, 0, 10, 40]])


def test_an_inverted_box_has_no_area() -> None:
    assert area(np.array([[10, 10, 0, 20]], np.float32)) == 0


@given(boxes, boxes)
def test_iou_is_symmetric_and_within_bounds(a: FloatArray, b: FloatArray) -> None:
    forward, backward = iou(a, b), iou(b, a)

    np.testing.assert_allclose(forward, backward.T, rtol=1e-4, atol=1e-6)
    assert forward.min() >= 0
    assert forward.max() <= 1 + 1e-4


@given(boxes)
def test_a_box_overlaps_itself_fully(a: FloatArray) -> None:
    np.testing.assert_allclose(np.diag(iou(a, a)), 1, rtol=1e-3)
    np.testing.assert_allclose(np.diag(intersection(a, a)), area(a), rtol=1e-3)


def test_two_empty_boxes_have_no_overlap_and_no_error() -> None:
    empty = np.zeros((1, 4), np.float32)

    assert iou(empty, empty) == 0


sides = st.floats(-500, 500, width=32, allow_nan=False)
any_box = st.tuples(sides, sides, sides, sides)  # inverted ones, too


@given(any_box, any_box)
def test_one_pair_of_boxes_is_judged_as_arrays_of_them_are(a: Xyxy, b: Xyxy) -> None:
    one, other = np.array([a], np.float32), np.array([b], np.float32)

    # Single floats round what is next to nothing to nothing.
    np.testing.assert_allclose(box_area(a), area(one)[0], rtol=1e-5, atol=1e-30)
    shared = intersection(one, other)[0, 0]
    np.testing.assert_allclose(shared_area(a, b), shared, rtol=1e-4, atol=1e-3)
    if box_area(a) > 1 and box_area(b) > 1:
        overlap = iou(one, other)[0, 0]
        np.testing.assert_allclose(box_iou(a, b), overlap, rtol=1e-3, atol=1e-4)


def test_a_foot_is_told_in_widths_and_heights_of_the_other_box() -> None:
    assert foot_in_sizes((0, 0, 20, 10), (10, -5, 30, 15)) == (0.5, 0.5)
