"""One finished run, read back from its folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vision.core.errors import VisionError

KINDS = ("detections", "events", "drives")


class CompareError(VisionError):
    """Two runs that cannot be compared."""


@dataclass(frozen=True, eq=False, slots=True)
class Run:
    """One run's folder, read.

    Attributes:
        path: the folder.
        report: its `report.json`.
    """

    path: Path
    report: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        return str(self.report["kind"])


def read_run(folder: Path) -> Run:
    """Read a run's report.

    Args:
        folder: what `evaluate … --out` named.

    Raises:
        CompareError: no readable report there.
    """
    path = folder / "report.json"
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: {error}; expected the folder of an `evaluate` run"
        raise CompareError(msg) from error
    if not isinstance(report, dict) or report.get("kind") not in KINDS:
        msg = f"{path}: no report of detections, events or drives; run `evaluate` again"
        raise CompareError(msg)
    return Run(folder, report)
