"""Everything that is said about a detector on labelled pictures."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import IntArray
from vision.evaluation.breakdown import (
    Cost,
    Mistake,
    Row,
    confusion,
    costs,
    missed_boxes,
    rows_of,
)
from vision.evaluation.cases import Case, ClassMap, case_of
from vision.evaluation.coco_reference import ClassFigures, coco_figures
from vision.evaluation.events import Figure
from vision.evaluation.flags import (
    Flags,
    OperatingPoint,
    best_f1,
    curve,
    flag,
    weighted_average_precision,
)
from vision.evaluation.pictures import PictureSet
from vision.evaluation.predictions import Prediction
from vision.evaluation.problems import Problems
from vision.evaluation.resampling import interval, multiplicities

Values = NDArray[np.float64]

UNSEEN_THRESHOLD = 0.5  # for a class without any true box, where no F1 exists


@dataclass(frozen=True, slots=True)
class ClassResult:
    """One class.

    Attributes:
        name: as the model calls it.
        true: true boxes, ignore regions left out.
        figures: by the COCO protocol.
        ap50: the same AP50 with its bootstrap interval.
        best: the score limit with the highest F1, or None.
        curve: precision and recall at every score, strictest first.
    """

    name: str
    true: int
    figures: ClassFigures
    ap50: Figure
    best: OperatingPoint | None
    curve: tuple[OperatingPoint, ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """The model's share of the time; not part of what must be reproducible."""

    pictures: int
    median_s: float | None
    p95_s: float | None


@dataclass(frozen=True, eq=False, slots=True)
class DetectionResult:
    """A detector's figures.

    Attributes:
        cases: scored pictures, in key order.
        map50: mean AP at IoU 0.5 over classes with true boxes.
        map: mean AP over IoU 0.50 to 0.95.
        classes: in the model's order.
        confusion: (K+1, K+1), see `breakdown.confusion`.
        mistakes: count and price per kind.
        rows: every detection with its mistake.
        flags: per class, for paired comparison.
        unlabelled: detections of classes that the set does not label; not scored.
        regions: labelled ignore regions in scored pictures.
        speed: time per picture.
    """

    cases: tuple[Case, ...]
    map50: Figure
    map: float | None
    classes: tuple[ClassResult, ...]
    confusion: IntArray
    mistakes: Mapping[Mistake, Cost]
    rows: tuple[Row, ...]
    flags: tuple[Flags, ...]
    unlabelled: int
    regions: int
    speed: Speed

    @property
    def thresholds(self) -> list[float]:
        """Per class: the score limit with the best F1."""
        return [
            UNSEEN_THRESHOLD if c.best is None else c.best.threshold
            for c in self.classes
        ]


def score_detections(
    pictures: PictureSet,
    predictions: Mapping[str, Prediction],
    classes: ClassMap,
    problems: Problems,
    *,
    resamples: int,
    seed: int,
) -> DetectionResult:
    """Score stored predictions against labels.

    Args:
        pictures: as labelled.
        predictions: by picture key; a picture without one is reported.
        classes: how the names meet.
        problems: told of pictures that could not be scored.
        resamples: bootstrap size by picture; 0 for none.
        seed: same seed, same intervals.

    Returns:
        All figures.
    """
    cases, unlabelled = _cases(pictures, predictions, classes, problems)
    names = classes.names
    coco = coco_figures(cases, names)
    flags = [flag(cases, k) for k in range(len(names))]
    spread = _spread(flags, len(cases), resamples, seed)
    results = tuple(
        ClassResult(
            name=name,
            true=int(flags[k].true.sum()),
            figures=coco.classes[k],
            ap50=Figure(
                coco.classes[k].ap50, *interval(spread[k] if len(spread) else None)
            ),
            best=best_f1(flags[k]),
            curve=tuple(curve(flags[k])),
        )
        for k, name in enumerate(names)
    )
    limits = [
        UNSEEN_THRESHOLD if one.best is None else one.best.threshold for one in results
    ]
    rows = rows_of(cases, len(names))
    return DetectionResult(
        cases=tuple(cases),
        map50=Figure(coco.map50, *interval(_mean_of(spread))),
        map=coco.map,
        classes=results,
        confusion=confusion(cases, len(names), limits),
        mistakes=costs(cases, rows, limits),
        rows=tuple(rows),
        flags=tuple(flags),
        unlabelled=unlabelled,
        regions=_regions(pictures, {case.key for case in cases}, classes),
        speed=_speed(predictions, cases),
    )


