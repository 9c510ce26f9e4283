"""Figures on drives: right, where, how well it knew, and what it said was gone."""

from collections.abc import Iterable, Sequence

import numpy as np

from vision.evaluation.events import (
    HOUR_S,
    Figure,
    Values,
    added_up,
    ratio,
    with_intervals,
)
from vision.evaluation.outcomes import Sums
from vision.evaluation.resampling import zero_bound
from vision.evaluation.tour_outcome import TourOutcome, TourSum


def figures_of_drives(sums: Sums) -> dict[str, Values]:
    """Return every figure that is a function of sums.

    Args:
        sums: (B, len(TourSum)): one row per resample.

    Returns:
        Name to (B,) values; NaN where a figure is undefined. With TP matched pairs,
        FP found minus TP, FN true minus TP:

        - `precision`, `recall`, `f1` as of clips; duplicates and fragments are FP.
        - `in_time`: opened in the first drive in which it could be known, over TP.
        - `error_rms_m`: distance of event and thing, over TP.
        - `within_accuracy`: no further away than the accuracy told, over TP: 0.95 is
          what it promises.
        - `false_per_camera_hour`: FP over the time with pictures and a position.
        - `duplicates_per_true`, `fragments_per_true`: over all true things.
        - `clear_precision`: "it is gone" that was so, over all said of true things.
        - `clear_recall`: said of what was gone and was passed often enough since.
    """

    def column(name: TourSum) -> Values:
        return np.asarray(sums[:, name], np.float64)

    true, found = column(TourSum.TRUE), column(TourSum.FOUND)
    matched = column(TourSum.MATCHED)
    hours = column(TourSum.WATCHED_S) / HOUR_S
    return {
        "precision": ratio(matched, found),
        "recall": ratio(matched, true),
        "f1": ratio(2 * matched, true + found),
        "in_time": ratio(column(TourSum.IN_TIME), matched),
        "error_rms_m": np.sqrt(ratio(column(TourSum.SQ_ERROR_M2), matched)),
        "within_accuracy": ratio(column(TourSum.WITHIN_ACCURACY), matched),
        "false_per_camera_hour": ratio(found - matched, hours),
        "duplicates_per_true": ratio(column(TourSum.DUPLICATES), true),
        "fragments_per_true": ratio(column(TourSum.FRAGMENTS), true),
        "clear_precision": ratio(
            column(TourSum.CLEAR_RIGHT), column(TourSum.CLEAR_CLAIMS)
        ),
        "clear_recall": ratio(column(TourSum.CLEAR_DONE), column(TourSum.CLEAR_DUE)),
    }


def summarise_drives(
    outcomes: Sequence[TourOutcome], *, resamples: int, seed: int
) -> dict[str, Figure]:
    """Return all figures with intervals resampled by camera.

    Args:
        outcomes: any tours.
        resamples: bootstrap size; 0 for none.
        seed: same seed, same intervals.

    Returns:
        Name to figure: those of `figures_of_drives`, `error_median_m`, `error_p95_m`.
    """
    rows = np.array([row for _, row in sums_by_car(outcomes)]).reshape(-1, len(TourSum))
    figures = with_intervals(figures_of_drives, rows, resamples=resamples, seed=seed)
    if figures["false_per_camera_hour"].value == 0:
        bound = zero_bound(float(rows[:, TourSum.WATCHED_S].sum()) / HOUR_S)
        figures["false_per_camera_hour"] = Figure(0.0, 0.0, bound)
    away = [metres for one in outcomes for metres in one.error_m]
    for name, share in (("error_median_m", 50), ("error_p95_m", 95)):
        figures[name] = Figure(float(np.percentile(away, share)) if away else None)
    return figures


def sums_by_car(outcomes: Iterable[TourOutcome]) -> list[tuple[str, Sums]]:
    """Return (camera, sums) in camera order; tours of one camera are added up."""
    return added_up((one.tour.camera or "", one.sums) for one in outcomes)
