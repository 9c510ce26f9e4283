"""Boxes from geometry, and the label files that trainers read."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import TypeAdapter

from datasets.street_scene.schema import LABELS, Scenario
from datasets.street_scene.sensor import sensor

_MIN_SIDE_PX = 8
_MIN_VISIBLE = 0.25
_WHOLE = 0.8


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled box in one picture, normalised corners, not yet clipped.

    Attributes:
        id: the prop.
        label: its class.
        xyxy: corners, 0..1 inside the picture, may reach outside.
        visible: share of its points inside the picture that nothing hides, 0..1.
        seen: corners of the visible points only, or None when there are none.
    """

    id: str
    label: str
    xyxy: tuple[float, float, float, float]
    visible: float
    seen: tuple[float, float, float, float] | None


def yolo_line(box: Box, width: int, height: int) -> str | None:
    """Return a label line, or None for what is too small or too hidden.

    Args:
        box: a box of the picture.
        width: pixels.
        height: pixels.
    """
    if box.seen is None or box.visible < _MIN_VISIBLE:
        return None
    corners = box.xyxy if box.visible >= _WHOLE else box.seen
    x1, y1, x2, y2 = (min(1.0, max(0.0, v)) for v in corners)
    if (x2 - x1) * width < _MIN_SIDE_PX or (y2 - y1) * height < _MIN_SIDE_PX:
        return None
    numbers = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
    return " ".join([str(LABELS.index(box.label)), *(f"{v:.6f}" for v in numbers)])


def yolo_text(boxes: Iterable[Box], width: int, height: int) -> str:
    """Return the label file of a picture; empty when there is nothing to label."""
    lines = (yolo_line(box, width, height) for box in boxes)
    return "".join(f"{line}\n" for line in lines if line is not None)


def write_boxes(scenario: Scenario, boxes: Iterable[Iterable[Box]], work: Path) -> None:
    """Write the boxes of every frame to ``boxes.json`` among the frames."""
    rows = [
        {"t_s": round(t, 3), "boxes": [asdict(box) for box in found]}
        for t, found in zip(scenario.times_s, boxes, strict=True)
    ]
    text = json.dumps({"schema": 1, "frames": rows})
    (work / "boxes.json").write_text(text, encoding="utf-8")


def read_boxes(work: Path) -> Iterator[list[Box]]:
    """Read the boxes that a rendered clip left among its frames."""
    table = json.loads((work / "boxes.json").read_text(encoding="utf-8"))
    reader = TypeAdapter(list[Box])
    for row in table["frames"]:
        yield reader.validate_python(row["boxes"])


def clip_to_stills(scenario: Scenario, work: Path, out: Path, *, every: int) -> int:
    """Turn frames of a rendered clip into labelled training pictures.

    Args:
        scenario: what was rendered.
        work: folder of its single frames and ``boxes.json``.
        out: dataset folder, gets images/, labels/ and names.txt.
        every: take each n-th frame.

    Returns:
        How many pictures were written.
    """
    images, labels = out / "images", out / "labels"
    for folder in (images, labels):
        folder.mkdir(parents=True, exist_ok=True)
    (out / "names.txt").write_text("\n".join(LABELS) + "\n", encoding="utf-8")
    count = 0
    for k, boxes in enumerate(read_boxes(work)):
        if k % every:
            continue
        stem = f"{scenario.name}_{k:05d}"
        clean = np.asarray(Image.open(work / f"{k:05d}.png").convert("RGB"))
        text = yolo_text(boxes, scenario.width, scenario.height)
        (labels / f"{stem}.txt").write_text(text, encoding="utf-8")
        picture = Image.fromarray(sensor(clean, scenario, k))
        picture.save(images / f"{stem}.jpg", quality=90)
        count += 1
    return count
