"""Two runs side by side, on what they share, with significance."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from vision.evaluation.detection import load_flags
from vision.evaluation.events import figures_of
from vision.evaluation.flags import Flags, weighted_average_precision
from vision.evaluation.gate import Bound, judge
from vision.evaluation.json_lines import Json
from vision.evaluation.outcomes import Sum
from vision.evaluation.resampling import interval, multiplicities, paired_p_value
from vision.evaluation.runs import CompareError, Run
from vision.evaluation.tour_figures import figures_of_drives
from vision.evaluation.tour_outcome import TourSum
from vision.evaluation.values import plain

_FEW = 32  # units, of which all may well differ by chance
_LABELLED = ("slug", "start_s", "end_s", "xyxy", "ignore")
_ON_MAP = ("slug", "lat", "lon", "radius_m", "from", "until", "ignore")
_COLUMNS: Mapping[str, type[IntEnum]] = {"events": Sum, "drives": TourSum}
_PER_CONDITION = ("f1", "recall", "false_per_camera_hour", "queue_as_parked")

Values = NDArray[np.float64]
Figures = Callable[[Values], Mapping[str, Values]]
"""Weights (B, units) to figure names with (B,) values."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure in both runs.

    Attributes:
        key: its name.
        of: the class it is of, or empty.
        a: before; None where undefined.
        b: after.
        difference: b - a.
        low: 2.5 % end of the difference's interval, or None.
        high: 97.5 % end, or None.
        p: paired bootstrap p-value, or None.
    """

    key: str
    of: str
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None


@dataclass(frozen=True, eq=False, slots=True)
class _Shared:
    """What both runs measured.

    Attributes:
        unit: what is resampled, as a key of the report's words.
        count: how many units both have.
        a: figures of the first run on them.
        b: figures of the second.
        warnings: what makes the comparison less than fair.
    """

    unit: str
    count: int
    a: Figures
    b: Figures
    warnings: tuple[str, ...]


def compare(
    a: Run, b: Run, gate: Mapping[str, Bound], *, resamples: int, seed: int
) -> dict[str, Json]:
    """Return the comparison as plain values.

    Args:
        a: before.
        b: after.
        gate: figure name, or `name class`, to what it must hold; may be empty.
        resamples: bootstrap size.
        seed: same seed, same intervals.

    Returns:
        What the page is made from; `passed` sums up the gate.

    Raises:
        CompareError: different kinds of runs, or nothing shared.
    """
    for run in (a, b):
        sums = _COLUMNS.get(run.kind)
        if sums and run.report["sums"] != [column.name.lower() for column in sums]:
            msg = (
                f"{run.path}: made by another version; run `evaluate {run.kind}` again"
            )
            raise CompareError(msg)
    if a.kind != b.kind:
        msg = f"{a.path} holds {a.kind}, {b.path} {b.kind}; compare like with like"
        raise CompareError(msg)
    shared = _SHARED[a.kind](a, b)
    if shared.count == 0:
        what = shared.unit.removeprefix("n_")
        msg = f"{a.path} and {b.path} share no {what}; nothing to compare"
        raise CompareError(msg)
    differences = _differences(shared, resamples, seed)
    rows: list[Json] = []
    failed: list[str] = []
    for one in differences:
        name = f"{one.key} {one.of}".strip()
        bound = gate.get(name)
        ruling = None if bound is None else judge(one.key, one.a, one.b, bound)
        rows.append(
            plain({**asdict(one), "gate": None if ruling is None else asdict(ruling)})
        )
        if ruling is not None and not ruling.passed:
            failed.append(f"{name}: {ruling.text}")
    known = {f"{one.key} {one.of}".strip() for one in differences}
    failed += [
        f"{name}: no such figure in these runs" for name in gate if name not in known
    ]
    return {
        "schema": 1,
        "kind": "comparison",
        "a": str(a.path),
        "b": str(b.path),
        "unit": shared.unit,
        "shared": shared.count,
        "warnings": list(shared.warnings),
        "rows": rows,
        "failed": list(failed),
        "passed": not failed,
        "about_a": plain(a.report["about"]),
        "about_b": plain(b.report["about"]),
    }


def _differences(shared: _Shared, resamples: int, seed: int) -> list[Difference]:
    once = np.ones((1, shared.count))
    point_a, point_b = shared.a(once), shared.b(once)
    spread_a: Mapping[str, Values] = {}
    spread_b: Mapping[str, Values] = {}
    if shared.count > 1 and resamples > 0:
        # The same draws for both: what is hard is hard for both.
        weights = multiplicities(shared.count, resamples, seed=seed)
        spread_a, spread_b = shared.a(weights), shared.b(weights)
    differing = _differing(shared)
    rows = []
    for name in point_a:
        key, _, of = name.partition(" ")
        a, b = _known(point_a[name][0]), _known(point_b[name][0])
        apart = spread_b[name] - spread_a[name] if name in spread_a else None
        low, high = interval(apart)
        rows.append(
            Difference(
                key=key,
                of=of,
                a=a,
                b=b,
                difference=None if a is None or b is None else b - a,
                low=low,
                high=high,
                p=None if apart is None else paired_p_value(apart, differing[name]),
            )
        )
    return rows


def _differing(shared: _Shared) -> Mapping[str, int]:
    """Return per figure at how many units the runs differ; of very many, all."""
    if shared.count > _FEW:
        return defaultdict(lambda: shared.count)
    alone = np.eye(shared.count)
    a, b = shared.a(alone), shared.b(alone)
    return {
        name: int(np.sum(~np.isclose(a[name], b[name], atol=0, equal_nan=True)))
        for name in a
    }


def _shared_events(a: Run, b: Run) -> _Shared:
    drives = a.kind == "drives"
    of_sums = figures_of_drives if drives else figures_of
    columns, labelled = len(_COLUMNS[a.kind]), _ON_MAP if drives else _LABELLED
    rows_a, rows_b = a.report["cameras"], b.report["cameras"]
    cameras = sorted(set(rows_a) & set(rows_b))
    warnings = _lonely(rows_a, rows_b, "cameras")
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

    return _Shared("n_cameras", len(cameras), figures(a), figures(b), tuple(warnings))


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


def _shared_detections(a: Run, b: Run) -> _Shared:
    keys_a, flags_a = load_flags(a.path / "flags.npz")
    keys_b, flags_b = load_flags(b.path / "flags.npz")
    keys = sorted(set(keys_a) & set(keys_b))
    names = [name for name in flags_a if name in flags_b]
    if not names:
        msg = (
            f"{a.path} knows the classes {_listed(flags_a)}, {b.path} "
            f"{_listed(flags_b)}; expected one in common: evaluate both on the same"
        )
        raise CompareError(msg)
    warnings = _lonely(dict.fromkeys(keys_a), dict.fromkeys(keys_b), "pictures")
    warnings += _lonely(flags_a, flags_b, "classes")

    def figures(order: Sequence[str], flags: Mapping[str, Flags]) -> Figures:
        kept = {name: _restricted(flags[name], order, keys) for name in names}

        def at(weights: Values) -> dict[str, Values]:
            per_class = {
                f"ap50 {name}": weighted_average_precision(kept[name], weights)
                for name in names
            }
            return {"map50": _mean(list(per_class.values())), **per_class}

        return at

    return _Shared(
        "n_pictures",
        len(keys),
        figures(keys_a, flags_a),
        figures(keys_b, flags_b),
        tuple(warnings),
    )


_SHARED: Mapping[str, Callable[[Run, Run], _Shared]] = {
    "events": _shared_events,
    "drives": _shared_events,
    "detections": _shared_detections,
}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "(none)"


def _restricted(flags: Flags, order: Sequence[str], keys: Sequence[str]) -> Flags:
    """Return the flags on the pictures `keys` only, renumbered in their order."""
    position = {key: k for k, key in enumerate(keys)}
    target = np.array([position.get(key, len(keys)) for key in order], np.int64)
    picture = target[flags.picture]
    keep = picture < len(keys)
    true = np.zeros(len(keys) + 1, np.int64)
    true[target] = flags.true
    return Flags(flags.score[keep], flags.hit[keep], picture[keep], true[:-1])


def _lonely(a: Mapping[str, object], b: Mapping[str, object], what: str) -> list[str]:
    only_a, only_b = len(set(a) - set(b)), len(set(b) - set(a))
    if not only_a and not only_b:
        return []
    return [f"{what}: {only_a} only in A and {only_b} only in B are left out"]


def _mean(values: Sequence[Values]) -> Values:
    stacked = np.array(values)
    defined = ~np.isnan(stacked)
    count = defined.sum(axis=0)
    mean = np.full(stacked.shape[1], np.nan)
    np.divide(
        np.where(defined, stacked, 0).sum(axis=0), count, out=mean, where=count > 0
    )
    return mean


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
