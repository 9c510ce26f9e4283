"""Footage of our own: what the model misses there may be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from vision.core.arrays import FloatArray, ImageU8
from vision.core.errors import ConfigError
from vision.training.clips import sample_clip
from vision.training.contact import draw, write
from vision.training.fitting import Predict
from vision.training.labels import CLASSES, Sample, label_weight
from vision.training.scoring import iou_matrix

_CLASS_OF = {
    "garbage_pile": "garbage",
    "overflowing_bin": "overflowing_bin",
    "street_vending": "street_vendor",
    "illegal_parking": "car",
}
_HIT_IOU = 0.4
_CELLS = 4


def read_footage(folder: Path, period_s: float) -> list[Sample]:
    """Read frames of a clip with the objects of its true events.

    Args:
        folder: holds `truth.json` and the clip it names.
        period_s: time between two frames.

    Returns:
        Frames; only objects of events are labelled.

    Raises:
        ConfigError: the folder holds no footage with truth, or the clip cannot be
            decoded.
    """
    path = folder / "truth.json"
    if not path.is_file():
        msg = f"{path} is not there; expected a folder such as datasets/demo"
        raise ConfigError(msg)
    truth = json.loads(path.read_text(encoding="utf-8"))
    clip = sample_clip(folder / truth["clip"], period_s, truth["fps"])
    return [_sample(truth, image, index / truth["fps"]) for index, image in clip]


def hits(
    predict: Predict, samples: Sequence[Sample], thresholds: Mapping[str, float]
) -> dict[str, tuple[int, int]]:
    """Count the frames in which the object of a true event is seen.

    Args:
        predict: the model.
        samples: of ``read_footage``.
        thresholds: least score per class.

    Returns:
        Frames that hit and all frames, by class.
    """
    counts: dict[str, tuple[int, int]] = {}
    for sample in samples:
        seen = _seen(predict(sample.image), sample, thresholds)
        for class_id, hit in zip(sample.class_id, seen, strict=True):
            good, total = counts.get(CLASSES[int(class_id)], (0, 0))
            counts[CLASSES[int(class_id)]] = (good + hit, total + 1)
    return counts


def draw_misses(
    predict: Predict,
    samples: Sequence[Sample],
    thresholds: Mapping[str, float],
    path: Path,
) -> None:
    """Show frames with most misses: true objects left, found boxes right.

    Args:
        predict: the model.
        samples: of ``read_footage``.
        thresholds: least score per class.
        path: the JPEG to write.
    """
    found = [predict(sample.image) for sample in samples]
    missed = [
        seen.count(False)
        for seen in (
            _seen(rows, sample, thresholds)
            for rows, sample in zip(found, samples, strict=True)
        )
    ]
    worst = sorted(range(len(samples)), key=lambda i: -missed[i])[:_CELLS]
    strips: list[ImageU8] = []
    for index in sorted(worst):
        sample = samples[index]
        rows = _confident(found[index], thresholds)
        truth = [(int(k), CLASSES[int(k)]) for k in sample.class_id]
        said = [(int(r[5]), f"{CLASSES[int(r[5])]} {r[4]:.2f}") for r in rows]
        left = draw(sample.image, sample.xyxy, truth)
        strips.append(np.hstack((left, draw(sample.image, rows[:, :4], said))))
    write(path, np.vstack(strips))


def _sample(
    truth: Mapping[str, Sequence[Mapping[str, object]]], image: ImageU8, time_s: float
) -> Sample:
    height, width = image.shape[:2]
    boxes, classes = [], []
    for event in truth["events"]:
        end = event["end_s"]
        begun = float(str(event["start_s"])) <= time_s
        if begun and (end is None or time_s <= float(str(end))):
            boxes.append(event["xyxy"])
            classes.append(CLASSES.index(_CLASS_OF[str(event["slug"])]))
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    xyxy *= np.array((width, height) * 2, np.float32)
    weight = label_weight((), ())
    class_id = np.array(classes, np.int64)
    return Sample(f"footage/{time_s:.1f}", image, xyxy, class_id, weight)


def _confident(rows: FloatArray, thresholds: Mapping[str, float]) -> FloatArray:
    least = np.array([thresholds[name] for name in CLASSES], np.float32)
    kept: FloatArray = rows[rows[:, 4] >= least[rows[:, 5].astype(int)]]
    return kept


def _seen(
    rows: FloatArray, sample: Sample, thresholds: Mapping[str, float]
) -> list[bool]:
    kept = _confident(rows, thresholds)
    overlap = iou_matrix(sample.xyxy, kept[:, :4])
    same = sample.class_id[:, None] == kept[None, :, 5]
    return [bool(v) for v in ((overlap >= _HIT_IOU) & same).any(axis=1)]
