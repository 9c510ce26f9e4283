"""Read the training sets that `datasets/<name>/manifest.toml` describes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8, IntArray
from vision.core.errors import ConfigError
from vision.training.drawn import Drawn, read_drawn
from vision.training.labels import CLASSES, IGNORE, Sample, label_weight
from vision.training.tables import read_table
from vision.training.yolo import label_path, read_labels

_PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a set comes from and what its labels mean.

    Attributes:
        name: folder name under the data root.
        class_map: the set's class name to ours, or to ``ignore``.
        exhaustive: our classes whose every object is boxed.
        rare: our classes that are unlabelled and seldom occur.
        stretched: whether an export squashed the pictures to squares.
        splits: split name to list file or folder.
        licence: as stated by the source.
        fingerprint: of the files the figures were made with, see
            ``checks.fingerprint``; None when it was not taken.
        drawn: boxes that we drew for what the set leaves unlabelled.
    """

    name: str
    class_map: dict[str, str]
    exhaustive: tuple[str, ...]
    rare: tuple[str, ...]
    stretched: bool
    splits: dict[str, str]
    licence: str
    fingerprint: str | None
    drawn: Drawn | None = None

    @property
    def weight(self) -> FloatArray:
        """How far "no box" means "not there", see ``labels``."""
        drawn = self.drawn.exhaustive if self.drawn is not None else ()
        return label_weight((*self.exhaustive, *drawn), self.rare)


def read_manifest(path: Path) -> Manifest:
    """Read one `manifest.toml`.

    Args:
        path: the file.

    Returns:
        The manifest.

    Raises:
        ConfigError: no TOML, a key is missing, a class is unknown, or a box is none.
    """
    table = read_table(path, "datasets/garbage_cn/manifest.toml")
    try:
        ours = table.get("drawn")
        manifest = Manifest(
            name=table["name"],
            class_map=dict(table["map"]),
            exhaustive=tuple(table["labelled"]["exhaustive"]),
            rare=tuple(table["labelled"]["rare"]),
            stretched=bool(table["stretched"]),
            splits=dict(table["splits"]),
            licence=table["licence"],
            fingerprint=table.get("fingerprint"),
            drawn=ours
            and read_drawn(path.parent / ours["boxes"], tuple(ours["exhaustive"])),
        )
    except KeyError as missing:
        msg = f"{path}: key {missing} is missing; see datasets/garbage_cn/manifest.toml"
        raise ConfigError(msg) from missing
    also = manifest.drawn.exhaustive if manifest.drawn is not None else ()
    used = {*manifest.class_map.values(), *manifest.exhaustive, *manifest.rare, *also}
    unknown = used - {*CLASSES, "ignore"}
    if unknown:
        msg = f"{path}: unknown classes {sorted(unknown)}; known: {', '.join(CLASSES)}"
        raise ConfigError(msg)
    return manifest


def list_split(manifest: Manifest, root: Path, split: str) -> list[Path]:
    """List the pictures of a split to learn from or to judge by.

    Args:
        manifest: the set.
        root: data root, above the set's folder.
        split: name of the split.

    Returns:
        Paths in a fixed order, at least one.

    Raises:
        ConfigError: as ``find_split``, or the split is empty.
    """
    paths = find_split(manifest, root, split)
    if not paths:
        msg = (
            f"split {split!r} of set {manifest.name!r} lists no picture in "
            f"{root / manifest.name / manifest.splits[split]}; run data check"
        )
        raise ConfigError(msg)
    return paths


