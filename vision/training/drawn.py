"""Boxes that we drew on other people's pictures, for what their labels leave out.

The pictures are not ours and are not shipped; the boxes are. They lie beside the
set's manifest as a table: ``file,class,x1,y1,x2,y2``, in shares of the picture's
width and height.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vision.core.arrays import FloatArray, IntArray
from vision.core.errors import ConfigError
from vision.training.labels import CLASSES, IGNORE

_COLUMNS = ("file", "class", "x1", "y1", "x2", "y2")
_NOTHING: tuple[FloatArray, IntArray] = (
    np.zeros((0, 4), np.float32),
    np.zeros(0, np.int64),
)


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """Boxes by picture.

    Attributes:
        exhaustive: classes of which every object of the set was boxed.
        boxes: file name to (N, 4) float32 xyxy in [0, 1] of the picture, and
            (N,) int64 into ``CLASSES`` or ``IGNORE``.
    """

    exhaustive: tuple[str, ...]
    boxes: dict[str, tuple[FloatArray, IntArray]]

    def of(self, file: str) -> tuple[FloatArray, IntArray]:
        """Return the boxes of one picture; none where none were drawn."""
        return self.boxes.get(file, _NOTHING)


def read_drawn(path: Path, exhaustive: Sequence[str]) -> Drawn:
    """Read a table of boxes.

    Args:
        path: CSV with the columns ``file,class,x1,y1,x2,y2``.
        exhaustive: classes of which every object was boxed.

    Returns:
        The boxes.

    Raises:
        ConfigError: the table is missing, or a line is no box.
    """
    if not path.is_file():
        msg = f"{path} is not there, but manifest.toml names it under [drawn]"
        raise ConfigError(msg)
    rows: dict[str, list[tuple[int, list[float]]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines)
        if tuple(table.fieldnames or ()) != _COLUMNS:
            msg = f"{path}: columns {table.fieldnames}; expected {','.join(_COLUMNS)}"
            raise ConfigError(msg)
        for row in table:
            rows[row["file"]].append(_box(row, f"{path}:{table.line_num}"))
    boxes = {
        file: (
            np.array([box for _, box in found], np.float32),
            np.array([k for k, _ in found], np.int64),
        )
        for file, found in rows.items()
    }
    return Drawn(tuple(exhaustive), boxes)


def _box(row: dict[str, str], where: str) -> tuple[int, list[float]]:
    name = row["class"]
    if name != "ignore" and name not in CLASSES:
        msg = f"{where}: unknown class {name!r}; known: ignore, {', '.join(CLASSES)}"
        raise ConfigError(msg)
    try:
        x1, y1, x2, y2 = (float(row[key]) for key in _COLUMNS[2:])
    except (TypeError, ValueError):
        x1 = x2 = y1 = y2 = 0.0
    if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
        msg = f"{where}: expected 0 <= x1 < x2 <= 1 and the same for y: shares"
        raise ConfigError(msg)
    return IGNORE if name == "ignore" else CLASSES.index(name), [x1, y1, x2, y2]
