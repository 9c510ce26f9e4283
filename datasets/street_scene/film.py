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

from datasets.street_scene.props import seed_of
from datasets.street_scene.schema import Scenario
from datasets.street_scene.stage import Box, Stage
from datasets.street_scene.truth import write_truth

_LOG = logging.getLogger(__name__)
_KEYFRAME_S = 2.0
_MS = 1000


def sensor(
    picture: NDArray[np.uint8], scenario: Scenario, frame: int
) -> NDArray[np.uint8]:
    """Make a clean render look as a camera delivers it.

    Args:
        picture: (H, W, 3) uint8 RGB.
        scenario: light and weather decide grain, greyness and rain.
        frame: frame number, so that the grain moves.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    rng = np.random.default_rng(seed_of(f"grain{frame}", scenario.seed))
    out = picture.astype(np.float32)
    height, width = out.shape[:2]
    if scenario.light == "ir":
        out = np.repeat(out @ np.array([[0.45], [0.4], [0.15]], np.float32), 3, axis=2)
    grain = {"day": 1.2, "overcast": 1.5, "dusk": 3.0, "night": 4.0, "ir": 4.5}
    noise = rng.normal(size=(height, width, 1)) * grain[scenario.light]
    out = out + noise.astype(np.float32)
    if scenario.weather == "rain":
        out = 0.9 * out + 14.0
        for x, y in rng.integers(0, (width, height), size=(width // 3, 2)):
            streak = slice(y, y + int(rng.integers(5, 14)))
            out[streak, x] += 22.0
    return np.clip(out, 0, 255).astype(np.uint8)


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
    for k, (t, file) in enumerate(
        zip(scenario.times_s, _frame_files(scenario, work), strict=True)
    ):
        stage.at(t)
        boxes.append(stage.boxes(t))
        if not file.exists():
            part = file.with_suffix(".part.png")
            stage.take(part, k)
            part.rename(file)
            _LOG.info("frame %d of %d", k + 1, len(scenario.times_s))
    return boxes


def encode(scenario: Scenario, work: Path, out: Path, *, crf: int = 24) -> None:
    """Write the frames as H.264 whose time stamps are the scene's times."""
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
            "crf": str(crf),
            "preset": "slow",
            "bf": "0",
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:threads=1",
        }
        for k, (t, file) in enumerate(
            zip(scenario.times_s, _frame_files(scenario, work), strict=True)
        ):
            picture = sensor(np.asarray(Image.open(file).convert("RGB")), scenario, k)
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
