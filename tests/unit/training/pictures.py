"""Generated pictures and sets for the training tests."""

from pathlib import Path

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.training.labels import CLASSES, Sample, label_weight

MANIFEST = """
name = "{name}"
layout = "yolo"
origin = "generated"
licence = "CC0-1.0"
stretched = false

[map]
heap = "garbage"
masked = "ignore"

[labelled]
exhaustive = ["garbage"]
rare = ["bin"]

[splits]
train = "train.txt"
val = "val.txt"
"""


def noise(seed: int, shape: tuple[int, int] = (120, 160)) -> ImageU8:
    """Draw a coarse coloured pattern: two seeds never look alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    shape_xy = (shape[1], shape[0])
    return np.asarray(
        cv2.resize(coarse, shape_xy, interpolation=cv2.INTER_NEAREST), np.uint8
    )


def square_sample(seed: int, class_id: int = 0) -> Sample:
    """Return a grey picture with one bright square, labelled exhaustively."""
    rng = np.random.default_rng(seed)
    image = np.full((128, 128, 3), 90, np.uint8)
    x, y = (int(v) for v in rng.integers(8, 60, 2))
    side = int(rng.integers(30, 56))
    image[y : y + side, x : x + side] = (30, 200, 250)
    box = np.array([[x, y, x + side, y + side]], np.float32)
    return Sample(
        key=f"squares/{seed}",
        image=image,
        xyxy=box,
        class_id=np.array([class_id], np.int64),
        weight=label_weight(CLASSES, ()),
    )


def write_set(root: Path, name: str, pictures: dict[str, list[ImageU8]]) -> Path:
    """Write a set of generated pictures, one centred box each.

    Args:
        root: data root.
        name: of the set.
        pictures: by split.

    Returns:
        The manifest's path.
    """
    folder = root / name
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for split, images in pictures.items():
        listed = []
        for index, image in enumerate(images):
            stem = f"{split}{index}"
            cv2.imwrite(str(folder / "images" / f"{stem}.png"), image)
            label = folder / "labels" / f"{stem}.txt"
            label.write_text("0 0.5 0.5 0.5 0.25\n", encoding="utf-8")
            listed.append(f"images/{stem}.png")
        text = "\n".join(listed) + "\n"
        (folder / f"{split}.txt").write_text(text, encoding="utf-8")
    manifest = folder / "manifest.toml"
    manifest.write_text(MANIFEST.format(name=name), encoding="utf-8")
    return manifest
