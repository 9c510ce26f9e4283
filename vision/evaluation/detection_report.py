"""A detector's figures as plain values, and the pictures that go with them."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vision.core.arrays import ImageU8
from vision.evaluation.about import About
from vision.evaluation.breakdown import Row
from vision.evaluation.detection import ClassResult, DetectionResult, worst_pictures
from vision.evaluation.gallery import (
    IGNORED,
    RIGHT,
    TRUE,
    WRONG,
    Drawn,
    picture_uri,
)
from vision.evaluation.json_lines import Json
from vision.evaluation.pictures import PictureSet
from vision.evaluation.problems import Problems
from vision.evaluation.values import CSV_ENCODING, figure_json, plain, problems_json

Report = dict[str, Json]
_CURVE_POINTS = 400
_CLASS_COLUMNS = (
    "class",
    "true",
    "ap50",
    "ap50_low",
    "ap50_high",
    "ap",
    "ap_small",
    "ap_medium",
    "ap_large",
    "best_threshold",
    "precision",
    "recall",
    "f1",
)


def detection_report(
    result: DetectionResult, pictures: PictureSet, problems: Problems, about: About
) -> Report:
    """Return everything but the pictures as JSON-ready values.

    Args:
        result: scored.
        pictures: the data set.
        problems: everything wrong with the input.
        about: who measured; with `speed` the only part that differs between two runs.

    Returns:
        What `report.json` holds and what the page is made from.
    """
    counts = pictures.counts
    scored = int(sum(flags.true.sum() for flags in result.flags))
    return {
        "schema": 1,
        "kind": "detections",
        "data": str(pictures.path),
        "layout": pictures.layout,
        "figures": {
            "map50": figure_json(result.map50),
            "map": {"value": result.map, "low": None, "high": None},
        },
        "classes": [_class(one) for one in result.classes],
        "confusion": plain(result.confusion.tolist()),
        "mistakes": {
            kind.value: plain(asdict(c)) for kind, c in result.mistakes.items()
        },
        "counts": {
            "pictures_listed": counts.pictures_listed,
            "pictures_scored": len(result.cases),
            "pictures_left_out": counts.pictures_listed - len(result.cases),
            "boxes_listed": counts.boxes_listed,
            "boxes_scored": scored,
            "boxes_ignored": result.regions,
            "boxes_left_out": counts.boxes_listed - scored - result.regions,
            "unlabelled_detections": result.unlabelled,
        },
        "problems": problems_json(problems),
        "speed": plain(asdict(result.speed)),
        "about": plain(asdict(about)),
    }


def write_class_csv(path: Path, result: DetectionResult) -> None:
    """Write one row per class.

    Args:
        path: the CSV file.
        result: scored.
    """
    with path.open("w", encoding=CSV_ENCODING, newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(_CLASS_COLUMNS)
        for one in result.classes:
            best = one.best
            ends: Sequence[float | None] = (
                (None,) * 4
                if best is None
                else (best.threshold, best.precision, best.recall, best.f1)
            )
            rows.writerow(
                [
                    one.name,
                    one.true,
                    one.ap50.value,
                    one.ap50.low,
                    one.ap50.high,
                    one.figures.ap,
                    *one.figures.by_size,
                    *ends,
                ]
            )


def worst_gallery(
    result: DetectionResult,
    pictures: PictureSet,
    read: Callable[[Path], ImageU8 | None],
    limit: int,
) -> list[dict[str, str]]:
    """Return the worst pictures with their boxes, as embedded JPEGs.

    Args:
        result: scored.
        pictures: where the pictures lie.
        read: decodes one picture; pictures are read one at a time.
        limit: at most so many.

    Returns:
        Rows with `key`, `badness` and `uri`, worst first.
    """
    paths = {picture.key: picture.path for picture in pictures.pictures}
    gallery = []
    for badness, index in worst_pictures(result, limit):
        case = result.cases[index]
        image = read(paths[case.key])
        if image is None:
            continue
        uri = picture_uri(image, _boxes(result, index))
        gallery.append({"key": case.key, "badness": f"{badness:.1f}", "uri": uri})
    return gallery


def _boxes(result: DetectionResult, index: int) -> list[Drawn]:
    case = result.cases[index]
    names = [one.name for one in result.classes]
    limits = result.thresholds
    drawn = [
        Drawn(
            _corners(box),
            IGNORED if ignored else TRUE,
            "" if ignored else names[class_id],
            dashed=True,
        )
        for box, class_id, ignored in zip(
            case.xyxy, case.class_id.tolist(), case.ignore, strict=True
        )
    ]
    mine = (row for row in result.rows if row.picture == index)
    shown = (row for row in mine if row.score >= limits[row.class_id])
    return drawn + [_said(row, case.said.xyxy[row.said], names) for row in shown]


def _said(row: Row, box: np.ndarray, names: Sequence[str]) -> Drawn:
    mistake = "" if row.mistake is None else f" {row.mistake.value}"
    text = f"{names[row.class_id]} {row.score:.2f}{mistake}"
    return Drawn(_corners(box), RIGHT if row.mistake is None else WRONG, text)


def _corners(box: np.ndarray) -> tuple[float, float, float, float]:
    left, top, right, bottom = box.tolist()
    return (left, top, right, bottom)


def _class(one: ClassResult) -> Report:
    step = max(1, len(one.curve) // _CURVE_POINTS)
    return {
        "name": one.name,
        "true": one.true,
        "ap50": figure_json(one.ap50),
        "ap": one.figures.ap,
        "by_size": list(one.figures.by_size),
        "best": None if one.best is None else plain(asdict(one.best)),
        "curve": [[p.recall, p.precision, p.threshold] for p in one.curve[::step]],
    }
