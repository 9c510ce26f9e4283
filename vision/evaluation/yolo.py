"""YOLO layout: `data.yaml`, pictures, one text file of boxes per picture."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from vision.evaluation.json_lines import LabelError
from vision.evaluation.pictures import (
    SUFFIXES,
    BoxRow,
    Counts,
    LabelledPicture,
    PictureSet,
    picture_of,
    picture_size,
)
from vision.evaluation.problems import Problems

# Exports round to six digits and polygons touch the border: allow one percent.
_LOW, _HIGH = -0.01, 1.01
_SIDES = 4


def read_yolo(
    path: Path, *, split: str, problems: Problems, images: Path | None = None
) -> PictureSet:
    """Read one split of a YOLO data set.

    Rows are `class cx cy w h` in shares of the picture; `class x1 y1 x2 y2 x3 y3 …`
    (a polygon) gives its bounding box. A picture without a label file counts as
    empty, and is reported.

    Args:
        path: the `data.yaml`.
        split: key of the split: `train`, `val`, `test`.
        problems: gets every fault with its line.
        images: root to read instead of the file's own `path`.

    Returns:
        The pictures, in key order.

    Raises:
        LabelError: the yaml, its names or its split cannot be used at all.
    """
    head = _head(path)
    labels = _labels(head.get("names"), path)
    root = images or _root(path, head.get("path"))
    files = sorted(_files(head, split, root, path, problems))
    counts = Counts(pictures_listed=len(files))
    pictures = []
    for file in files:
        picture = _picture(file, root, labels, counts, problems)
        if picture is not None:
            pictures.append(picture)
    _report_orphans(files, counts, problems)
    counts.pictures_kept = len(pictures)
    return PictureSet(path, "yolo", labels, tuple(pictures), counts)


def _head(path: Path) -> Mapping[str, object]:
    try:
        head = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        msg = f"{path}: {error}; expected a readable YOLO data.yaml"
        raise LabelError(msg) from error
    if not isinstance(head, dict):
        msg = f"{path}: got {type(head).__name__}, expected keys names, train, val"
        raise LabelError(msg)
    return head


def _labels(names: object, path: Path) -> tuple[str, ...]:
    if isinstance(names, dict) and sorted(names) == list(range(len(names))):
        names = [names[k] for k in range(len(names))]
    if not isinstance(names, list) or not names:
        msg = f"{path}: names: got {names!r}, expected a list or 0, 1, 2 … to names"
        raise LabelError(msg)
    return tuple(str(name) for name in names)


def _root(path: Path, given: object) -> Path:
    return path.parent if given is None else path.parent / str(given)


def _files(
    head: Mapping[str, object], split: str, root: Path, path: Path, problems: Problems
) -> set[Path]:
    places = head.get(split)
    if places is None:
        got = ", ".join(sorted(k for k in ("train", "val", "test") if head.get(k)))
        msg = f"{path}: no split {split!r}; expected one of: {got or 'none is there'}"
        raise LabelError(msg)
    files: set[Path] = set()
    for place in places if isinstance(places, list) else [places]:
        folder = root / str(place)
        if folder.is_dir():
            files.update(f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES)
        elif folder.is_file():
            files.update(_listed(folder, root))
        else:
            problems.add(path, None, f"{split}: {folder} is neither folder nor list")
    return files


def _listed(listing: Path, root: Path) -> Iterable[Path]:
    for row in listing.read_text(encoding="utf-8").splitlines():
        name = row.strip()
        if name.startswith("./"):
            yield listing.parent / name[2:]
        elif name:
            yield root / name


def _label_path(file: Path) -> Path:
    parts = list(file.parts)
    for k in range(len(parts) - 2, -1, -1):
        if parts[k] == "images":
            parts[k] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _picture(
    file: Path,
    root: Path,
    labels: tuple[str, ...],
    counts: Counts,
    problems: Problems,
) -> LabelledPicture | None:
    label_path = _label_path(file)
    size = picture_size(file, problems)
    try:
        text = label_path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
        if size is not None:
            problems.add(label_path, None, "no label file; counts as empty", lost=0)
    except (OSError, UnicodeDecodeError) as error:
        problems.add(label_path, None, f"{error}; the picture is left out")
        return None
    numbered = [(n, row) for n, row in enumerate(text.splitlines(), 1) if row.strip()]
    counts.boxes_listed += len(numbered)
    if size is None:
        counts.boxes_dropped += len(numbered)
        return None
    rows = _rows(numbered, size, len(labels), label_path, problems)
    counts.boxes_kept += len(rows)
    counts.boxes_dropped += len(numbered) - len(rows)
    return picture_of(_key(file, root), file, size, rows)


def _rows(
    numbered: list[tuple[int, str]],
    size: tuple[int, int],
    classes: int,
    label_path: Path,
    problems: Problems,
) -> list[BoxRow]:
    rows: list[BoxRow] = []
    seen: set[str] = set()
    for line, row in numbered:
        box = _box(row.split(), size, classes)
        if isinstance(box, str):
            problems.add(label_path, line, f"{box}; left out")
        elif row.strip() in seen:
            problems.add(label_path, line, "the same row again; left out")
        else:
            rows.append(box)
        seen.add(row.strip())
    return rows


def _key(file: Path, root: Path) -> str:
    inside = file.is_relative_to(root)
    return (file.relative_to(root) if inside else file).as_posix()


def _box(fields: list[str], size: tuple[int, int], classes: int) -> BoxRow | str:
    try:
        class_id, *sides = int(fields[0]), *map(float, fields[1:])
    except ValueError:
        return f"got {' '.join(fields)!r}, expected an integer class and numbers"
    fault = _fault(class_id, sides, classes)
    if fault is not None:
        return fault
    corners = _corners(sides)
    if corners is None:
        return f"got {len(fields)} fields, expected 5, or 1 + 2 per polygon corner"
    left, top, right, bottom = corners
    if left >= right or top >= bottom:
        return f"got an empty box {' '.join(fields[1:])}, expected width and height > 0"
    width, height = size
    return BoxRow(
        (left * width, top * height, right * width, bottom * height), class_id
    )


def _fault(class_id: int, sides: list[float], classes: int) -> str | None:
    if not 0 <= class_id < classes:
        return f"class {class_id} out of range; names give 0 to {classes - 1}"
    if not all(math.isfinite(side) and _LOW <= side <= _HIGH for side in sides):
        return f"got {sides}, expected shares in [0, 1]"
    return None


def _corners(sides: list[float]) -> tuple[float, float, float, float] | None:
    if len(sides) == _SIDES:
        x, y, w, h = sides
        return (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
    if len(sides) > _SIDES and len(sides) % 2 == 0:
        return (min(sides[::2]), min(sides[1::2]), max(sides[::2]), max(sides[1::2]))
    return None


def _report_orphans(files: list[Path], counts: Counts, problems: Problems) -> None:
    """Name label files whose picture is not there at all, and count their rows."""
    folders = {_label_path(file).parent: file.parent for file in files}
    for folder, pictures_in in sorted(folders.items()):
        known = {f.stem for f in pictures_in.glob("*.*")} | {f.stem for f in files}
        for label in sorted(folder.glob("*.txt")):
            if label.name == "classes.txt" or label.stem in known:
                continue
            text = label.read_text(encoding="utf-8", errors="replace")
            rows = sum(bool(row.strip()) for row in text.splitlines())
            counts.boxes_listed += rows
            counts.boxes_dropped += rows
            text = f"{rows} rows, but no picture of that name; left out"
            problems.add(label, None, text, lost=rows)
