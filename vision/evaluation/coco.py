"""COCO layout: one JSON file with images, annotations and categories."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from vision.evaluation.json_lines import Item, Json, LabelError, read_object
from vision.evaluation.pictures import (
    BoxRow,
    Counts,
    LabelledPicture,
    PictureSet,
    box_fault,
    picture_of,
    picture_size,
)
from vision.evaluation.problems import Problems

_SIDES = 4


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    line: int


def read_coco(
    path: Path, *, problems: Problems, images: Path | None = None
) -> PictureSet:
    """Read a COCO detection file.

    `iscrowd: 1` and `ignore: 1` mark ignore regions. Boxes are `[x, y, w, h]` pixels.

    Args:
        path: the JSON file.
        problems: gets every fault with its line.
        images: folder of the pictures; None: looked for beside the file.

    Returns:
        The pictures, in key order; class ids renumbered from 0 in category-id order.

    Raises:
        LabelError: not JSON, or a part is missing.
    """
    entries = read_object(path)
    categories = _categories(_part(entries, "categories", path), path, problems)
    listed = _images(_part(entries, "images", path), path, problems)
    counts = Counts()
    rows = _annotations(
        _part(entries, "annotations", path),
        path,
        (categories, listed),
        counts,
        problems,
    )
    counts.pictures_listed = len(_part(entries, "images", path))
    roots = [images] if images else _likely_roots(path)
    pictures = []
    for image_id, entry in sorted(listed.items(), key=lambda pair: pair[1].name):
        boxes = rows.get(image_id, [])
        picture = _picture(entry, roots, boxes, path, problems)
        if picture is None:
            counts.boxes_dropped += len(boxes)
        else:
            counts.boxes_kept += len(boxes)
            pictures.append(picture)
    counts.pictures_kept = len(pictures)
    labels = tuple(name for name, _ in categories.values())
    return PictureSet(path, "coco", labels, tuple(pictures), counts)


def _part(
    entries: Mapping[str, list[Item] | Item], name: str, path: Path
) -> list[Item]:
    part = entries.get(name)
    if not isinstance(part, list):
        msg = f"{path}: no list {name!r}; expected images, annotations and categories"
        raise LabelError(msg)
    return part


def _categories(
    items: Iterable[Item], path: Path, problems: Problems
) -> dict[int, tuple[str, int]]:
    found: dict[int, str] = {}
    for item in items:
        entry = item.value if isinstance(item.value, dict) else {}
        number, name = entry.get("id"), entry.get("name")
        if not _whole(number) or not isinstance(name, str):
            text = "category without integer id and name; left out"
            problems.add(path, item.line, text)
        elif number in found:
            text = f"category id {number} given twice; the first is kept"
            problems.add(path, item.line, text)
        else:
            found[number] = name
    return {n: (found[n], k) for k, n in enumerate(sorted(found))}


def _images(items: Iterable[Item], path: Path, problems: Problems) -> dict[int, _Entry]:
    found: dict[int, _Entry] = {}
    for item in items:
        entry = item.value if isinstance(item.value, dict) else {}
        number, name = entry.get("id"), entry.get("file_name")
        if not _whole(number) or not isinstance(name, str):
            text = "image without integer id and file_name; left out"
            problems.add(path, item.line, text)
        elif number in found:
            text = f"image id {number} given twice; the first is kept"
            problems.add(path, item.line, text)
        else:
            found[number] = _Entry(name, item.line)
    return found


def _annotations(
    items: list[Item],
    path: Path,
    known: tuple[dict[int, tuple[str, int]], dict[int, _Entry]],
    counts: Counts,
    problems: Problems,
) -> dict[int, list[BoxRow]]:
    categories, listed = known
    rows: dict[int, list[BoxRow]] = defaultdict(list)
    counts.boxes_listed = len(items)
    for item in items:
        entry = item.value if isinstance(item.value, dict) else {}
        image_id = entry.get("image_id")
        if not _whole(image_id) or image_id not in listed:
            fault: BoxRow | str = f"image_id {image_id!r} is no image of this file"
        else:
            fault = _box(entry, categories)
        if isinstance(fault, str):
            counts.boxes_dropped += 1
            problems.add(path, item.line, f"{fault}; left out")
        elif _whole(image_id):
            rows[image_id].append(fault)
    return rows


def _box(
    entry: Mapping[str, Json], categories: Mapping[int, tuple[str, int]]
) -> BoxRow | str:
    category = entry.get("category_id")
    if not _whole(category) or category not in categories:
        known = ", ".join(str(number) for number in categories)
        return f"category_id {category!r} out of range; categories are {known}"
    bbox = entry.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != _SIDES:
        return f"bbox: got {bbox!r}, expected [x, y, width, height]"
    sides = [float(s) for s in bbox if isinstance(s, int | float)]
    if len(sides) != _SIDES:
        return f"bbox: got {bbox!r}, expected four numbers"
    x, y, w, h = sides
    xyxy = (x, y, x + w, y + h)
    fault = box_fault(xyxy)
    if fault is not None:
        return fault
    ignore = bool(entry.get("iscrowd")) or bool(entry.get("ignore"))
    return BoxRow(xyxy, categories[category][1], ignore)


def _likely_roots(path: Path) -> list[Path]:
    split = path.stem.removeprefix("instances_")
    beside, above = path.parent, path.parent.parent
    return [
        beside,
        beside / "images",
        beside / split,
        above,
        above / "images",
        above / split,
        above / "images" / split,
    ]


def _picture(
    entry: _Entry,
    roots: Iterable[Path],
    rows: list[BoxRow],
    path: Path,
    problems: Problems,
) -> LabelledPicture | None:
    files = [root / entry.name for root in roots]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        text = (
            f"picture {entry.name!r} not found in {files[0].parent} or the usual "
            f"places; left out with {len(rows)} boxes; name the folder of the pictures"
        )
        problems.add(path, entry.line, text, lost=1 + len(rows))
        return None
    size = picture_size(file, problems)
    return None if size is None else picture_of(entry.name, file, size, rows)


def _whole(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