def worst_pictures(result: DetectionResult, limit: int) -> list[tuple[float, int]]:
    """Return (badness, index of the case), worst first.

    Badness adds up the scores of false detections above their class's threshold and
    one per true box that nothing comes near.

    Args:
        result: scored.
        limit: at most so many; pictures without any mistake are left out.
    """
    badness = np.zeros(len(result.cases))
    limits = result.thresholds
    above: list[list[Row]] = [[] for _ in result.cases]
    for row in result.rows:
        if row.score >= limits[row.class_id]:
            above[row.picture].append(row)
            badness[row.picture] += row.score if row.mistake is not None else 0
    for k, case in enumerate(result.cases):
        badness[k] += len(missed_boxes(case, above[k]))
    order = np.argsort(-badness, kind="stable")[:limit]
    return [(float(badness[k]), int(k)) for k in order if badness[k] > 0]


def save_flags(path: Path, result: DetectionResult) -> None:
    """Keep what a later paired comparison needs.

    Args:
        path: an `.npz` file.
        result: scored.
    """
    columns: dict[str, NDArray[np.generic]] = {
        "keys": np.array([case.key for case in result.cases]),
        "names": np.array([one.name for one in result.classes]),
    }
    for k, flags in enumerate(result.flags):
        columns |= {
            f"score_{k}": flags.score,
            f"hit_{k}": flags.hit,
            f"picture_{k}": flags.picture,
            f"true_{k}": flags.true,
        }
    np.savez_compressed(path, allow_pickle=False, **columns)


def load_flags(path: Path) -> tuple[list[str], dict[str, Flags]]:
    """Return picture keys and flags per class name, as `save_flags` kept them."""
    with np.load(path, allow_pickle=False) as kept:
        names = [str(name) for name in kept["names"]]
        flags = {
            name: Flags(
                kept[f"score_{k}"],
                kept[f"hit_{k}"],
                kept[f"picture_{k}"],
                kept[f"true_{k}"],
            )
            for k, name in enumerate(names)
        }
        return [str(key) for key in kept["keys"]], flags


def _cases(
    pictures: PictureSet,
    predictions: Mapping[str, Prediction],
    classes: ClassMap,
    problems: Problems,
) -> tuple[list[Case], int]:
    cases = []
    unlabelled = 0
    scored = np.array([k is not None for k in classes.said], np.bool_)
    for picture in sorted(pictures.pictures, key=lambda one: one.key):
        prediction = predictions.get(picture.key)
        if prediction is None or prediction.said is None:
            why = "no prediction" if prediction is None else prediction.fault
            problems.add(picture.path, None, f"{why}; the picture is not scored")
            continue
        unlabelled += int((~scored[prediction.said.class_id]).sum())
        cases.append(case_of(picture, prediction.said, classes))
    return cases, unlabelled


def _regions(pictures: PictureSet, scored: AbstractSet[str], classes: ClassMap) -> int:
    ignored = sorted(classes.ignored)
    known = [k for k, index in enumerate(classes.truth) if index is not None]
    return sum(
        int(
            np.sum(
                np.isin(picture.class_id, ignored)
                | (picture.ignore & np.isin(picture.class_id, known))
            )
        )
        for picture in pictures.pictures
        if picture.key in scored
    )


def _spread(flags: Sequence[Flags], pictures: int, resamples: int, seed: int) -> Values:
    if pictures < 2 or resamples == 0:  # noqa: PLR2004 one picture has no spread
        return np.empty((0, 0))
    weights = multiplicities(pictures, resamples, seed=seed)
    return np.array([weighted_average_precision(one, weights) for one in flags])


def _mean_of(spread: Values) -> Values | None:
    if not spread.size:
        return None
    defined = ~np.isnan(spread)
    total = np.where(defined, spread, 0).sum(axis=0)
    count = defined.sum(axis=0)
    mean = np.full(len(count), np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def _speed(predictions: Mapping[str, Prediction], cases: Sequence[Case]) -> Speed:
    times = [predictions[case.key].detect_s for case in cases]
    if not times:
        return Speed(0, None, None)
    median, p95 = np.percentile(times, (50, 95))
    return Speed(len(times), float(median), float(p95))
