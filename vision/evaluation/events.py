"""Figures on events: right, how often wrong, how late, how sure.

Sources: event matching within 10 s from i-LIDS (UK Home Office) and the AI City
Challenge anomaly track, whose S4 = F1 * (1 - NRMSE) normalises the onset error by
300 s; missed share at fixed false-alarm rates from ActEV (NIST); false alarms per
camera and day are what an operator feels.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.evaluation.outcomes import ClipOutcome, Sum, Sums, Verdict
from vision.evaluation.resampling import interval, multiplicities, zero_bound

Values = NDArray[np.float64]

S4_SCALE_S = 300.0
DAY_S = 86_400.0
HOUR_S = 3_600.0
RATES_PER_HOUR = (0.1, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; None where the input does not define it.

    Attributes:
        value: the number, or None.
        low: 2.5 % end of the bootstrap interval, or None.
        high: 97.5 % end, or None (fewer than two cameras bear on it, or all agree).
            Of a rate of false alarms that is 0: the rule of three.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


def figures_of(sums: Sums) -> dict[str, Values]:
    """Return every figure that is a function of sums.

    Args:
        sums: (B, len(Sum)): one row per resample; one row for the point estimate.

    Returns:
        Name to (B,) values; NaN where a figure is undefined (nothing to divide by).
        Definitions, with TP matched pairs, FP found minus TP, FN true minus TP:

        - `precision` TP / (TP + FP); `recall` TP / (TP + FN);
          `f1` 2 TP / (2 TP + FP + FN). Duplicates and fragments are FP.
        - `onset_mae_s`, `onset_bias_s`, `onset_rmse_s`: found minus true onset.
        - `s4` F1 * (1 - min(RMSE, 300 s) / 300 s).
        - `opening_mean_s`: decision minus true onset.
        - `false_per_camera_day`, `false_per_camera_hour`: FP over watched time.
        - `duplicates_per_true`, `fragments_per_true`: over all true events.
        - `queue_as_parked`: queue decoys reported as parking, over all of them.
        - `clear_precision`: "it is gone" that was so, over all said of true events.
        - `clear_recall`: ends reported in time, over ends whose time was up.
        - `fix_precision`: asked whether an event's place was put right, "it was" that
          was so, over all "it was"; `fix_recall`: over all questions asked when it was.
          Answers given across the true end count nowhere.
    """

    def column(name: Sum) -> Values:
        return np.asarray(sums[:, name], np.float64)

    true, found, matched = column(Sum.TRUE), column(Sum.FOUND), column(Sum.MATCHED)
    false = found - matched
    f1 = ratio(2 * matched, true + found)
    rmse = np.sqrt(ratio(column(Sum.SQ_ONSET_S2), matched))
    watched = column(Sum.WATCHED_S)
    # Without a pair there is no onset error, and F1 is 0: so is S4.
    nrmse = np.where(matched > 0, np.minimum(rmse, S4_SCALE_S) / S4_SCALE_S, 0.0)
    return {
        "precision": ratio(matched, found),
        "recall": ratio(matched, true),
        "f1": f1,
        "s4": f1 * (1 - nrmse),
        "onset_mae_s": ratio(column(Sum.ABS_ONSET_S), matched),
        "onset_bias_s": ratio(column(Sum.SIGNED_ONSET_S), matched),
        "onset_rmse_s": rmse,
        "opening_mean_s": ratio(column(Sum.OPENING_S), matched),
        "false_per_camera_day": ratio(false, watched / DAY_S),
        "false_per_camera_hour": ratio(false, watched / HOUR_S),
        "duplicates_per_true": ratio(column(Sum.DUPLICATES), true),
        "fragments_per_true": ratio(column(Sum.FRAGMENTS), true),
        "queue_as_parked": ratio(column(Sum.QUEUES_CALLED_PARKED), column(Sum.QUEUES)),
        "clear_precision": ratio(column(Sum.CLEAR_RIGHT), column(Sum.CLEAR_CLAIMS)),
        "clear_recall": ratio(column(Sum.CLEAR_DONE), column(Sum.CLEAR_DUE)),
        "fix_precision": ratio(column(Sum.FIX_RIGHT), column(Sum.FIX_CLAIMS)),
        "fix_recall": ratio(column(Sum.FIX_RIGHT), column(Sum.FIX_GONE)),
    }


def summarise(
    outcomes: Sequence[ClipOutcome], *, resamples: int, seed: int
) -> dict[str, Figure]:
    """Return all figures with intervals resampled by camera.

    Args:
        outcomes: any clips; their order does not matter.
        resamples: bootstrap size; 0 for none.
        seed: same seed, same intervals, bit for bit.

    Returns:
        Name to figure: those of `figures_of`, `onset_p95_s`, `opening_p95_s` and
        `miss_at_<rate>_per_hour`.
    """
    rows = np.array([row for _, row in sums_by_camera(outcomes)]).reshape(-1, len(Sum))
    figures = with_intervals(figures_of, rows, resamples=resamples, seed=seed)
    watched_s = float(rows[:, Sum.WATCHED_S].sum())
    for key, unit_s in (
        ("false_per_camera_day", DAY_S),
        ("false_per_camera_hour", HOUR_S),
    ):
        if figures[key].value == 0:
            figures[key] = Figure(0.0, 0.0, zero_bound(watched_s / unit_s))
    onset = [abs(s) for outcome in outcomes for s in outcome.onset_s]
    opening = [s for outcome in outcomes for s in outcome.opening_s]
    figures["onset_p95_s"] = Figure(_percentile(onset))
    figures["opening_p95_s"] = Figure(_percentile(opening))
    for rate, missed in miss_rates(outcomes, RATES_PER_HOUR).items():
        figures[f"miss_at_{rate:g}_per_hour"] = Figure(missed)
    return figures


def with_intervals(
    figures_of_sums: Callable[[Sums], Mapping[str, Values]],
    rows: Sums,
    *,
    resamples: int,
    seed: int,
) -> dict[str, Figure]:
    """Return figures of all cameras together, with intervals resampled by camera.

    Args:
        figures_of_sums: (B, columns) of sums to figure names with (B,) values.
        rows: (cameras, columns).
        resamples: bootstrap size; 0 for none.
        seed: same seed, same intervals, bit for bit.
    """
    point = figures_of_sums(rows.sum(axis=0, keepdims=True))
    spread: Mapping[str, Values] = {}
    if len(rows) > 1 and resamples > 0:
        weights = multiplicities(len(rows), resamples, seed=seed)
        spread = figures_of_sums(weights @ rows)
    return {
        name: Figure(_known(values[0]), *interval(spread.get(name)))
        for name, values in point.items()
    }


def sums_by_camera(outcomes: Iterable[ClipOutcome]) -> list[tuple[str, Sums]]:
    """Return (camera, sums) in camera order; clips of one camera are added up."""
    return added_up((one.truth.camera, one.sums) for one in outcomes)


def added_up(named: Iterable[tuple[str, Sums]]) -> list[tuple[str, Sums]]:
    """Return the sums of each name in the order of names, whatever order they had."""
    cameras: dict[str, list[Sums]] = defaultdict(list)
    for name, sums in named:
        cameras[name].append(sums)
    # Adding floats depends on their order: sorted rows give shuffled clips the
    # same bits.
    return [
        (name, np.sum(sorted(rows, key=lambda row: row.tolist()), axis=0))
        for name, rows in sorted(cameras.items())
    ]


def operating_points(outcomes: Sequence[ClipOutcome]) -> list[tuple[float, float]]:
    """Return the trade between false alarms and misses as the score limit falls.

    The events are paired once and the pairs kept while the limit moves, as in the
    ActEV scorer.

    Args:
        outcomes: clips with at least one true event and some watched time.

    Returns:
        (false alarms per camera-hour, missed share), from the strictest limit on;
        empty when either is undefined.
    """
    true = sum(float(outcome.sums[Sum.TRUE]) for outcome in outcomes)
    hours = sum(sorted(o.run.watched_s for o in outcomes)) / HOUR_S
    if true == 0 or hours == 0:
        return []
    rows = [
        (found.score, verdict is Verdict.TRUE)
        for outcome in outcomes
        for found, verdict in zip(outcome.run.found, outcome.verdicts, strict=True)
        if verdict is not Verdict.IGNORED
    ]
    points = [(0.0, 1.0)]
    hits = alarms = 0
    rows.sort(key=lambda row: -row[0])
    for position, (score, hit) in enumerate(rows):
        hits += hit
        alarms += not hit
        last_of_score = position + 1 == len(rows) or rows[position + 1][0] < score
        if last_of_score:
            points.append((alarms / hours, 1 - hits / true))
    return points


def miss_rates(
    outcomes: Sequence[ClipOutcome], rates_per_hour: Iterable[float]
) -> dict[float, float | None]:
    """Return the least missed share at each allowed false-alarm rate.

    Args:
        outcomes: settled clips.
        rates_per_hour: false alarms per camera-hour.

    Returns:
        Rate to P_miss in [0, 1]; None where undefined.
    """
    points = operating_points(outcomes)
    return {
        rate: min((miss for alarms, miss in points if alarms <= rate), default=None)
        for rate in rates_per_hour
    }


def by_condition(
    outcomes: Sequence[ClipOutcome],
) -> dict[str, list[ClipOutcome]]:
    """Return the clips per condition tag, in tag order; a clip may have several."""
    groups: dict[str, list[ClipOutcome]] = defaultdict(list)
    for outcome in outcomes:
        for tag in sorted(set(outcome.truth.conditions)):
            groups[tag].append(outcome)
    return dict(sorted(groups.items()))


def ratio(upper: Values, lower: Values) -> Values:
    """Return shares; NaN where there is nothing to divide by."""
    out = np.full(upper.shape, np.nan)
    np.divide(upper, lower, out=out, where=lower > 0)
    return out


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _percentile(values: Sequence[float]) -> float | None:
    return float(np.percentile(values, 95)) if values else None
