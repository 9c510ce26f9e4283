from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.core.detections import Detections
from vision.evaluation.breakdown import (
    Mistake,
    confusion,
    costs,
    missed_boxes,
    rows_of,
)
from vision.evaluation.cases import Case, case_of, map_classes
from vision.evaluation.coco_reference import coco_figures
from vision.evaluation.flags import (
    average_precision,
    best_f1,
    curve,
    flag,
    weighted_average_precision,
)
from vision.evaluation.pictures import BoxRow, Counts, PictureSet, picture_of
from vision.evaluation.problems import Problems

# How long one example takes says more about the machine than about the law.
UNHURRIED = settings(deadline=None, max_examples=40)
NAMES = ("garbage", "bin")
Row = tuple[float, float, float, float, int]
Said = tuple[float, float, float, float, int, float]
A: Row = (0, 0, 100, 100, 0)
B: Row = (200, 0, 300, 100, 1)


def case(true: list[Row], said: list[Said], *, ignore: list[Row] | None = None) -> Case:
    regions = ignore or []
    drawn = np.array(true + regions, np.float32).reshape(-1, 5)
    told = np.array(said, np.float32).reshape(-1, 6)
    return Case(
        key="a.jpg",
        xyxy=drawn[:, :4],
        class_id=drawn[:, 4].astype(np.int64),
        ignore=np.array([False] * len(true) + [True] * len(regions), np.bool_),
        said=Detections(told[:, :4], told[:, 5], told[:, 4].astype(np.int64)),
    )


def said(
    row: Row, score: float = 0.9, *, dx: float = 0, label: int | None = None
) -> Said:
    left, top, right, bottom, class_id = row
    label = class_id if label is None else label
    return (left + dx, top, right + dx, bottom, label, score)


boxes = st.tuples(
    st.integers(0, 5).map(lambda k: 120.0 * k), st.integers(0, 1), st.floats(0.1, 0.9)
)


@st.composite
def drawn_pictures(draw: st.DrawFn) -> list[list[Row]]:
    slots = st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 1)),
        max_size=5,
        unique_by=lambda slot: slot[0],
    )
    return [
        [(120.0 * k, 0.0, 120.0 * k + 100, 100.0, c) for k, c in draw(slots)]
        for _ in range(draw(st.integers(1, 4)))
    ]


@UNHURRIED
@given(drawn_pictures())
def test_perfect_detections_score_one(pictures: list[list[Row]]) -> None:
    cases = [case(rows, [said(row) for row in rows]) for rows in pictures]
    present = sorted({row[4] for rows in pictures for row in rows})

    figures = coco_figures(cases, NAMES)

    for class_id in present:
        assert figures.classes[class_id].ap50 == pytest.approx(1)
        assert figures.classes[class_id].ap == pytest.approx(1)
        point = best_f1(flag(cases, class_id))
        assert point is not None
        assert (point.precision, point.recall, point.f1) == (1, 1, 1)
    assert all(row.mistake is None for row in rows_of(cases, 2))


@UNHURRIED
@given(drawn_pictures(), st.integers(1, 6))
def test_one_extra_false_alarm_lowers_precision_exactly_so(
    pictures: list[list[Row]], extra: int
) -> None:
    cases = [case(rows, [said(row) for row in rows]) for rows in pictures]
    alarms = [
        said((0, 500.0 + 50 * k, 40, 540.0 + 50 * k, 0), 0.9) for k in range(extra)
    ]
    cases.append(case([], alarms))
    total = sum(row[4] == 0 for rows in pictures for row in rows)

    points = curve(flag(cases, 0))

    if total:
        assert points[-1].precision == pytest.approx(total / (total + extra))
        assert points[-1].recall == 1


@UNHURRIED
@given(st.permutations(range(4)))
def test_shuffling_pictures_changes_nothing(order: list[int]) -> None:
    cases = [
        case([A, B], [said(A, 0.9 - 0.1 * k, dx=10.0 * k), said(B, 0.3 + 0.1 * k)])
        for k in range(4)
    ]

    straight = coco_figures(cases, NAMES)
    shuffled = coco_figures([cases[k] for k in order], NAMES)

    assert straight == shuffled


def test_a_detection_in_an_ignore_region_counts_nowhere() -> None:
    region: Row = (400, 0, 600, 200, 0)
    inside = said((450, 50, 500, 100, 0))
    cases = [case([A], [said(A, 0.5), inside], ignore=[region])]

    assert average_precision(flag(cases, 0)) == 1
    assert coco_figures(cases, NAMES).classes[0].ap50 == pytest.approx(1)
    assert len(rows_of(cases, 2)) == 1
    assert confusion(cases, 2, [0.1, 0.1]).sum() == 1


def test_without_true_boxes_there_is_no_ap() -> None:
    cases = [case([], [said(A)])]

    assert average_precision(flag(cases, 0)) is None
    assert coco_figures(cases, NAMES).map50 is None


