"""One command's worth of figures for the card of a model."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vision.training import figures
from vision.training.breakdown import Mistakes, mistakes
from vision.training.fitting import Predict
from vision.training.judge import (
    FALSE_PER_NEGATIVE,
    ClassScore,
    Vending,
    choose_threshold,
    class_scores,
    conditions_table,
    mark,
    mark_against,
    mean_ap50,
    size_scores,
    vending,
)
from vision.training.labels import REFUSE, ROAD_USERS, Sample, shows_refuse
from vision.training.pools import ELSEWHERE, Shelf
from vision.training.resample import Interval, ap50_gap, ap50_interval
from vision.training.scenes import likeness
from vision.training.scoring import Marked

_THIRDS = ("most alike", "between", "least alike")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is measured on pictures kept aside.

    Attributes:
        refuse: figures of the refuse classes on whole scenes kept aside.
        sizes: the same by size of the object.
        mistakes: of each refuse class at its chosen threshold.
        strange: the same by how little a picture looks like training.
        conditions: the same under each condition.
        road: road users on clips and vehicles against the teacher.
        boxed: vehicles against their hand-drawn boxes (foreground only).
        boxed_parent: the same for the parent.
        boxed_gap: 95 % interval of how far the model's AP50 is ahead.
        elsewhere: refuse that we drew in pictures of other places and kinds.
        elsewhere_shown: the same on those pictures alone that show refuse.
        elsewhere_interval: 95 % interval of AP50 on all of them.
        elsewhere_mistakes: what goes wrong there at the chosen thresholds.
        elsewhere_pictures: how many they are; most show no refuse.
        vending: street_vendor on origins kept aside.
        thresholds: chosen default score per class.
    """

    refuse: dict[str, ClassScore]
    sizes: dict[str, dict[str, ClassScore]]
    mistakes: dict[str, Mistakes]
    strange: dict[str, dict[str, ClassScore]]
    conditions: dict[str, dict[str, ClassScore]]
    road: dict[str, ClassScore]
    boxed: dict[str, ClassScore]
    boxed_parent: dict[str, ClassScore]
    boxed_gap: dict[str, Interval]
    elsewhere: dict[str, ClassScore]
    elsewhere_shown: dict[str, ClassScore]
    elsewhere_interval: dict[str, Interval]
    elsewhere_mistakes: dict[str, Mistakes]
    elsewhere_pictures: int
    vending: Vending
    thresholds: dict[str, float]


def make(
    teacher: Predict,
    predict: Predict,
    shelf: Shelf,
    defaults: Mapping[str, float],
    kept: Mapping[str, float] | None = None,
) -> Report:
    """Measure a model.

    Args:
        teacher: the COCO parent, in ``CLASSES``.
        predict: the model.
        shelf: pools kept aside: ``refuse, vend, vehicles, clips``; and the
            ``refuse`` that was trained on, to tell strange scenes.
        defaults: least score per class where too few boxes choose one.
        kept: thresholds of the model that are judged as they stand; the others are
            chosen.

    Returns:
        The report.
    """
    aside = shelf.aside
    plain = mark(predict, aside["refuse"])
    elsewhere = mark(predict, aside.get(ELSEWHERE, []))
    ours, theirs = (mark(p, aside["vehicles"]) for p in (predict, teacher))
    strangers = class_scores(elsewhere, REFUSE)
    boxed = class_scores(ours, ROAD_USERS)
    stalls = mark(predict, aside["vend"])
    traffic = [*aside["clips"], *aside["vehicles"]]
    against = mark_against(teacher, predict, traffic)
    found = vending(stalls, FALSE_PER_NEGATIVE)
    chosen = {name: choose_threshold(plain, name) for name in REFUSE}
    chosen["street_vendor"] = round(max(found.threshold, 0.05), 2)
    chosen |= {name: choose_threshold(against, name) for name in ROAD_USERS}
    thresholds = {k: defaults[k] if v is None else v for k, v in chosen.items()}
    thresholds |= kept or {}
    return Report(
        refuse=class_scores(plain, REFUSE),
        sizes=size_scores(plain, aside["refuse"], REFUSE),
        mistakes={name: mistakes(plain, name, thresholds[name]) for name in REFUSE},
        strange=_by_likeness(plain, shelf),
        conditions=conditions_table(predict, aside["refuse"], REFUSE),
        road=class_scores(against, ROAD_USERS),
        boxed=boxed,
        boxed_parent=class_scores(theirs, ROAD_USERS),
        boxed_gap={name: ap50_gap(ours, theirs, name) for name in boxed},
        elsewhere=strangers,
        elsewhere_shown=class_scores(
            [p for p in elsewhere if shows_refuse(p.class_id)], REFUSE
        ),
        elsewhere_interval={k: ap50_interval(elsewhere, k) for k in strangers},
        elsewhere_mistakes={
            name: mistakes(elsewhere, name, thresholds[name]) for name in REFUSE
        },
        elsewhere_pictures=len(elsewhere),
        vending=found,
        thresholds=thresholds,
    )


