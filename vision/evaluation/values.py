"""Figures and problems as JSON-ready values."""

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path

from vision.evaluation.events import Figure
from vision.evaluation.json_lines import Json
from vision.evaluation.problems import Problems


def figure_json(figure: Figure) -> dict[str, Json]:
    """Return a figure with its interval."""
    return {"value": figure.value, "low": figure.low, "high": figure.high}


def problems_json(problems: Problems) -> list[Json]:
    """Return one row per problem."""
    return [
        {
            "path": str(problem.path),
            "line": problem.line,
            "text": problem.text,
            "lost": problem.lost,
        }
        for problem in problems
    ]


def plain(value: object) -> Json:
    """Return a value made of JSON's own kinds.

    Args:
        value: mappings, sequences, text, numbers, truth, None; a number that is not
            finite becomes None, since JSON has no word for it.

    Raises:
        TypeError: anything else.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    msg = f"got {type(value).__name__}, expected a JSON value"
    raise TypeError(msg)


CSV_ENCODING = "utf-8-sig"
"""Spreadsheets take its mark for "this is UTF-8", else Chinese comes out broken."""


def write_json(path: Path, report: Mapping[str, Json]) -> None:
    """Write a report; keys keep their order, so equal reports are equal bytes."""
    text = json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_problems_csv(path: Path, problems: Problems) -> None:
    """Write one row per problem."""
    with path.open("w", encoding=CSV_ENCODING, newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["path", "line", "text", "lost"])
        for problem in problems:
            rows.writerow([problem.path, problem.line, problem.text, problem.lost])