def test_a_silent_detector_has_an_ap_of_zero() -> None:
    cases = [case([A], [])]

    assert average_precision(flag(cases, 0)) == 0
    assert coco_figures(cases, NAMES).classes[0].ap50 == 0


@pytest.mark.parametrize(
    ("detections", "mistake"),
    [
        ([said(A, dx=60)], Mistake.LOCALISATION),
        ([said(A, label=1)], Mistake.CLASSIFICATION),
        ([said(A, 0.9), said(A, 0.8, dx=1)], Mistake.DUPLICATE),
        ([said((700, 0, 800, 100, 0))], Mistake.BACKGROUND),
        ([said(A, dx=60, label=1)], Mistake.BOTH),
    ],
)
def test_every_false_detection_gets_its_kind(
    detections: list[Said], mistake: Mistake
) -> None:
    rows = rows_of([case([A, B], detections)], 2)

    assert [row.mistake for row in rows if row.mistake is not None] == [mistake]


def test_a_box_is_missed_when_nothing_comes_near() -> None:
    picture = case([A, B], [said(A, dx=60)])

    assert missed_boxes(picture, rows_of([picture], 2)) == [1]


def test_mending_a_mistake_brings_what_it_cost() -> None:
    cases = [case([A, B], [said(A), said(B, label=0)])]
    rows = rows_of(cases, 2)

    priced = costs(cases, rows, [0.5, 0.5])

    assert priced[Mistake.CLASSIFICATION].count == 1
    assert priced[Mistake.CLASSIFICATION].ap50_gain == pytest.approx(0.5)
    assert priced[Mistake.DUPLICATE].ap50_gain == 0


def test_mending_missed_boxes_forgets_them() -> None:
    cases = [case([A, (200, 0, 300, 100, 0)], [said(A)])]

    priced = costs(cases, rows_of(cases, 1), [0.5])

    assert priced[Mistake.MISSED].count == 1
    assert priced[Mistake.MISSED].ap50_gain == pytest.approx(1 - 51 / 101)


def test_confusion_says_who_is_taken_for_whom() -> None:
    cases = [case([A, B], [said(A, label=1), said((700, 0, 800, 100, 0), 0.9)])]

    table = confusion(cases, 2, [0.5, 0.5])

    assert table.tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]


@UNHURRIED
@given(drawn_pictures(), st.floats(0, 1))
def test_confusion_accounts_for_every_true_box(
    pictures: list[list[Row]], threshold: float
) -> None:
    cases = [
        case(rows, [said(row, 0.5, dx=7.0 * k) for k, row in enumerate(rows)])
        for rows in pictures
    ]

    table = confusion(cases, 2, [threshold, threshold])

    assert table[:2].sum() == sum(len(rows) for rows in pictures)


def test_drawing_a_picture_twice_is_the_same_as_having_it_twice() -> None:
    cases = [case([A], [said(A, 0.4)]), case([A], [said(A, 0.9, dx=80)])]

    weighted = weighted_average_precision(flag(cases, 0), np.array([[2.0, 1.0]]))
    repeated = average_precision(flag([cases[0], *cases], 0))

    assert weighted[0] == pytest.approx(repeated)


def picture_set(*rows: BoxRow) -> PictureSet:
    picture = picture_of("a.jpg", Path("a.jpg"), (640, 480), rows)
    labels = ("garbage", "garbage_bin", "sofa", "blur")
    return PictureSet(Path("data.yaml"), "yolo", labels, (picture,), Counts())


def test_classes_meet_by_name_and_what_cannot_be_scored_is_said() -> None:
    box = (0.0, 0.0, 100.0, 100.0)
    pictures = picture_set(*(BoxRow(box, k) for k in range(4)))
    problems = Problems()

    classes = map_classes(
        pictures,
        ("person", "bin", "garbage"),
        rename={"garbage_bin": "bin", "lamp": "light"},
        ignore=["blur"],
        problems=problems,
    )

    assert classes.names == ("bin", "garbage")
    assert classes.truth == (1, 0, None, None)
    assert classes.said == (None, 0, 1)
    assert [problem.text.split(":")[0] for problem in problems] == [
        (
            "no class 'lamp' to rename or ignore; the set has garbage, garbage_bin, "
            "sofa, blur"
        ),
        "the model lacks class 'sofa'",
    ]
    assert problems.lost == 1

    told = Detections(
        np.array([[0, 0, 9, 9], [0, 0, 100, 100]], np.float32),
        np.array([0.9, 0.8], np.float32),
        np.array([0, 2], np.int64),
    )
    scored = case_of(pictures.pictures[0], told, classes)

    # garbage, bin, and the blurred region once per scored class
    assert scored.class_id.tolist() == [1, 0, 0, 1]
    assert scored.ignore.tolist() == [False, False, True, True]
    assert scored.said.class_id.tolist() == [1]
