"""Video as analogue cameras give it: two fields, a fiftieth of a second apart."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from vision.core.arrays import ImageU8

Scene = Callable[[float], ImageU8]
"""From a time, seconds, to (H, W, 3) uint8 BGR."""


def woven(scene: Scene, at_s: float, *, fps: float, top_first: bool) -> ImageU8:
    """Return one picture of two fields."""
    early, late = scene(at_s), scene(at_s + 0.5 / fps)
    image = (early if top_first else late).copy()
    image[1::2] = (late if top_first else early)[1::2]
    return image


def write_interlaced(
    path: Path,
    scene: Scene,
    *,
    codec: str = "libx264",
    top_first: bool = True,
    marked: bool = True,
) -> Path:
    """Film two seconds of a scene, 25 pictures each.

    Args:
        path: `.mkv`, `.ts` ...
        scene: what is there when.
        codec: of FFmpeg.
        top_first: which field is the earlier one.
        marked: whether the encoder was told that there are two fields.
    """
    fps, seconds = 25, 2
    options = {"g": str(fps), "bf": "0", "b": "8M"}
    if marked:
        options["flags"] = "+ilme+ildct"
    if codec == "libx264":
        options |= {"crf": "12", "preset": "veryfast"}
    if codec == "libx264" and marked:
        options["x264-params"] = "tff=1" if top_first else "bff=1"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=options)
        assert isinstance(stream, VideoStream)
        height, width = scene(0.0).shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for k in range(seconds * fps):
            image = woven(scene, k / fps, fps=fps, top_first=top_first)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
