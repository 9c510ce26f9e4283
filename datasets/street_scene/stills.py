"""Random labelled pictures in the YOLO layout."""

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.street_scene.labels import yolo_text
from datasets.street_scene.randomise import random_scenario
from datasets.street_scene.schema import LABELS
from datasets.street_scene.sensor import sensor
from datasets.street_scene.stage import Stage

_LOG = logging.getLogger(__name__)
_MOMENT_S = 0.0


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
        size = scenario.width, scenario.height
        text = yolo_text(stage.boxes(_MOMENT_S), *size)
        (labels / f"{picture.stem}.txt").write_text(text, encoding="utf-8")
        clean = np.asarray(Image.open(raw).convert("RGB"))
        Image.fromarray(sensor(clean, scenario, 0)).save(picture, quality=90)
        raw.unlink()
        count += 1
        _LOG.info("%s: %d boxes", picture.name, text.count("\n"))
    return count
