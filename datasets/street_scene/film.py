"""From a scenario to frames: one by one, only what moved is rendered anew."""

import logging
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.street_scene.clip import finish, frame_files
from datasets.street_scene.labels import Box, write_boxes
from datasets.street_scene.regions import Print, Rect, area, changed
from datasets.street_scene.schema import Scenario
from datasets.street_scene.stage import Stage

_LOG = logging.getLogger(__name__)
_FADE_PX = 6
_WORTH_IT = 0.75  # above this share the whole picture is as cheap


def shoot(scenario: Scenario, work: Path, *, threads: int) -> list[list[Box]]:
    """Render every frame that is not there yet, and the boxes of all.

    Args:
        scenario: what to film.
        work: folder of the single frames; a killed run continues from it.
        threads: processor threads.

    Returns:
        Boxes per frame.
    """
    work.mkdir(parents=True, exist_ok=True)
    stage = Stage(scenario, threads=threads)
    boxes = []
    before: dict[str, Print] = {}
    last: Path | None = None
    for k, (t, file) in enumerate(
        zip(scenario.times_s, frame_files(scenario, work), strict=True)
    ):
        stage.at(t)
        boxes.append(stage.boxes(t))
        now = stage.prints()
        if not file.exists():
            _frame(stage, k, file, _rects(scenario, before, now), last)
            _LOG.info("frame %d of %d", k + 1, len(scenario.times_s))
        before, last = now, file
    return boxes


def _rects(
    scenario: Scenario, before: dict[str, Print], now: dict[str, Print]
) -> list[Rect] | None:
    """Return what has to be rendered, None for the whole picture."""
    if not before:
        return None
    size = scenario.width, scenario.height
    rects = changed(before, now, *size)
    return rects if area(rects) < _WORTH_IT * size[0] * size[1] else None


def _frame(
    stage: Stage, k: int, file: Path, rects: list[Rect] | None, last: Path | None
) -> None:
    """Write one frame: the last one, with what has changed rendered anew."""
    part = file.with_suffix(".part.png")
    if rects is None or last is None:
        stage.take(part, k)
    else:
        picture = Image.open(last).convert("RGB")
        for rect in rects:
            stage.take(part, k, rect)
            patch = Image.open(part).convert("RGB")
            if patch.size != (rect[2] - rect[0], rect[3] - rect[1]):
                msg = f"patch {rect}: got {patch.size} pixels; align the rectangle"
                raise ValueError(msg)
            picture.paste(patch, rect[:2], _feather(rect, picture.size))
        picture.save(part)
    part.rename(file)


def _feather(rect: Rect, size: tuple[int, int]) -> Image.Image:
    """Return a mask that fades a patch out towards its inner borders."""
    ramps = []
    for low, high, end in ((rect[0], rect[2], size[0]), (rect[1], rect[3], size[1])):
        at = np.arange(high - low, dtype=np.float32)
        from_low = np.full_like(at, 1.0) if low == 0 else (at + 1) / _FADE_PX
        from_high = np.full_like(at, 1.0) if high == end else (at[::-1] + 1) / _FADE_PX
        ramps.append(np.clip(np.minimum(from_low, from_high), 0, 1))
    mask = np.outer(ramps[1], ramps[0]) * 255
    return Image.fromarray(mask.astype(np.uint8))


def make_clip(scenario: Scenario, out: Path, work: Path, *, threads: int) -> Path:
    """Render, encode and write the truth beside the clip.

    Args:
        scenario: what to film.
        out: folder for NAME.mp4 and NAME.truth.json.
        work: folder for single frames and per-frame boxes.
        threads: processor threads.

    Returns:
        The clip.
    """
    boxes = shoot(scenario, work, threads=threads)
    write_boxes(scenario, boxes, work)
    return finish(scenario, work, out)
