"""Pascal VOC layout: `Annotations/*.xml` beside `JPEGImages/`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat  # nosec: no entity is ever expanded, see _tree

from vision.evaluation.json_lines import LabelError
from vision.evaluation.pictures import (
    SUFFIXES,
    BoxRow,
    Counts,
    LabelledPicture,
    PictureSet,
    box_fault,
    picture_of,
    picture_size,
)
from vision.evaluation.problems import Problems


@dataclass(slots=True)
class _Node:
    tag: str
    line: int
    text: str = ""
    children: list["_Node"] = field(default_factory=list)

    def first(self, tag: str) -> "_Node | None":
        return next((child for child in self.children if child.tag == tag), None)

    def word(self, tag: str) -> str:
        node = self.first(tag)
        return "" if node is None else node.text.strip()


def read_voc(
    path: Path, *, split: str, problems: Problems, images: Path | None = None
) -> PictureSet:
    """Read a Pascal VOC folder.

    Coordinates are 1-based and inclusive, as the VOC devkit defines them: a box
    `1, 1, 10, 10` covers the first ten pixels. `difficult` objects become ignore
    regions.

    Args:
        path: folder with `Annotations`, `JPEGImages` and, perhaps, `ImageSets/Main`.
        split: name of the list in `ImageSets/Main`; without that list, all are read.
        problems: gets every fault with its line.
        images: folder of the pictures; None: `JPEGImages` or the folder itself.

    Returns:
        The pictures, in key order; labels are the names met, sorted.

    Raises:
        LabelError: no annotation at all.
    """
    labels_in = path / "Annotations" if (path / "Annotations").is_dir() else path
    pictures_in = images or _picture_folder(path)
    stems = _stems(path, labels_in, split)
    if not stems:
        msg = f"{labels_in}: no *.xml; expected one per picture (Pascal VOC)"
        raise LabelError(msg)
    counts = Counts(pictures_listed=len(stems))
    parsed = []
    for stem in stems:
        file = labels_in / f"{stem}.xml"
        rows = _objects(file, counts, problems)
        parsed.append((stem, file, rows))
    names = sorted({name for _, _, rows in parsed for name, _ in rows or ()})
    index = {name: k for k, name in enumerate(names)}
    pictures = []
    for stem, file, named in parsed:
        boxes = [BoxRow(row.xyxy, index[name], row.ignore) for name, row in named or ()]
        picture = (
            None
            if named is None
            else _picture(stem, file, pictures_in, boxes, problems)
        )
        if picture is None:
            counts.boxes_dropped += len(boxes)
        else:
            counts.boxes_kept += len(boxes)
            pictures.append(picture)
    _report_unlabelled(pictures_in, set(stems), split, path, problems)
    counts.pictures_kept = len(pictures)
    return PictureSet(path, "voc", tuple(names), tuple(pictures), counts)


def _picture_folder(path: Path) -> Path:
    folder = path / "JPEGImages"
    return folder if folder.is_dir() else path


def _stems(path: Path, labels_in: Path, split: str) -> list[str]:
    listing = path / "ImageSets" / "Main" / f"{split}.txt"
    if listing.is_file():
        rows = listing.read_text(encoding="utf-8").splitlines()
        return sorted({row.split()[0] for row in rows if row.strip()})
    return sorted(file.stem for file in labels_in.glob("*.xml"))


def _objects(
    file: Path, counts: Counts, problems: Problems
) -> list[tuple[str, BoxRow]] | None:
    try:
        root = _tree(file)
    except LabelError as error:
        problems.add(file, None, f"{error}; the picture is left out")
        return None
    rows = []
    for node in _children(root, "object"):
        counts.boxes_listed += 1
        row = _box(node)
        if isinstance(row, str):
            counts.boxes_dropped += 1
            problems.add(file, node.line, f"{row}; left out")
        else:
            rows.append((node.word("name"), row))
    return rows


def _box(node: _Node) -> BoxRow | str:
    if not node.word("name"):
        return "object without a name"
    corners = node.first("bndbox") or _Node("bndbox", node.line)
    words = [corners.word(side) for side in ("xmin", "ymin", "xmax", "ymax")]
    try:
        left, top, right, bottom = (float(word) for word in words)
    except ValueError:
        return f"bndbox: got {words}, expected four numbers"
    xyxy = (left - 1, top - 1, right, bottom)
    fault = box_fault(xyxy)
    ignore = node.word("difficult") == "1"
    return fault if fault is not None else BoxRow(xyxy, 0, ignore)


def _picture(
    stem: str, file: Path, folder: Path, rows: list[BoxRow], problems: Problems
) -> LabelledPicture | None:
    found = [
        f for f in sorted(folder.glob(f"{stem}.*")) if f.suffix.lower() in SUFFIXES
    ]
    if not found:
        text = f"no picture {stem}.* in {folder}; left out with {len(rows)} boxes"
        problems.add(file, None, text, lost=1 + len(rows))
        return None
    size = picture_size(found[0], problems)
    return None if size is None else picture_of(found[0].name, found[0], size, rows)


def _report_unlabelled(
    folder: Path, stems: set[str], split: str, path: Path, problems: Problems
) -> None:
    if (path / "ImageSets" / "Main" / f"{split}.txt").is_file():
        return  # the list says which pictures belong; the others are another split's
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in SUFFIXES and file.stem not in stems:
            problems.add(file, None, "picture without annotation; left out")


def _children(node: _Node, tag: str) -> Iterator[_Node]:
    return (child for child in node.children if child.tag == tag)


def _tree(file: Path) -> _Node:
    parser = expat.ParserCreate()
    root = _Node("", 0)
    open_nodes = [root]

    def start(tag: str, _attributes: dict[str, str]) -> None:
        node = _Node(tag, parser.CurrentLineNumber)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def end(_tag: str) -> None:
        open_nodes.pop()

    def text(words: str) -> None:
        open_nodes[-1].text += words

    def no_doctype(*_: object) -> None:
        # Entities are how small XML files grow to gigabytes; labels need none.
        msg = f"{file}: a DOCTYPE; expected plain XML without entities"
        raise LabelError(msg)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = no_doctype
    try:
        parser.Parse(file.read_bytes(), True)  # noqa: FBT003 the C function takes no keywords
    except (OSError, expat.ExpatError) as error:
        msg = f"{file}: {error}; expected a Pascal VOC annotation"
        raise LabelError(msg) from error
    return root.children[0]
