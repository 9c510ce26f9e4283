"""Labelled pictures from whatever layout the user has."""

from pathlib import Path

from vision.evaluation.coco import read_coco
from vision.evaluation.json_lines import LabelError
from vision.evaluation.pictures import PictureSet
from vision.evaluation.problems import Problems
from vision.evaluation.voc import read_voc
from vision.evaluation.yolo import read_yolo

_TOLD = 3


def read_pictures(
    path: Path, *, split: str, problems: Problems, images: Path | None = None
) -> PictureSet:
    """Read a YOLO `data.yaml`, a COCO `*.json` or a Pascal VOC folder.

    Args:
        path: told apart by what it is: `.yaml`, `.json`, folder. A folder that holds
            a `data.yaml` is read as YOLO.
        split: which split (YOLO, VOC); COCO files hold one split each.
        problems: gets every fault with file and line; reading goes on.
        images: where the pictures lie, if not in the usual place.

    Returns:
        The labelled pictures.

    Raises:
        LabelError: nothing of it can be used.
    """
    suffix = path.suffix.lower()
    if path.is_dir() and (path / "data.yaml").is_file():
        path, suffix = path / "data.yaml", ".yaml"
    if suffix in {".yaml", ".yml"}:
        found = read_yolo(path, split=split, problems=problems, images=images)
    elif suffix == ".json":
        found = read_coco(path, problems=problems, images=images)
    elif path.is_dir():
        found = read_voc(path, split=split, problems=problems, images=images)
    else:
        msg = (
            f"{path}: not found or of no known layout; expected a YOLO data.yaml, "
            "a COCO .json or a Pascal VOC folder"
        )
        raise LabelError(msg)
    if not found.pictures:
        told = "; ".join(problem.located for problem in problems.items[:_TOLD])
        msg = f"{path}: no usable picture in split {split!r}: {told or 'it is empty'}"
        raise LabelError(msg)
    return found
