import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.training.pictures import noise, square_sample
from vision.core.arrays import FloatArray, ImageU8
from vision.core.errors import ConfigError
from vision.training.breakdown import Mistakes, mistakes
from vision.training.footage import draw_misses, hits, read_footage
from vision.training.judge import (
    choose_threshold,
    class_scores,
    conditions_table,
    mark,
    mark_against,
    size_scores,
    vending,
)
from vision.training.labels import CLASSES, Sample
from vision.training.scoring import Marked

STALL = CLASSES.index("street_vendor")
LEAST = dict.fromkeys(CLASSES, 0.3)


def _rows(*rows: tuple[float, ...]) -> FloatArray:
    return np.array(rows, np.float32).reshape(-1, 6)


def _yellow(image: ImageU8) -> FloatArray:
    """Find the yellow square of a generated picture, as class garbage."""
    mask = (np.abs(image.astype(int) - (30, 200, 250)) < 60).all(axis=2)
    if not mask.any():
        return _rows()
    y, x = np.nonzero(mask)
    return _rows((x.min(), y.min(), x.max() + 1, y.max() + 1, 0.9, 0))


def test_a_finder_of_squares_is_perfect_on_squares_and_blind_in_grey() -> None:
    samples = [square_sample(seed) for seed in range(4)]

    table = conditions_table(_yellow, samples, ["garbage"])

    assert table["plain"]["garbage"].ap50 == 1
    assert table["half size"]["garbage"].ap50 == 1
    assert table["grey"]["garbage"].ap50 == 0


def test_classes_without_truth_are_left_out() -> None:
    marked = mark(_yellow, [square_sample(1)])

    assert list(class_scores(marked, ["garbage", "bin"])) == ["garbage"]


def test_what_the_teacher_half_believes_neither_counts_nor_hurts() -> None:
    sure, half = (0, 0, 20, 20, 0.9, 6), (40, 40, 60, 60, 0.3, 6)
    sample = square_sample(1)

    marked = mark_against(
        lambda _: _rows(sure, half), lambda _: _rows(sure, half), [sample]
    )

    assert class_scores(marked, ["car"])["car"].truths == 1
    assert class_scores(marked, ["car"])["car"].ap50 == 1


def test_the_threshold_is_the_lowest_that_costs_next_to_nothing() -> None:
    box, far = (0.0, 0.0, 20.0, 20.0), (50.0, 50.0, 70.0, 70.0)
    truth = np.array([box], np.float32), np.zeros(1, np.int64)
    sure = [Marked(_rows((*box, 0.8, 0)), *truth) for _ in range(60)]
    # One hit that is less sure costs no false box; below it lie only those.
    weak = Marked(_rows((*box, 0.5, 0)), *truth)
    noisy = [Marked(_rows((*box, 0.7, 0), (*far, 0.4, 0)), *truth) for _ in range(9)]

    assert choose_threshold([*sure, weak, *noisy], "garbage") == 0.5
    assert choose_threshold([weak, *noisy], "garbage") is None
    assert choose_threshold(sure, "bin") is None


def test_objects_are_judged_by_their_size() -> None:
    """A small object is missed; the large one beside it is not blamed."""
    image = np.zeros((100, 100, 3), np.uint8)
    boxes = np.array([[0, 0, 10, 10], [40, 40, 90, 90]], np.float32)
    ids = np.zeros(2, np.int64)
    sample = Sample("x", image, boxes, ids, np.ones(len(CLASSES), np.float32))
    picture = Marked(_rows((40, 40, 90, 90, 0.9, 0)), boxes, ids)

    table = size_scores([picture], [sample], ["garbage"])

    assert table["small"]["garbage"].ap50 == 0
    assert table["large"]["garbage"].ap50 == 1
    assert table["large"]["garbage"].truths == 1
    assert "garbage" not in table["middling"]


