"""Which mistakes cost what, and who is taken for whom.

The kinds and their order follow TIDE (Bolya et al., "TIDE: A General Toolbox for
Identifying Object Detection Errors", ECCV 2020): foreground from IoU 0.5, background
up to IoU 0.1.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from vision.core.arrays import BoolArray, FloatArray, IntArray
from vision.core.geometry import iou
from vision.evaluation.cases import Case
from vision.evaluation.flags import Flags, Marks, average_precision, mark

FOREGROUND = 0.5
BACKGROUND = 0.1


class Mistake(StrEnum):
    """Kinds of detection errors."""

    LOCALISATION = "localisation"  # right class, IoU in [0.1, 0.5]
    CLASSIFICATION = "classification"  # IoU >= 0.5 with another class
    DUPLICATE = "duplicate"  # IoU >= 0.5 with a true box that is already taken
    BACKGROUND = "background"  # IoU <= 0.1 with everything
    BOTH = "both"  # other class and IoU in between
    MISSED = "missed"  # true box that no detection comes near


@dataclass(frozen=True, slots=True)
class Row:
    """One detection.

    Attributes:
        picture: index of the case.
        said: index into the case's detections.
        class_id: as detected.
        score: [0, 1].
        mistake: None for a hit.
        true: index of the true box that it hits or nearly hits, or None.
    """

    picture: int
    said: int
    class_id: int
    score: float
    mistake: Mistake | None
    true: int | None


@dataclass(frozen=True, slots=True)
class Cost:
    """How often a mistake is made and what mending it would bring.

    Attributes:
        count: detections above their class's threshold (or missed boxes).
        ap50_gain: rise of mAP50 if every such mistake were mended, [0, 1].
    """

    count: int
    ap50_gain: float


def rows_of(cases: Sequence[Case], classes: int) -> list[Row]:
    """Return every detection that counts, with its mistake.

    Args:
        cases: the pictures.
        classes: number of scored classes.

    Returns:
        Detections in ignore regions are left out.
    """
    rows: list[Row] = []
    for k, case in enumerate(cases):
        marks = [mark(case, c) for c in range(classes)]
        taken = {int(i) for m in marks for i in m.partner[m.hit]}
        for class_id, marked in enumerate(marks):
            rows += _class_rows(k, case, class_id, marked, taken)
    return rows


def missed_boxes(case: Case, rows: Iterable[Row]) -> list[int]:
    """Return the true boxes that no hit, localisation or class mistake touches."""
    near = (None, Mistake.LOCALISATION, Mistake.CLASSIFICATION)
    touched = {row.true for row in rows if row.mistake in near}
    real = np.flatnonzero(~case.ignore).tolist()
    return [i for i in real if i not in touched]


def costs(
    cases: Sequence[Case], rows: Sequence[Row], thresholds: Sequence[float]
) -> dict[Mistake, Cost]:
    """Return count and price of every kind of mistake.

    Args:
        cases: the pictures.
        rows: of `rows_of`.
        thresholds: per class, for the counts; the price looks at all detections.

    Returns:
        One cost per kind.
    """
    above = [row for row in rows if row.score >= thresholds[row.class_id]]
    counts = Counter(row.mistake for row in above if row.mistake is not None)
    per_picture = _by_picture(above, len(cases))
    missed = sum(
        len(missed_boxes(c, r)) for c, r in zip(cases, per_picture, strict=True)
    )
    counts[Mistake.MISSED] = missed
    base = _mean_ap(rows, _true_counts(cases, len(thresholds)))
    return {
        kind: Cost(
            count=counts[kind],
            ap50_gain=max(0.0, _mended(cases, rows, len(thresholds), kind) - base),
        )
        for kind in Mistake
    }


def confusion(
    cases: Sequence[Case], classes: int, thresholds: Sequence[float]
) -> IntArray:
    """Count who is taken for whom, background included.

    Detections above their threshold and true boxes are paired whatever their class,
    best overlap first, from IoU 0.5; detections in ignore regions count nowhere.

    Args:
        cases: the pictures.
        classes: K scored classes.
        thresholds: per class.

    Returns:
        (K+1, K+1) int64: row = true class (last: background), column = detected
        class (last: nothing detected).
    """
    table = np.zeros((classes + 1, classes + 1), np.int64)
    limits = np.array(thresholds, np.float32)
    for case in cases:
        ignored = {
            int(said)
            for c in range(classes)
            for marked in [mark(case, c)]
            for said in marked.order[marked.ignored]
        }
        above = np.flatnonzero(case.said.score >= limits[case.said.class_id])
        said = np.array([i for i in above.tolist() if i not in ignored], np.int64)
        real = np.flatnonzero(~case.ignore)
        pairs = _greedy(iou(case.xyxy[real], case.said.xyxy[said]))
        for i, j in pairs:
            table[case.class_id[real[i]], case.said.class_id[said[j]]] += 1
        lone_true = np.delete(real, [i for i, _ in pairs])
        lone_said = np.delete(said, [j for _, j in pairs])
        np.add.at(table[:, classes], case.class_id[lone_true], 1)
        np.add.at(table[classes], case.said.class_id[lone_said], 1)
    return table


def _class_rows(
    picture: int, case: Case, class_id: int, marked: Marks, taken: set[int]
) -> list[Row]:
    overlap = iou(case.said.xyxy[marked.order], case.xyxy)
    overlap[:, case.ignore] = 0
    rows = []
    for k, said in enumerate(marked.order.tolist()):
        if marked.ignored[k]:
            continue
        score = float(case.said.score[said])
        if marked.hit[k]:
            hit = int(marked.partner[k])
            rows.append(Row(picture, said, class_id, score, None, hit))
            continue
        mistake, true = _mistake(overlap[k], case.class_id == class_id, taken)
        rows.append(Row(picture, said, class_id, score, mistake, true))
    return rows


def _mistake(
    overlap: FloatArray, same: BoolArray, taken: set[int]
) -> tuple[Mistake, int | None]:
    mine = np.where(same, overlap, -1)
    other = np.where(same, -1, overlap)
    nearest, stranger = _best(mine), _best(other)
    if nearest is not None and BACKGROUND <= mine[nearest] <= FOREGROUND:
        return Mistake.LOCALISATION, nearest
    if stranger is not None and other[stranger] >= FOREGROUND:
        return Mistake.CLASSIFICATION, stranger
    if nearest is not None and mine[nearest] >= FOREGROUND and nearest in taken:
        return Mistake.DUPLICATE, nearest
    if not len(overlap) or overlap.max() <= BACKGROUND:
        return Mistake.BACKGROUND, None
    return Mistake.BOTH, stranger


def _best(values: FloatArray) -> int | None:
    return int(np.argmax(values)) if len(values) and values.max() > 0 else None


def _mended(
    cases: Sequence[Case], rows: Sequence[Row], classes: int, kind: Mistake
) -> float:
    true = _true_counts(cases, classes)
    if kind is Mistake.MISSED:
        for case, mine in zip(cases, _by_picture(rows, len(cases)), strict=True):
            for i in missed_boxes(case, mine):
                true[case.class_id[i]] -= 1
        return _mean_ap(rows, true)
    used = {(row.picture, row.true) for row in rows if row.mistake is None}
    kept = []
    for row in sorted(rows, key=lambda row: -row.score):
        if row.mistake is not kind:
            kept.append(row)
        elif kind in {Mistake.LOCALISATION, Mistake.CLASSIFICATION}:
            where = (row.picture, row.true)
            if row.true is not None and where not in used:
                used.add(where)
                right = int(cases[row.picture].class_id[row.true])
                kept.append(
                    Row(row.picture, row.said, right, row.score, None, row.true)
                )
    return _mean_ap(kept, true)


def _mean_ap(rows: Iterable[Row], true: IntArray) -> float:
    per_class: list[list[Row]] = [[] for _ in true]
    for row in rows:
        per_class[row.class_id].append(row)
    values = []
    for mine, total in zip(per_class, true.tolist(), strict=True):
        mine.sort(key=lambda row: -row.score)
        flags = Flags(
            score=np.array([row.score for row in mine], np.float32),
            hit=np.array([row.mistake is None for row in mine], np.bool_),
            picture=np.zeros(len(mine), np.int64),
            true=np.array([total], np.int64),
        )
        values.append(average_precision(flags))
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else 0.0


def _true_counts(cases: Iterable[Case], classes: int) -> IntArray:
    counts = np.zeros(classes, np.int64)
    for case in cases:
        np.add.at(counts, case.class_id[~case.ignore], 1)
    return counts


def _by_picture(rows: Iterable[Row], pictures: int) -> list[list[Row]]:
    groups: list[list[Row]] = [[] for _ in range(pictures)]
    for row in rows:
        groups[row.picture].append(row)
    return groups


def _greedy(overlap: FloatArray) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    left = overlap.copy()
    while left.size and left.max() >= FOREGROUND:
        i, j = np.unravel_index(int(np.argmax(left)), left.shape)
        pairs.append((int(i), int(j)))
        left[i, :] = -1
        left[:, j] = -1
    return pairs
