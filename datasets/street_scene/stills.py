"""Random labelled pictures in the YOLO layout."""

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.street_scene.randomise import random_scenario
from datasets.street_scene.schema import LABELS
from datasets.street_scene.sensor import sensor
from datasets.street_scene.stage import Box, Stage

_LOG = logging.getLogger(__name__)
_MIN_SIDE_PX = 8
_MIN_VISIBLE = 0.25
_WHOLE = 0.8
_MOMENT_S = 0.0


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


def make_stills(out: Path, seeds: Iterable[int], *, threads: int) -> int:
    """Render one picture per seed into images/ and labels/ under ``out``.

    Args:
        out: dataset folder; pictures that are there already are kept.
        seeds: one scene each.
        threads: processor threads.

    Returns:
        How many pictures were made now.
    """
    images, labels = out / "images", out / "labels"
    for folder in (images, labels):
        folder.mkdir(parents=True, exist_ok=True)
    (out / "names.txt").write_text("\n".join(LABELS) + "\n", encoding="utf-8")
    count = 0
    for seed in seeds:
        picture = images / f"render_{seed:05d}.jpg"
        if picture.exists():
            continue
        scenario = random_scenario(seed)
        stage = Stage(scenario, threads=threads)
        stage.at(_MOMENT_S)
        raw = out / "part.png"
        stage.take(raw, 0)
        lines = [
            yolo_line(box, scenario.width, scenario.height)
            for box in stage.boxes(_MOMENT_S)
        ]
        text = "".join(f"{line}\n" for line in lines if line is not None)
        (labels / f"{picture.stem}.txt").write_text(text, encoding="utf-8")
        clean = np.asarray(Image.open(raw).convert("RGB"))
        Image.fromarray(sensor(clean, scenario, 0)).save(picture, quality=90)
        raw.unlink()
        count += 1
        _LOG.info("%s: %d boxes", picture.name, text.count("\n"))
    return count
