"""From a model's output to boxes of the source picture.

Two layouts are understood, told apart by shape, since the flags in model files are
known to be wrong: `[B, N, 6]`, one row per object (x1, y1, x2, y2, score, class), and
the raw `[B, 4 + C, A]`, one column per anchor (centre x, centre y, width, height, one
score per class). Coordinates are pixels of the model's input.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from vision.core.arrays import BoolArray, FloatArray, IntArray
from vision.core.detections import Detections
from vision.core.errors import ModelError
from vision.detectors.labels import LabelTable
from vision.detectors.preprocess import Letterbox

_NMS_FREE_COLUMNS = 6
_RANK = 3
_SCORE_SLACK = 0.01  # what rounding in half precision may add to a score of 1
_SUPPRESSION_INPUT_MAX = 3000  # bounds the work on a picture that fools the model


class Head(StrEnum):
    """Layout of a model's output."""

    NMS_FREE = "nms_free"
    RAW = "raw"


def head_of(shape: tuple[int, ...], class_count: int) -> Head:
    """Return which layout an output has, by its shape.

    Args:
        shape: of the whole output, the batch first.
        class_count: how many names the model has.

    Raises:
        ModelError: neither layout.
    """
    # Six anchors cannot be: the smallest input, 32 x 32 px, has 21.
    if len(shape) == _RANK and shape[2] == _NMS_FREE_COLUMNS:
        return Head.NMS_FREE
    if len(shape) == _RANK and shape[1] == 4 + class_count:
        return Head.RAW
    msg = (
        f"model output: got shape {list(shape)}, expected [B, N, 6] or "
        f"[B, {4 + class_count}, A] for {class_count} classes; "
        "correct the class names or export a plain detection model"
    )
    raise ModelError(msg)


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """Boxes of one picture that pass some threshold, still as the model says it.

    Attributes:
        xyxy: (N, 4) float32, input pixels.
        score: (N,) float32.
        model_class: (N,) int64 class of the model.
        unusable: boxes left out because a number in them is not finite or because
            they have no area.
    """

    xyxy: FloatArray
    score: FloatArray
    model_class: IntArray
    unusable: int


@dataclass(frozen=True, eq=False, slots=True)
class Decoded:
    """Boxes of one picture in source pixels, and what was left out.

    Attributes:
        detections: best first.
        unusable: see `Candidates`.
        cut: boxes beyond the most that are wanted.
    """

    detections: Detections
    unusable: int
    cut: int


@dataclass(frozen=True, eq=False, slots=True)
class Decoder:
    """Turns one picture's output into detections.

    Attributes:
        table: classes and thresholds.
        iou_threshold: see `DetectorOptions`.
        class_agnostic: see `DetectorOptions`.
        max_detections: see `DetectorOptions`.
    """

    table: LabelTable
    iou_threshold: float = 0.7
    class_agnostic: bool = False
    max_detections: int = 300

    def decode(self, output: FloatArray, head: Head, box: Letterbox) -> Decoded:
        """Return the boxes of one picture.

        Args:
            output: (N, 6) or (4 + C, A), input pixels.
            head: which of the two.
            box: where the picture lies in the input.

        Raises:
            ModelError: scores beyond [0, 1] or classes that have no name.
        """
        threshold = self.table.threshold
        read = _read_nms_free if head is Head.NMS_FREE else _read_raw
        found = read(output, threshold)
        class_id = self.table.class_id[found.model_class]
        # Heads "without suppression" still say some objects twice (measured: pairs
        # of one class with an IoU of 0.9), and merged classes do so by nature.
        order = _suppressed(found, class_id, self)
        kept = order[: self.max_detections]
        detections = Detections(
            xyxy=box.to_source(found.xyxy[kept]),
            score=np.clip(found.score[kept], 0, 1),
            class_id=class_id[kept],
        )
        return Decoded(detections, found.unusable, cut=len(order) - len(kept))


def _read_nms_free(rows: FloatArray, threshold: FloatArray) -> Candidates:
    """Read (N, 6) rows of x1, y1, x2, y2, score, class."""
    finite = _all_finite(rows)
    rows = rows[finite & (rows[:, 4] >= threshold.min())]
    model_class = rows[:, 5].astype(np.int64)
    _check_classes(model_class, len(threshold))
    rows_pass = rows[:, 4] >= threshold[model_class]
    return _usable(
        xyxy=rows[rows_pass, :4],
        score=rows[rows_pass, 4],
        model_class=model_class[rows_pass],
        unusable=int((~finite).sum()),
    )


def _read_raw(columns: FloatArray, threshold: FloatArray) -> Candidates:
    """Read (4 + C, A) columns of centre x, centre y, width, height, C scores.

    A column counts for its best class only, as in Ultralytics' prediction.
    """
    best = columns[4:].max(axis=0)  # not-a-number if any of the scores is
    finite = np.isfinite(best)
    chosen = np.flatnonzero(finite & (best >= threshold.min()))
    model_class = columns[4:, chosen].argmax(axis=0)
    passing = best[chosen] >= threshold[model_class]
    chosen, model_class = chosen[passing], model_class[passing]
    has_place = _all_finite(columns[:4, chosen].T)
    chosen, model_class = chosen[has_place], model_class[has_place]
    centre, half = columns[:2, chosen].T, columns[2:4, chosen].T / 2
    return _usable(
        xyxy=np.concatenate((centre - half, centre + half), axis=1),
        score=best[chosen],
        model_class=model_class,
        unusable=int((~finite).sum() + (~has_place).sum()),
    )


def _usable(
    *, xyxy: FloatArray, score: FloatArray, model_class: IntArray, unusable: int
) -> Candidates:
    has_area = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
    if (score > 1 + _SCORE_SLACK).any():
        msg = (
            f"model output: got score {score.max():g}, expected [0, 1]; "
            "export the model with its sigmoid"
        )
        raise ModelError(msg)
    return Candidates(
        xyxy=xyxy[has_area],
        score=score[has_area],
        model_class=model_class[has_area],
        unusable=unusable + int((~has_area).sum()),
    )


def _all_finite(rows: FloatArray) -> BoolArray:
    return np.asarray(np.isfinite(rows).all(axis=1), np.bool_)


def _check_classes(model_class: IntArray, class_count: int) -> None:
    unnamed = model_class[(model_class < 0) | (model_class >= class_count)]
    if len(unnamed):
        msg = (
            f"model output: got class {unnamed[0]}, expected 0 to {class_count - 1}; "
            "the class names do not belong to this model"
        )
        raise ModelError(msg)


def _suppressed(found: Candidates, class_id: IntArray, decoder: Decoder) -> IntArray:
    """Return which boxes stay after greedy non-maximum suppression, best first."""
    if len(found.score) == 0:
        return np.empty(0, np.int64)
    kept_max = _SUPPRESSION_INPUT_MAX
    order = np.argsort(-found.score, kind="stable")[:kept_max]
    xyxy = found.xyxy[order].astype(np.float64)
    # OpenCV moves the classes apart by the largest coordinate, so none may be below 0.
    corner = xyxy[:, :2] - xyxy[:, :2].min(axis=0)
    xywh = np.concatenate((corner, xyxy[:, 2:] - xyxy[:, :2]), axis=1)
    group = np.zeros_like(class_id) if decoder.class_agnostic else class_id
    stays = cv2.dnn.NMSBoxesBatched(
        xywh.tolist(),
        found.score[order].tolist(),
        group[order].tolist(),
        score_threshold=0.0,
        nms_threshold=decoder.iou_threshold,
    )
    return np.asarray(order[np.asarray(stays, np.int64)], np.int64)
