"""Find what spoils a training set before a model learns it."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vision.core.arrays import FloatArray
from vision.training.collect import Manifest, find_split
from vision.training.labels import CLASSES, IGNORE
from vision.training.scenes import describe
from vision.training.yolo import Label, Misfit, label_path, scan_labels

_ALIKE = 0.97
_RARE_SHARE = 0.02
_THUMB_PX = 160
_SMALL_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a set.

    Attributes:
        kind: ``broken, outside, label, missing, empty, leak, near_leak,
            changed, rare``.
        where: picture, pair of pictures, list of a split, or class.
        text: what was found and what to do.
    """

    kind: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of what a split holds.

    Attributes:
        pictures: number of pictures.
        empty: pictures without a box.
        boxes: boxes per class name of the set; of those that we drew, per
            ``NAME, drawn``.
        small: of these, boxes under 1 % of the picture's area.
    """

    pictures: int
    empty: int
    boxes: dict[str, int]
    small: dict[str, int]


def check(manifest: Manifest, root: Path) -> Iterator[Fault]:
    """Check every picture, every label line, and the splits against each other.

    Args:
        manifest: the set.
        root: data root.

    Yields:
        Faults, in a fixed order.
    """
    seen: dict[str, tuple[list[Path], list[FloatArray]]] = {}
    for split in _splits(manifest):
        listed = find_split(manifest, root, split)
        if not listed:
            text = "lists no picture; fill it, or take it out of the manifest"
            yield Fault("empty", manifest.splits[split], text)
        paths, looks = [], []
        for path in listed:
            yield from _label_faults(manifest, path)
            image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
            if image is None:
                kind = "broken" if path.is_file() else "missing"
                yield Fault(kind, str(path), "cannot be decoded; remove or fetch it")
                continue
            paths.append(path)
            thumb = cv2.resize(image, (_THUMB_PX, _THUMB_PX))
            looks.append(describe(np.asarray(thumb, np.uint8)))
        seen[split] = (paths, looks)
    yield from _leaks(seen)
    yield from _strays(manifest, {p.name for paths, _ in seen.values() for p in paths})
    yield from _changed(manifest, root)
    for split in seen:
        yield from _rare(split, tally(manifest, root, split))


def fingerprint(folder: Path) -> str:
    """Hash all pictures and labels of a set.

    Args:
        folder: of the set.

    Returns:
        SHA-256 in hexadecimal over the sorted lines ``path sha256``.
    """
    lines = [
        f"{path.relative_to(folder).as_posix()} "
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for part in ("images", "labels")
        for path in sorted((folder / part).glob("*"))
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def tally(manifest: Manifest, root: Path, split: str) -> Tally:
    """Count pictures and boxes of a split.

    Args:
        manifest: the set.
        root: data root.
        split: its name.

    Returns:
        The counts.
    """
    names = list(manifest.class_map)
    boxes, small = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    paths = find_split(manifest, root, split)
    empty = 0
    for path in paths:
        entries = scan_labels(label_path(path), len(names))
        labels = [entry for entry in entries if isinstance(entry, Label)]
        empty += not labels
        for label in labels:
            name, (_, _, width, height) = names[label.class_id], label.cxcywh
            boxes[name] += 1
            small[name] += width * height < _SMALL_SHARE
    for name, share in _drawn(manifest, paths):
        boxes[name] = boxes.get(name, 0) + 1
        small[name] = small.get(name, 0) + (share < _SMALL_SHARE)
    return Tally(len(paths), empty, boxes, small)


def _drawn(manifest: Manifest, paths: Iterable[Path]) -> Iterator[tuple[str, float]]:
    """Give name and share of the picture of each box that we drew."""
    if manifest.drawn is None:
        return
    for path in paths:
        for box, class_id in zip(*manifest.drawn.of(path.name), strict=True):
            name = "ignore" if class_id == IGNORE else CLASSES[int(class_id)]
            yield f"{name}, drawn", float(np.prod(box[2:] - box[:2]))


def _strays(manifest: Manifest, known: Container[str]) -> Iterator[Fault]:
    for name in manifest.drawn.boxes if manifest.drawn is not None else ():
        if name not in known:
            text = "boxes were drawn on it, but no split holds such a picture"
            yield Fault("label", name, text)


def _changed(manifest: Manifest, root: Path) -> Iterator[Fault]:
    if manifest.fingerprint is None:
        return
    now = fingerprint(root / manifest.name)
    if now != manifest.fingerprint:
        text = f"files hash to {now[:12]}, the manifest says another"
        yield Fault("changed", manifest.name, f"{text}; figures will not compare")


def _splits(manifest: Manifest) -> list[str]:
    return [name for name in manifest.splits if name != "drop"]


def _label_faults(manifest: Manifest, path: Path) -> Iterator[Fault]:
    for entry in scan_labels(label_path(path), len(manifest.class_map)):
        if isinstance(entry, Misfit):
            yield Fault("label", entry.where, entry.text)
        elif _outside(entry):
            yield Fault("outside", entry.where, "box leaves the picture or is empty")


def _outside(label: Label) -> bool:
    cx, cy, width, height = label.cxcywh
    slack = 0.002  # rounding of the usual six digits and half a pixel
    low = min(cx - width / 2, cy - height / 2)
    high = max(cx + width / 2, cy + height / 2)
    return min(width, height) <= 0 or low < -slack or high > 1 + slack


def _leaks(
    seen: Mapping[str, tuple[list[Path], list[FloatArray]]],
) -> Iterator[Fault]:
    names = list(seen)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            yield from _pairs(seen[first], seen[second])


def _pairs(
    first: tuple[list[Path], list[FloatArray]],
    second: tuple[list[Path], list[FloatArray]],
) -> Iterator[Fault]:
    if not first[0] or not second[0]:
        return
    likeness = np.stack(first[1]) @ np.stack(second[1]).T
    for a, b in np.argwhere(likeness > _ALIKE):
        one, other = first[0][int(a)], second[0][int(b)]
        same = one.read_bytes() == other.read_bytes()
        kind = "leak" if same else "near_leak"
        text = f"alike by {likeness[a, b]:.3f}; keep the two on one side"
        yield Fault(kind, f"{one.name} and {other.name}", text)


def _rare(split: str, counted: Tally) -> Iterable[Fault]:
    total = sum(counted.boxes.values())
    return [
        Fault(
            "rare", f"{split}: {name}", f"{count} of {total} boxes; draw it more often"
        )
        for name, count in counted.boxes.items()
        if count < _RARE_SHARE * total
    ]
