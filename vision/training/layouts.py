"""Bring a city's own pictures into the one layout that training reads.

COCO and VOC annotations become YOLO text files beside linked pictures, with
a manifest to fill in. YOLO sets are taken as they are.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from vision.core.errors import ConfigError
from vision.training.collect import is_picture
from vision.training.labels import CLASSES
from vision.training.yolo import label_path, read_labels


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture and its boxes, whatever file they came from.

    Attributes:
        picture: the file.
        boxes: class name and (cx, cy, w, h), normalised to the picture.
    """

    picture: Path
    boxes: tuple[tuple[str, tuple[float, float, float, float]], ...]


def read_coco(annotations: Path, pictures: Path) -> Iterator[Labelled]:
    """Read a COCO `instances.json`.

    Args:
        annotations: the JSON file.
        pictures: folder of its `file_name`s.

    Yields:
        Pictures in the order of the file; crowds are left out.

    Raises:
        ConfigError: the file is no COCO annotation.
    """
    try:
        table = json.loads(annotations.read_text(encoding="utf-8"))
        names = {c["id"]: c["name"] for c in table["categories"]}
        found: dict[int, list[dict[str, Any]]] = {}
        for row in table["annotations"]:
            if not row.get("iscrowd"):
                found.setdefault(row["image_id"], []).append(row)
        for image in table["images"]:
            size = (float(image["width"]), float(image["height"]))
            boxes = tuple(
                (names[row["category_id"]], _from_corner(row["bbox"], size))
                for row in found.get(image["id"], [])
            )
            yield Labelled(pictures / image["file_name"], boxes)
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        msg = f"{annotations} is no COCO annotation file: {error!r}"
        raise ConfigError(msg) from error


def read_voc(annotations: Path, pictures: Path) -> Iterator[Labelled]:
    """Read a folder of Pascal VOC XML files.

    Args:
        annotations: folder of `.xml` files.
        pictures: folder of the pictures they name.

    Yields:
        Pictures by file name.

    Raises:
        ConfigError: a file is no VOC annotation.
    """
    for path in sorted(annotations.glob("*.xml")):
        try:
            yield _voc_picture(ET.parse(path).getroot(), pictures)  # noqa: S314 the trainer's own files
        except (ET.ParseError, ValueError) as error:
            msg = f"{path} is no VOC annotation: {error}; see its devkit"
            raise ConfigError(msg) from error


def read_yolo_set(folder: Path, names: tuple[str, ...]) -> Iterator[Labelled]:
    """Read `images/` beside `labels/`.

    Args:
        folder: holds both.
        names: class names by number.

    Yields:
        Pictures by file name.

    Raises:
        ConfigError: a line is no label, or its class has no name.
    """
    for path in sorted((folder / "images").glob("*")):
        if is_picture(path):
            labels = read_labels(label_path(path), len(names))
            boxes = tuple((names[label.class_id], label.cxcywh) for label in labels)
            yield Labelled(path, boxes)


def write_set(labelled: Iterable[Labelled], target: Path) -> int:
    """Write pictures and labels in the layout that training reads.

    Args:
        labelled: pictures with boxes.
        target: new folder; gets `images/`, `labels/`, `train.txt` and a
            `manifest.toml` to complete. Pictures of several folders are named
            after their path there: `a/1.jpg` becomes `a_1.jpg`.

    Returns:
        Number of pictures.

    Raises:
        ConfigError: the folder is not empty, there is no picture, one is
            missing, or two would share a name. Then nothing was written.
    """
    if target.exists() and any(target.iterdir()):
        msg = f"{target} is not empty; name a new folder"
        raise ConfigError(msg)
    named = _named(list(labelled))
    for part in ("images", "labels"):
        (target / part).mkdir(parents=True, exist_ok=True)
    numbers: dict[str, int] = {}
    listed: list[str] = []
    for stem, item in named.items():
        picture = f"images/{stem}{item.picture.suffix}"
        shutil.copy2(item.picture, target / picture)
        lines = [
            f"{numbers.setdefault(name, len(numbers))} "
            + " ".join(f"{value:.6f}" for value in box)
            for name, box in item.boxes
        ]
        label = target / "labels" / f"{stem}.txt"
        label.write_text("\n".join(lines) + "\n" * bool(lines), encoding="utf-8")
        listed.append(picture)
    (target / "train.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
    (target / "manifest.toml").write_text(_manifest(target.name, numbers), "utf-8")
    return len(listed)


def _named(labelled: Sequence[Labelled]) -> dict[str, Labelled]:
    """Give every picture the name that its copy and its label file will have."""
    if not labelled:
        msg = (
            "no picture found to import; expected images/ beside labels/ (yolo), a "
            "JSON that lists pictures (coco), or a folder of .xml files (voc)"
        )
        raise ConfigError(msg)
    top = os.path.commonpath([item.picture.absolute().parent for item in labelled])
    named: dict[str, Labelled] = {}
    for item in labelled:
        if not item.picture.is_file():
            msg = f"{item.picture} is named by the annotations and is not there"
            raise ConfigError(msg)
        below = item.picture.absolute().relative_to(top)
        stem = "_".join(below.with_suffix("").parts)
        if stem in named:
            msg = (
                f"{named[stem].picture} and {item.picture} would share the label file "
                f"{stem}.txt; rename one of them"
            )
            raise ConfigError(msg)
        named[stem] = item
    return named


def _manifest(name: str, numbers: dict[str, int]) -> str:
    known = [n for n in numbers if n in CLASSES]
    listed = ", ".join(f'"{n}"' for n in known)
    lines = [
        f'name = "{name}"',
        'layout = "yolo"',
        'origin = "where the pictures come from: complete this"',
        'licence = "complete this"',
        "stretched = false",
        "",
        "[map] # their class to ours; `ignore` masks a region, in the set's order",
        *(f'"{n}" = "{n if n in CLASSES else "ignore"}"' for n in numbers),
        "",
        "[labelled] # exhaustive: every object of the class is boxed",
        f"exhaustive = [{listed}]",
        "rare = []",
        "",
        "[splits]",
        'train = "train.txt"',
    ]
    return "\n".join(lines) + "\n"


def _from_corner(
    box: Iterable[float], size: tuple[float, float]
) -> tuple[float, float, float, float]:
    left, top, width, height = (float(v) for v in box)
    return (
        (left + width / 2) / size[0],
        (top + height / 2) / size[1],
        width / size[0],
        height / size[1],
    )


def _voc_picture(root: ET.Element, pictures: Path) -> Labelled:
    size = (float(_text(root, "size/width")), float(_text(root, "size/height")))
    boxes = []
    for item in root.iter("object"):
        low = (float(_text(item, "bndbox/xmin")), float(_text(item, "bndbox/ymin")))
        high = (float(_text(item, "bndbox/xmax")), float(_text(item, "bndbox/ymax")))
        corner = (*low, high[0] - low[0], high[1] - low[1])
        boxes.append((_text(item, "name"), _from_corner(corner, size)))
    return Labelled(pictures / _text(root, "filename"), tuple(boxes))


def _text(element: ET.Element, path: str) -> str:
    found = element.findtext(path)
    if found is None:
        msg = f"<{path}> is missing"
        raise ValueError(msg)
    return found.strip()