def _by_likeness(
    plain: Sequence[Marked], shelf: Shelf
) -> dict[str, dict[str, ClassScore]]:
    """Score thirds of the pictures: those least like training come last."""
    known, asked = (
        [s.image for s in pool]
        for pool in (shelf.train["refuse"], shelf.aside["refuse"])
    )
    order = np.argsort(-likeness(known, asked), kind="stable")
    return {
        label: class_scores([plain[i] for i in third], REFUSE)
        for label, third in zip(_THIRDS, np.array_split(order, 3), strict=True)
    }


def as_text(report: Report) -> str:
    """Write the report as Markdown tables.

    Args:
        report: the figures.

    Returns:
        Text for the card.
    """
    lines = ["| class | AP50 | AP50-95 | true boxes |", "|---|---|---|---|"]
    for name, score in (report.refuse | report.road).items():
        lines.append(f"| {name} | {score.ap50:.3f} | {score.ap:.3f} | {score.truths} |")
    lines += ["", "| hand-drawn boxes | AP50 | the parent's | ahead, points (95 %) |"]
    lines.append("|---|---|---|---|")
    for name, score in report.boxed.items():
        theirs = report.boxed_parent[name].ap50
        low, high = (100 * bound for bound in report.boxed_gap[name])
        ahead = f"{100 * (score.ap50 - theirs):+.1f} ({low:+.1f} to {high:+.1f})"
        cells = f"{score.ap50:.3f} | {theirs:.3f} | {ahead}"
        lines.append(f"| {name} ({score.truths}) | {cells} |")
    of = f"other places, {report.elsewhere_pictures} pictures"
    lines += ["", f"| {of} | AP50 (95 %) | where some is | hits | on nothing |"]
    lines.append("|---|---|---|---|---|")
    for name, score in report.elsewhere.items():
        low, high = report.elsewhere_interval[name]
        counts = report.elsewhere_mistakes[name]
        cells = f"{score.ap50:.3f} ({low:.3f} to {high:.3f})"
        cells += f" | {report.elsewhere_shown[name].ap50:.3f}"
        cells += f" | {counts.hits} | {counts.background}"
        lines.append(f"| {name} ({score.truths}) | {cells} |")
    lines += _rows("size of the object", report.sizes)
    kinds = [f.name for f in dataclasses.fields(Mistakes)]
    lines += ["", "| mistakes | " + " | ".join(kinds) + " |"]
    lines.append("|---|" + "---|" * len(kinds))
    for name, counts in report.mistakes.items():
        cells = " | ".join(str(value) for value in dataclasses.astuple(counts))
        lines.append(f"| {name} | {cells} |")
    lines += _rows("scenes by likeness to training", report.strange)
    lines += ["", "| condition | mean AP50 | " + " | ".join(REFUSE) + " |"]
    lines.append("|---|---|" + "---|" * len(REFUSE))
    for condition, scores in report.conditions.items():
        known = [scores.get(name) for name in REFUSE]
        cells = " | ".join(f"{k.ap50:.3f}" if k else "–" for k in known)
        lines.append(f"| {condition} | {mean_ap50(scores):.3f} | {cells} |")
    v = report.vending
    lines += [
        "",
        f"street_vendor: {v.hits:.0%} of {v.stalls} stalls hit",
        f"(95 % interval {v.low:.0%} to {v.high:.0%}) at score {v.threshold:.3f},",
        f"{FALSE_PER_NEGATIVE} false boxes a picture on {v.negatives} look-alikes.",
    ]
    return "\n".join(lines) + "\n"


def _rows(title: str, table: Mapping[str, Mapping[str, ClassScore]]) -> list[str]:
    lines = ["", f"| {title} | " + " | ".join(REFUSE) + " |"]
    lines.append("|---|" + "---|" * len(REFUSE))
    for label, by_class in table.items():
        known = [by_class.get(name) for name in REFUSE]
        cells = " | ".join(f"{k.ap50:.3f} ({k.truths})" if k else "–" for k in known)
        lines.append(f"| {label} | {cells} |")
    return lines


def as_json(report: Report) -> str:
    """Write the report as JSON, for machines and for comparison."""
    table: dict[str, Any] = dataclasses.asdict(report)
    return json.dumps(table, indent=1, sort_keys=True) + "\n"


def draw_all(
    predict: Predict,
    refuse: Sequence[Sample],
    thresholds: Mapping[str, float],
    folder: Path,
) -> None:
    """Draw curves and the confusion matrix of the refuse classes.

    Args:
        predict: the model.
        refuse: scenes kept aside.
        thresholds: default per class.
        folder: receives the pictures.
    """
    marked = mark(predict, refuse)
    figures.draw_curves(marked, REFUSE, thresholds, folder / "precision_recall.png")
    table = figures.confusion(marked, REFUSE, thresholds)
    figures.draw_confusion(table, REFUSE, folder / "confusion.png")