def find_split(manifest: Manifest, root: Path, split: str) -> list[Path]:
    """List the pictures of a split; training leaves out what the set drops.

    Args:
        manifest: the set.
        root: data root, above the set's folder.
        split: name of the split.

    Returns:
        Paths in a fixed order; none where the split is empty.

    Raises:
        ConfigError: the set is not there, has no such split, or not its list.
    """
    folder = root / manifest.name
    if not folder.is_dir():
        msg = (
            f"{folder} is not there: the pictures of set {manifest.name!r} are not "
            "shipped; set STREETWARDEN_DATA to the folder that holds them"
        )
        raise ConfigError(msg)
    if split not in manifest.splits:
        msg = f"set {manifest.name!r} has no split {split!r}: {list(manifest.splits)}"
        raise ConfigError(msg)
    source = folder / manifest.splits[split]
    if source.is_dir():
        return [p for p in sorted(source.iterdir()) if is_picture(p)]
    if not source.is_file():
        msg = (
            f"{source} is not there; split {split!r} of set {manifest.name!r} is read "
            "from it: one picture per line, or a folder of pictures"
        )
        raise ConfigError(msg)
    # What is dropped is bad to learn from; a test split stays as it was made.
    dropped = manifest.splits.get("drop") if split == "train" else None
    drop = set(_lines(folder / dropped)) if dropped is not None else set()
    return [folder / line for line in _lines(source) if line not in drop]


def is_picture(path: Path) -> bool:
    """Say whether a file is named like a picture: cameras write ``.JPG``."""
    return path.suffix.lower() in _PICTURE_SUFFIXES


def load(
    manifest: Manifest, paths: Iterable[Path], largest_px: int
) -> Iterator[Sample]:
    """Read pictures and labels of a YOLO-layout set.

    Args:
        manifest: the set.
        paths: pictures, ``.../images/x.jpg`` beside ``.../labels/x.txt``.
        largest_px: pictures are scaled down to this longer side.

    Yields:
        Samples in the order of ``paths``; unreadable pictures raise.

    Raises:
        ConfigError: a picture cannot be decoded, or a line is no label.
    """
    weight = manifest.weight
    lookup = tuple(
        IGNORE if name == "ignore" else CLASSES.index(name)
        for name in manifest.class_map.values()
    )
    for path in paths:
        image = read_picture(path, largest_px)
        xyxy, class_id = read_yolo(label_path(path), image.shape[:2], len(lookup))
        mapped = np.array([lookup[c] for c in class_id], np.int64)
        if manifest.drawn is not None:
            shares, ids = manifest.drawn.of(path.name)
            scale = np.array((image.shape[1], image.shape[0]) * 2, np.float32)
            xyxy = np.concatenate((xyxy, shares * scale))
            mapped = np.concatenate((mapped, ids))
        yield Sample(
            key=f"{manifest.name}/{path.name}",
            image=image,
            xyxy=xyxy,
            class_id=mapped,
            weight=weight,
            stretched=manifest.stretched,
        )


def read_picture(path: Path, largest_px: int) -> ImageU8:
    """Decode a picture and bound its longer side.

    Args:
        path: JPEG or PNG.
        largest_px: bound in pixels.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        ConfigError: it cannot be decoded.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        msg = f"{path} cannot be decoded as a picture; run `data check`"
        raise ConfigError(msg)
    return bounded(np.asarray(image, np.uint8), largest_px)


def bounded(image: ImageU8, largest_px: int) -> ImageU8:
    """Scale a picture down to a longer side, or leave it as it is.

    Args:
        image: (H, W, 3) uint8 BGR.
        largest_px: bound in pixels.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    height, width = image.shape[:2]
    scale = largest_px / max(height, width)
    if scale >= 1:
        return image
    shape = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(image, shape, interpolation=cv2.INTER_AREA), np.uint8)


def read_yolo(
    path: Path, shape: tuple[int, int], classes: int
) -> tuple[FloatArray, IntArray]:
    """Read a YOLO label file.

    Args:
        path: the text file; absent means no boxes.
        shape: (height, width) of the picture in pixels.
        classes: how many there are.

    Returns:
        Boxes (N, 4) xyxy in pixels, cut to the picture, and classes (N,).

    Raises:
        ConfigError: a line is no label.
    """
    labels = read_labels(path, classes)
    table = np.array([label.cxcywh for label in labels], np.float64).reshape(-1, 4)
    centre, half = table[:, :2], table[:, 2:] / 2
    xyxy = np.concatenate((centre - half, centre + half), axis=1).clip(0, 1)
    scaled = xyxy * np.array((shape[1], shape[0]) * 2)
    class_id = np.array([label.class_id for label in labels], np.int64)
    return scaled.astype(np.float32), class_id


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]
