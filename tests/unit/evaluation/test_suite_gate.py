"""The gate that CI holds the scenario suite against: it must fail when it should."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vision.cli.evaluate import app
from vision.evaluation.outcomes import Sum

ROOT = Path(__file__).parents[3]
BASELINE = ROOT / "datasets" / "scenarios" / "baseline"
GATE = ROOT / "configs" / "gate.toml"

Sums = list[float]


def held(folder: Path) -> tuple[int, str]:
    """Return exit status and complaints of a run against the committed one."""
    result = CliRunner().invoke(
        app, ["compare", str(BASELINE), str(folder), "--gate", str(GATE)]
    )
    return result.exit_code, result.stderr


def worsened(folder: Path, change: Callable[[Sums], None]) -> Path:
    """Write the committed run with the sums of one camera changed, in all groups."""
    report: dict[str, Any] = json.loads((BASELINE / "report.json").read_text("utf-8"))
    for group in (report["cameras"], *report["condition_cameras"].values()):
        if "cam-a" in group:
            change(group["cam-a"])
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return folder


def test_the_committed_run_passes_its_own_gate() -> None:
    assert held(BASELINE) == (0, "")


def two_events_missed(sums: Sums) -> None:
    sums[Sum.MATCHED] -= 2
    sums[Sum.FOUND] -= 2


def a_false_alarm(sums: Sums) -> None:
    sums[Sum.FOUND] += 1


def a_queue_called_parked(sums: Sums) -> None:
    sums[Sum.FOUND] += 1
    sums[Sum.QUEUES_CALLED_PARKED] += 1


def late_by_a_quarter_of_a_minute(sums: Sums) -> None:
    sums[Sum.SQ_ONSET_S2] += 15.0**2 * sums[Sum.MATCHED]


def a_fix_that_was_none(sums: Sums) -> None:
    sums[Sum.FIX_CLAIMS] += 1


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        (two_events_missed, "f1: "),
        (a_false_alarm, "false_per_camera_hour negative: "),
        (a_queue_called_parked, "queue_as_parked: "),
        (late_by_a_quarter_of_a_minute, "onset_rmse_s: "),
        (a_fix_that_was_none, "fix_precision: "),
    ],
)
def test_a_worse_run_fails_the_gate(
    tmp_path: Path, change: Callable[[Sums], None], figure: str
) -> None:
    status, complaints = held(worsened(tmp_path / "worse", change))

    assert status == 1
    assert f"failed: {figure}" in complaints
