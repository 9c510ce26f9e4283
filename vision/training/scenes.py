"""Split pictures by scene, so that a look-alike never sits on both sides.

Refuse sets hold bursts of one bin from several angles. A random split puts
those on both sides and flatters; here pictures that look alike are one scene.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8, IntArray
from vision.core.errors import ConfigError
from vision.training.collect import read_picture

#: Cosine from which two pictures show one scene, seen on garbage_cn.
ALIKE = 0.85
_LOOK_PX = 640


def describe(image: ImageU8) -> FloatArray:
    """Describe the look of a whole picture.

    A coarse layout in Lab and a colour histogram: bursts of one place share
    both, whatever the exact view.

    Args:
        image: (H, W, 3) uint8 BGR.

    Returns:
        (D,) float32 of unit length.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB)
    layout = cv2.resize(lab, (8, 8), interpolation=cv2.INTER_AREA).astype(np.float32)
    layout = (layout - layout.mean(axis=(0, 1))).ravel()
    histogram = cv2.calcHist(
        [lab], [0, 1, 2], None, [6, 8, 8], [0, 256, 90, 166, 90, 166]
    ).ravel()
    parts = [_unit(layout), _unit(np.sqrt(histogram))]
    return _unit(np.concatenate(parts)).astype(np.float32)


def group(descriptors: FloatArray, alike: float) -> IntArray:
    """Join pictures that look alike, and those that look like these.

    Args:
        descriptors: (N, D) of unit length.
        alike: least cosine of two pictures of one scene.

    Returns:
        (N,) scene number of each picture; the first picture's index.
    """
    parent = np.arange(len(descriptors))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = int(parent[node])
        return node

    likeness = descriptors @ descriptors.T
    for a, b in np.argwhere(np.triu(likeness > alike, k=1)):
        low, high = sorted((root(int(a)), root(int(b))))
        parent[high] = low
    return np.array([root(i) for i in range(len(parent))], np.int64)


def hold_out(keys: Sequence[str], scene: IntArray, share: float) -> list[str]:
    """Choose whole scenes to keep aside, the same ones on every machine.

    Args:
        keys: name of each picture.
        scene: (N,) scene number of each.
        share: wanted share of pictures, in (0, 1).

    Returns:
        Names of the pictures kept aside.
    """
    members: dict[int, list[str]] = {}
    for key, number in zip(keys, scene, strict=True):
        members.setdefault(int(number), []).append(key)
    order = sorted(
        members.values(), key=lambda m: hashlib.sha256(min(m).encode()).digest()
    )
    chosen: list[str] = []
    for scene_keys in order:
        if len(chosen) + len(scene_keys) <= share * len(keys):
            chosen.extend(scene_keys)
    return sorted(chosen)


def likeness(known: Sequence[ImageU8], asked: Sequence[ImageU8]) -> FloatArray:
    """Say how much each picture looks like the most alike of others.

    Args:
        known: pictures that were trained on.
        asked: pictures kept aside.

    Returns:
        (len(asked),) cosines; low is a place that looks like none before.
    """
    looks, others = (
        np.stack([describe(image) for image in images]) for images in (known, asked)
    )
    return np.asarray((others @ looks.T).max(axis=1), np.float32)


def part_scenes(folder: Path, share: float) -> int:
    """Move whole scenes of a set from its training list to a list of their own.

    Args:
        folder: of the set, with ``train.txt``; gets ``val.txt``.
        share: wanted share of pictures, in (0, 1).

    Returns:
        How many pictures are kept for judging.

    Raises:
        ConfigError: the set shows too few scenes to part.
    """
    listed = (folder / "train.txt").read_text(encoding="utf-8").splitlines()
    looks = np.stack([describe(read_picture(folder / key, _LOOK_PX)) for key in listed])
    kept = set(hold_out(listed, group(looks, ALIKE), share))
    if not kept:
        msg = (
            f"{folder}: {len(listed)} pictures show too few scenes to keep {share:.0%} "
            "of them aside; bring pictures of more places, or leave the share out"
        )
        raise ConfigError(msg)
    for split, inside in (("val", True), ("train", False)):
        lines = [key for key in listed if (key in kept) is inside]
        (folder / f"{split}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    manifest = folder / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    named = text.replace('train = "train.txt"', 'train = "train.txt"\nval = "val.txt"')
    manifest.write_text(named, encoding="utf-8")
    return len(kept)


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)
