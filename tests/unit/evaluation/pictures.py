"""Pictures with green boxes on grey, and a detector that finds green."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame

from vision.core.detections import Detections
from vision.core.frame import Frame

Box = tuple[int, int, int, int]

FPS, SECONDS = 2, 60


class GreenDetector:
    """Says `garbage` wherever a picture is green; counts its calls."""

    labels = ("person", "garbage")
    model_id = "green/1"
    model_sha256 = "ab" * 32

    def __init__(self, *, fails_after: int | None = None) -> None:
        self.seen: list[str] = []
        self._fails_after = fails_after

    def detect(self, images: Sequence[Frame]) -> list[Detections]:
        found = []
        for image in images:
            if self._fails_after is not None and len(self.seen) >= self._fails_after:
                raise KeyboardInterrupt
            self.seen.append(image.camera_id)
            found.append(_green(image))
        return found


def _green(frame: Frame) -> Detections:
    blue, green, red = (frame.image[..., k].astype(np.int16) for k in range(3))
    mask = ((green - blue > 60) & (green - red > 60)).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    boxes = [
        (left, top, left + width, top + height)
        for left, top, width, height, size in stats[1:].tolist()
        if size > 30
    ]
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(boxes), 0.875, np.float32),
        np.ones(len(boxes), np.int64),
    )


def green_picture(
    boxes: Sequence[Box], size: tuple[int, int] = (160, 160)
) -> np.ndarray:
    width, height = size
    rng = np.random.default_rng(7)
    # Blocks of grey: texture that survives compression.
    blocks = rng.integers(90, 150, (height // 8 + 1, width // 8 + 1), np.uint8)
    grey = np.kron(blocks, np.ones((8, 8), np.uint8))[:height, :width]
    # A warm tint: a picture without any colour would be taken for infrared.
    image = np.stack((grey - 25, grey, grey + 25), axis=2)
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = (40, 220, 40)
    return image


def film_heap(
    path: Path,
    heap: Box,
    there_s: tuple[float, float],
    *,
    black_s: tuple[float, float] = (0.0, 0.0),
) -> str:
    """Write a clip in which a green heap lies for a while; return its digest."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.options = {"crf": "12", "g": "10"}
        for k in range(FPS * SECONDS):
            boxes = [heap] if there_s[0] <= k / FPS < there_s[1] else []
            image = green_picture(boxes, size=(320, 192))
            if black_s[0] <= k / FPS < black_s[1]:
                image[:] = 0
            container.mux(stream.encode(VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_truth(folder: Path, name: str, *, laid_s: float = 10.0) -> dict[str, object]:
    """Film a heap that is laid and taken at 40 s, and tell the truth about it."""
    folder.mkdir(exist_ok=True)
    digest = film_heap(folder / f"{name}.mp4", (128, 96, 160, 128), (laid_s, 40.0))
    truth = {
        "schema": 1,
        "clip": f"{name}.mp4",
        "camera": name,
        "sha256": digest,
        "width": 320,
        "height": 192,
        "fps": 2,
        "zones": [
            {"id": "all", "kind": "clean", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
        ],
        "events": [
            {
                "slug": "garbage_pile",
                "start_s": laid_s,
                "end_s": 40,
                "xyxy": [0.4, 0.5, 0.5, 2 / 3],
            }
        ],
    }
    (folder / f"{name}.truth.json").write_text(json.dumps(truth))
    return truth


def write_yolo(root: Path, boxes: Sequence[Sequence[Box]]) -> Path:
    """Write one picture per row of boxes, labelled exactly."""
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    for k, row in enumerate(boxes):
        image = green_picture(row)
        height, width = image.shape[:2]
        assert cv2.imwrite(str(root / "images" / f"{k:03d}.png"), image)
        lines = [
            f"0 {(a + c) / 2 / width} {(b + d) / 2 / height} "
            f"{(c - a) / width} {(d - b) / height}"
            for a, b, c, d in row
        ]
        (root / "labels" / f"{k:03d}.txt").write_text("\n".join(lines))
    data = root / "data.yaml"
    data.write_text("val: images\nnames: [trash]\n")
    return data
