"""From a scenario to a clip: frames one by one, sensor effects, H.264, truth."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.street_scene.labels import Box
from datasets.street_scene.regions import Print, Rect, area, changed
from datasets.street_scene.schema import Scenario
from datasets.street_scene.stage import Stage
from datasets.street_scene.stream import pictures
from datasets.street_scene.truth import write_truth

_LOG = logging.getLogger(__name__)
_KEYFRAME_S = 2.0
_MS = 1000
_FADE_PX = 6
_WORTH_IT = 0.75  # above this share the whole picture is as cheap


def _frame_files(scenario: Scenario, work: Path) -> list[Path]:
    return [work / f"{k:05d}.png" for k in range(len(scenario.times_s))]


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
        zip(scenario.times_s, _frame_files(scenario, work), strict=True)
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


def encode(scenario: Scenario, work: Path, out: Path) -> None:
    """Write the frames as H.264 whose time stamps are the scene's times."""
    files = _frame_files(scenario, work)

    def clean(k: int) -> NDArray[np.uint8]:
        return np.asarray(Image.open(files[k]).convert("RGB"))

    with av.open(str(out), "w", options={"movflags": "+faststart"}) as container:
        rate = Fraction(scenario.fps).limit_denominator(1000)
        gop = max(1, int(_KEYFRAME_S * scenario.fps))
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = (
            scenario.width,
            scenario.height,
            "yuv420p",
        )
        stream.codec_context.time_base = Fraction(1, _MS)
        stream.options = {
            "crf": str(scenario.crf),
            "preset": "slow",
            "bf": "0",
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:threads=1",
        }
        for t, picture in pictures(scenario, clean):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(t * _MS), Fraction(1, _MS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def make_clip(scenario: Scenario, out: Path, work: Path, *, threads: int) -> None:
    """Render, encode and write the truth beside the clip.

    Args:
        scenario: what to film.
        out: folder for NAME.mp4 and NAME.truth.json.
        work: folder for single frames and per-frame boxes.
        threads: processor threads.
    """
    boxes = shoot(scenario, work, threads=threads)
    out.mkdir(parents=True, exist_ok=True)
    clip = out / f"{scenario.name}.mp4"
    encode(scenario, work, clip)
    write_frames(scenario, boxes, work / "boxes.json")
    write_truth(scenario, boxes, clip)


def write_frames(
    scenario: Scenario, boxes: Sequence[Sequence[Box]], path: Path
) -> None:
    """Write the boxes of every frame, for training and for detection scores."""
    rows = [
        {"t_s": round(t, 3), "boxes": [asdict(box) for box in found]}
        for t, found in zip(scenario.times_s, boxes, strict=True)
    ]
    path.write_text(json.dumps({"schema": 1, "frames": rows}), encoding="utf-8")
