"""YOLO label files: ``class cx cy w h`` per line, in shares of the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from vision.core.errors import ConfigError

_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Label:
    """One line of a label file.

    Attributes:
        where: ``path:line``.
        class_id: number of the class, from 0.
        cxcywh: centre and size in shares of the picture's width and height;
            finite, but not necessarily inside the picture.
    """

    where: str
    class_id: int
    cxcywh: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Misfit:
    """A line of a label file that is no label.

    Attributes:
        where: ``path:line``.
        text: what stands there and what was expected.
    """

    where: str
    text: str


def label_path(picture: Path) -> Path:
    """Return where the labels of ``.../images/x.jpg`` lie: ``.../labels/x.txt``."""
    return picture.parent.parent / "labels" / f"{picture.stem}.txt"


def scan_labels(path: Path, classes: int) -> list[Label | Misfit]:
    """Read all lines of a label file, also those that are no labels.

    Args:
        path: the text file; absent means no boxes.
        classes: how many there are.

    Returns:
        One entry per line that is not empty, in order.
    """
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [
        _read(line, f"{path}:{number}", classes)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def read_labels(path: Path, classes: int) -> list[Label]:
    """Read a label file.

    Args:
        path: the text file; absent means no boxes.
        classes: how many there are.

    Returns:
        Its labels, in order.

    Raises:
        ConfigError: a line is no label.
    """
    labels = []
    for entry in scan_labels(path, classes):
        if isinstance(entry, Misfit):
            msg = (
                f"{entry.where}: {entry.text}; correct the line, `data check` finds all"
            )
            raise ConfigError(msg)
        labels.append(entry)
    return labels


def _read(line: str, where: str, classes: int) -> Label | Misfit:
    try:
        numbers = [float(field) for field in line.split()]
    except ValueError:
        numbers = []
    # More fields are a polygon or a score, and a box would be read out of them.
    if len(numbers) != _FIELDS or not all(map(math.isfinite, numbers)):
        text = f"got {line.strip()[:60]!r}; expected five numbers: class cx cy w h"
        return Misfit(where, text)
    class_id, cx, cy, width, height = numbers
    if class_id not in range(classes):
        return Misfit(where, f"got class {class_id:g}; expected 0 to {classes - 1}")
    return Label(where, int(class_id), (cx, cy, width, height))
