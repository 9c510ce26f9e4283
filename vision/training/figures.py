"""Draw what a model card shows: curves, confusion, learning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from vision.core.arrays import IntArray
from vision.training.labels import CLASSES
from vision.training.scoring import Marked, iou_matrix, precision_recall

mpl.use("Agg")
from matplotlib import pyplot as plt

_IOU = 0.5
_DPI = 90
_DARK = 0.5


def confusion(
    pictures: Sequence[Marked], names: Sequence[str], thresholds: Mapping[str, float]
) -> IntArray:
    """Count which class was found where which was true.

    Args:
        pictures: what was found and what is there.
        names: of the classes to count.
        thresholds: least score per class.

    Returns:
        (C + 1, C + 1) counts: rows true, columns found; the last of each is
        "nothing".
    """
    ids = [CLASSES.index(name) for name in names]
    least = np.array([thresholds[name] for name in CLASSES], np.float32)
    table = np.zeros((len(ids) + 1, len(ids) + 1), np.int64)
    for picture in pictures:
        rows = picture.found[np.isin(picture.found[:, 5], ids)]
        rows = rows[rows[:, 4] >= least[rows[:, 5].astype(int)]]
        known = np.isin(picture.class_id, ids)
        truth, truth_id = picture.xyxy[known], picture.class_id[known]
        overlap = iou_matrix(truth, rows[:, :4])
        free = np.ones(len(rows), bool)
        for row, class_id in zip(overlap, truth_id, strict=True):
            value = np.where(free, row, 0.0)
            best = int(value.argmax()) if len(value) else -1
            hit = best >= 0 and value[best] >= _IOU
            column = ids.index(int(rows[best, 5])) if hit else len(ids)
            if hit:
                free[best] = False
            table[ids.index(int(class_id)), column] += 1
        for found in rows[free]:
            table[len(ids), ids.index(int(found[5]))] += 1
    return table


def draw_confusion(table: IntArray, names: Sequence[str], path: Path) -> None:
    """Draw the counts as shares of each row.

    Args:
        table: of ``confusion``.
        names: of its classes.
        path: the PNG to write.
    """
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(5.5, 5))
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = [*names, "nothing"]
    axes.set_xticks(range(len(ticks)), ticks, rotation=30, ha="right")
    axes.set_yticks(range(len(ticks)), ticks)
    for row, column in np.ndindex(*table.shape):
        shade = "white" if share[row, column] > _DARK else "black"
        axes.text(
            column, row, str(table[row, column]), ha="center", va="center", color=shade
        )
    axes.set_xlabel("found")
    axes.set_ylabel("true")
    _save(figure, path)


def draw_curves(
    pictures: Sequence[Marked],
    names: Sequence[str],
    thresholds: Mapping[str, float],
    path: Path,
) -> None:
    """Draw precision over recall with the default threshold marked.

    Args:
        pictures: what was found and what is there.
        names: of the classes.
        thresholds: default per class.
        path: the PNG to write.
    """
    figure, axes = plt.subplots(figsize=(6, 4.5))
    for name in names:
        score, precision, recall = precision_recall(pictures, CLASSES.index(name), _IOU)
        if not len(score):
            continue
        (line,) = axes.plot(recall, precision, label=name)
        at = int((score >= thresholds[name]).sum()) - 1
        if at >= 0:
            axes.plot(recall[at], precision[at], "o", color=line.get_color())
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="lower left")
    axes.grid(alpha=0.3)
    _save(figure, path)


def draw_learning(log: Path, path: Path) -> None:
    """Draw the learning curve of a run.

    Args:
        log: one JSON object per line, see ``Progress``.
        path: the PNG to write.
    """
    lines = log.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    figure, axes = plt.subplots(figsize=(6, 3.5))
    for key in ("cls_loss", "box_loss", "distil"):
        _draw(axes, rows, key)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.legend(loc="upper left")
    axes.grid(alpha=0.3)
    looks = axes.twinx()
    _draw(looks, rows, "aside", color="black", marker="o")
    looks.margins(y=1.0)  # looks differ by luck, too
    looks.set(ylabel="mean AP on pictures kept aside")
    _save(figure, path)


def _draw(axes: Axes, rows: list[dict[str, float]], key: str, **style: str) -> None:
    points = [(row["step"], row[key]) for row in rows if key in row]
    if points:
        axes.plot(*np.array(points).T, label=key, **style)


def _save(figure: plt.Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI, bbox_inches="tight")
    plt.close(figure)
