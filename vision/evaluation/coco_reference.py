"""COCO figures, computed by faster-coco-eval and not by us."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from numpy.typing import NDArray

from vision.evaluation.cases import Case

SIZES = ("small", "medium", "large")


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class; None where there is no true box to find.

    Attributes:
        ap50: AP at IoU 0.5.
        ap: mean AP over IoU 0.50 to 0.95.
        by_size: AP over IoU 0.50 to 0.95 of objects up to 32 px squared, up to 96 px
            squared, and above.
        recall: highest recall with 100 detections per picture, mean over IoU.
    """

    ap50: float | None
    ap: float | None
    by_size: tuple[float | None, float | None, float | None]
    recall: float | None


@dataclass(frozen=True, slots=True)
class CocoFigures:
    """All classes; the means leave out classes without a true box."""

    map50: float | None
    map: float | None
    classes: tuple[ClassFigures, ...]


def coco_figures(cases: Sequence[Case], names: Sequence[str]) -> CocoFigures:
    """Score boxes by the COCO protocol.

    Args:
        cases: pictures; their order breaks ties between equal scores.
        names: scored classes.

    Returns:
        AP in [0, 1].
    """
    if not cases or not names:
        nothing = ClassFigures(None, None, (None, None, None), None)
        return CocoFigures(None, None, (nothing,) * len(names))
    truth = COCO()
    truth.dataset = _dataset(cases, names)
    truth.createIndex()
    evaluator = COCOeval_faster(truth, _said(truth, cases), "bbox")
    evaluator.evaluate()
    evaluator.accumulate()
    precision = np.asarray(evaluator.eval["precision"])  # (T, R, K, A, M)
    recall = np.asarray(evaluator.eval["recall"])  # (T, K, A, M)
    classes = tuple(
        ClassFigures(
            ap50=_mean(precision[:1, :, k, 0, -1]),
            ap=_mean(precision[:, :, k, 0, -1]),
            by_size=(
                _mean(precision[:, :, k, 1, -1]),
                _mean(precision[:, :, k, 2, -1]),
                _mean(precision[:, :, k, 3, -1]),
            ),
            recall=_mean(recall[:, k, 0, -1]),
        )
        for k in range(len(names))
    )
    return CocoFigures(
        map50=_mean(precision[:1, :, :, 0, -1]),
        map=_mean(precision[:, :, :, 0, -1]),
        classes=classes,
    )


def _dataset(cases: Sequence[Case], names: Sequence[str]) -> dict[str, object]:
    annotations: list[dict[str, object]] = []
    for k, case in enumerate(cases):
        for box, class_id, ignore in zip(
            case.xyxy.tolist(), case.class_id.tolist(), case.ignore, strict=True
        ):
            left, top, right, bottom = box
            width, height = right - left, bottom - top
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": k + 1,
                    "category_id": class_id + 1,
                    "bbox": [left, top, width, height],
                    "area": width * height,
                    "iscrowd": int(ignore),
                }
            )
    return {
        "info": {},
        "images": [{"id": k + 1, "file_name": c.key} for k, c in enumerate(cases)],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(names)],
        "annotations": annotations,
    }


def _said(truth: COCO, cases: Sequence[Case]) -> COCO:
    rows = [
        {
            "image_id": k + 1,
            "category_id": class_id + 1,
            "bbox": [left, top, right - left, bottom - top],
            "score": score,
        }
        for k, case in enumerate(cases)
        for (left, top, right, bottom), score, class_id in zip(
            case.said.xyxy.tolist(),
            case.said.score.tolist(),
            case.said.class_id.tolist(),
            strict=True,
        )
    ]
    if rows:
        return truth.loadRes(rows)
    empty = COCO()  # loadRes refuses an empty list; a silent detector is no error
    empty.dataset = {**truth.dataset, "annotations": []}
    empty.createIndex()
    return empty


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[values > -1]
    return float(known.mean()) if len(known) else None
