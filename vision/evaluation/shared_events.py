"""The cameras that two runs on clips, or on drives, both watched."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

import numpy as np

from vision.evaluation.events import figures_of
from vision.evaluation.json_lines import Json
from vision.evaluation.outcomes import Sum
from vision.evaluation.runs import Run
from vision.evaluation.shared import Figures, Shared, Values, lonely
from vision.evaluation.tour_figures import figures_of_drives
from vision.evaluation.tour_outcome import TourSum

COLUMNS: Mapping[str, type[IntEnum]] = {"events": Sum, "drives": TourSum}
"""What a run of each kind adds up."""

_LABELLED = ("slug", "start_s", "end_s", "xyxy", "ignore")
_ON_MAP = ("slug", "lat", "lon", "radius_m", "from", "until", "ignore")
_PER_CONDITION = ("f1", "recall", "false_per_camera_hour", "queue_as_parked")


def shared_events(a: Run, b: Run) -> Shared:
    """Return the figures of two runs on the cameras of both."""
    drives = a.kind == "drives"
    of_sums = figures_of_drives if drives else figures_of
    columns, labelled = len(COLUMNS[a.kind]), _ON_MAP if drives else _LABELLED
    rows_a, rows_b = a.report["cameras"], b.report["cameras"]
    cameras = sorted(set(rows_a) & set(rows_b))
    warnings = lonely(rows_a, rows_b, "cameras")
    rule_a, rule_b = a.report["rule"], b.report["rule"]
    if other := sorted(key for key in rule_a if rule_a[key] != rule_b.get(key)):
        warnings.append(
            f"the runs were matched with another {', '.join(other)}: give both the same"
        )
    warnings += _other_footage(
        _labels(a, cameras, labelled), _labels(b, cameras, labelled)
    )
    tags = sorted(
        set(a.report.get("condition_cameras", {}))
        & set(b.report.get("condition_cameras", {}))
    )

    def figures(run: Run) -> Figures:
        whole = _stacked(run.report["cameras"], cameras, columns)
        parts = {
            tag: _stacked(run.report["condition_cameras"][tag], cameras, columns)
            for tag in tags
        }

        def at(weights: Values) -> dict[str, Values]:
            found = dict(of_sums(weights @ whole))
            for tag, sums in parts.items():
                of_tag = of_sums(weights @ sums)
                found |= {f"{key} {tag}": of_tag[key] for key in _PER_CONDITION}
            return found

        return at

    return Shared("n_cameras", len(cameras), figures(a), figures(b), tuple(warnings))


def _labels(
    run: Run, cameras: Iterable[str], labelled: Iterable[str]
) -> dict[tuple[str, str], list[Json]]:
    """Return what was true in each clip or tour, by its camera and name."""
    known = set(cameras)
    labels: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for clip in run.report["clips"]:
        if clip["camera"] in known:
            true: Json = [{k: event[k] for k in labelled} for event in clip["true"]]
            labels[clip["camera"], clip["clip"]] += [true, clip.get("decoys")]
    return labels


def _other_footage(
    a: Mapping[tuple[str, str], list[Json]], b: Mapping[tuple[str, str], list[Json]]
) -> list[str]:
    warnings = []
    only_a, only_b = len(set(a) - set(b)), len(set(b) - set(a))
    if only_a or only_b:
        warnings.append(
            f"clips: {only_a} only in A and {only_b} only in B, at cameras of both: "
            "the figures are not of the same footage"
        )
    uneven = sorted({key[0] for key in set(a) & set(b) if a[key] != b[key]})
    if uneven:
        warnings.append(f"other true events at {', '.join(uneven)}: the truth changed")
    return warnings


def _stacked(
    rows: Mapping[str, Sequence[float]], cameras: Sequence[str], columns: int
) -> Values:
    nothing = [0.0] * columns
    return np.array([rows.get(name, nothing) for name in cameras], np.float64)
