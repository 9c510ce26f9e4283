"""From frames to a clip: sensor effects, H.264, truth. Needs no Blender."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.street_scene.labels import read_boxes
from datasets.street_scene.schema import Scenario
from datasets.street_scene.stream import pictures
from datasets.street_scene.truth import write_truth

_KEYFRAME_S = 2.0
_MS = 1000


def frame_files(scenario: Scenario, work: Path) -> list[Path]:
    """Return the file of every single frame, there or not."""
    return [work / f"{k:05d}.png" for k in range(len(scenario.times_s))]


def encode(scenario: Scenario, work: Path, out: Path) -> None:
    """Write the frames as H.264 whose time stamps are the scene's times."""
    files = frame_files(scenario, work)

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
            "preset": "veryfast",
            "bf": "0",
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:threads=1",
        }
        for t, picture in pictures(scenario, clean):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(t * _MS), Fraction(1, _MS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def finish(scenario: Scenario, work: Path, out: Path) -> Path:
    """Make clip and truth of frames that are there.

    Scenarios that differ in sway, faults or quality alone can share their frames.

    Args:
        scenario: what the frames show.
        work: folder of the single frames and their ``boxes.json``.
        out: folder for NAME.mp4 and NAME.truth.json.

    Returns:
        The clip.

    Raises:
        FileNotFoundError: a frame is missing; render it first.
    """
    out.mkdir(parents=True, exist_ok=True)
    clip = out / f"{scenario.name}.mp4"
    encode(scenario, work, clip)
    write_truth(scenario, list(read_boxes(work)), clip)
    return clip