def test_every_mistake_is_counted_as_what_it_is() -> None:
    boxes = np.array([[0, 0, 20, 20], [40, 0, 60, 20], [0, 60, 20, 80]], np.float32)
    picture = Marked(
        _rows(
            (0, 0, 20, 20, 0.9, 0),  # a hit
            (1, 0, 21, 20, 0.8, 0),  # the same again
            (12, 0, 32, 20, 0.7, 0),  # touches it only
            (40, 0, 60, 20, 0.6, 0),  # is a bin
            (80, 80, 90, 90, 0.5, 0),  # is nothing
            (0, 60, 20, 80, 0.1, 0),  # too weak to count
        ),
        boxes,
        np.array([0, 1, 0]),
    )

    counted = mistakes([picture], "garbage", 0.3)

    assert counted == Mistakes(
        hits=1,
        repeated=1,
        misplaced=1,
        confused=1,
        background=1,
        unseen=1,
        truths=2,
    )


def test_what_lies_on_an_ignored_region_is_no_mistake() -> None:
    found = _rows((0, 0, 30, 30, 0.9, 0), (60, 60, 90, 90, 0.9, 0))
    masked = np.array([[0, 0, 40, 40]], np.float32)

    counted = mistakes([Marked(found, masked, np.array([-1]))], "garbage", 0.3)

    assert counted.background == 1
    assert counted.confused == 0


def _stall(score: float, *, there: bool) -> Marked:
    box = np.array([[0, 0, 30, 30]], np.float32)
    truth = box if there else box[:0]
    ids = np.full(len(truth), STALL, np.int64)
    return Marked(_rows((0, 0, 30, 30, score, STALL)), truth, ids)


def test_stalls_are_counted_at_the_allowed_rate_of_false_boxes() -> None:
    shown = [_stall(score, there=True) for score in (0.9, 0.7, 0.3)]
    empty = [_stall(score, there=False) for score in (0.8, 0.5, 0.2, 0.1)]

    strict, loose = vending(shown + empty, 0.0), vending(shown + empty, 0.25)

    assert strict.threshold == pytest.approx(0.8)
    assert strict.hits == pytest.approx(1 / 3)
    assert loose.threshold == pytest.approx(0.5)
    assert loose.hits == pytest.approx(2 / 3)
    assert loose.low <= loose.hits <= loose.high


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    writer = cv2.VideoWriter(
        str(tmp_path / "street.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 2.0, (128, 128)
    )
    for _ in range(8):
        writer.write(square_sample(5).image)
    writer.release()
    x0, y0, x1, y1 = (float(v) / 128 for v in square_sample(5).xyxy[0])
    event = {
        "slug": "garbage_pile",
        "start_s": 1.0,
        "end_s": None,
        "xyxy": [x0, y0, x1, y1],
    }
    truth = {"clip": "street.mp4", "fps": 2.0, "events": [event]}
    (tmp_path / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return tmp_path


def test_without_a_stall_aside_hits_cannot_be_counted() -> None:
    none = np.zeros((0, 4), np.float32)
    empty = Marked(np.zeros((0, 6), np.float32), none, np.zeros(0, np.int64))

    for pictures in ([], [empty]):
        with pytest.raises(ConfigError, match="vend_origins"):
            vending(pictures, 0.15)


def test_footage_is_labelled_while_its_events_last(clip: Path) -> None:
    samples = read_footage(clip, 1.0)

    assert [len(s.class_id) for s in samples] == [0, 1, 1, 1]
    assert hits(_yellow, samples, LEAST) == {"garbage": (3, 3)}


def test_misses_on_own_footage_are_shown(clip: Path, tmp_path: Path) -> None:
    samples = read_footage(clip, 1.0)

    draw_misses(lambda _: _rows(), samples, LEAST, tmp_path / "misses.jpg")

    assert cv2.imread(str(tmp_path / "misses.jpg")) is not None
    assert hits(lambda _: _rows(), samples, LEAST) == {"garbage": (0, 3)}


def test_a_folder_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"truth\.json"):
        read_footage(tmp_path, 1.0)


def test_marks_keep_the_labels_of_their_picture() -> None:
    plain = square_sample(2)
    other = Sample("x", noise(1), plain.xyxy, plain.class_id, plain.weight)

    (marked,) = mark(_yellow, [other])

    assert (marked.xyxy == plain.xyxy).all()
