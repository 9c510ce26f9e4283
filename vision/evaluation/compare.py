"""Two runs side by side, on what they share, with significance."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from vision.evaluation.gate import Bound, judge
from vision.evaluation.json_lines import Json
from vision.evaluation.resampling import interval, multiplicities, paired_p_value
from vision.evaluation.runs import CompareError, Run
from vision.evaluation.shared import Shared, Values
from vision.evaluation.shared_detections import shared_detections
from vision.evaluation.shared_events import COLUMNS, shared_events
from vision.evaluation.values import plain

_FEW = 32  # units, of which all may well differ by chance


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
        sums = COLUMNS.get(run.kind)
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


def _differences(shared: Shared, resamples: int, seed: int) -> list[Difference]:
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


def _differing(shared: Shared) -> Mapping[str, int]:
    """Return per figure at how many units the runs differ; of very many, all."""
    if shared.count > _FEW:
        return defaultdict(lambda: shared.count)
    alone = np.eye(shared.count)
    a, b = shared.a(alone), shared.b(alone)
    return {
        name: int(np.sum(~np.isclose(a[name], b[name], atol=0, equal_nan=True)))
        for name in a
    }


_SHARED: Mapping[str, Callable[[Run, Run], Shared]] = {
    "events": shared_events,
    "drives": shared_events,
    "detections": shared_detections,
}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
