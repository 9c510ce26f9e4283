"""Labelled pictures: what a person drew, whatever layout it came in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from vision.core.arrays import BoolArray, FloatArray, IntArray, read_only
from vision.evaluation.problems import Problems

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"))

_EXIF_ORIENTATION = 0x0112
_TURNED = range(5, 9)  # EXIF orientations that swap width and height


@dataclass(frozen=True, eq=False, slots=True)
class LabelledPicture:
    """One picture with its boxes.

    Attributes:
        key: unique within the set; its path below the set's root.
        path: the picture file.
        size: (width, height) as shown, EXIF rotation applied, pixels.
        xyxy: (N, 4) float32 pixels; may reach outside the picture.
        class_id: (N,) int64, index into the set's `labels`.
        ignore: (N,) bool: regions in which detections of that class count nowhere.
    """

    key: str
    path: Path
    size: tuple[int, int]
    xyxy: FloatArray
    class_id: IntArray
    ignore: BoolArray

    def __post_init__(self) -> None:
        """Check that the columns agree and freeze them."""
        n = len(self.xyxy)
        shapes = (self.xyxy.shape, self.class_id.shape, self.ignore.shape)
        if shapes != ((n, 4), (n,), (n,)):
            msg = f"{self.path}: got shapes {shapes}, expected ((N, 4), (N,), (N,))"
            raise ValueError(msg)
        for name in ("xyxy", "class_id", "ignore"):
            object.__setattr__(self, name, read_only(getattr(self, name)))


@dataclass(slots=True)
class Counts:
    """What was listed and what was kept; the difference is in the problems.

    Attributes:
        pictures_listed: pictures that the set names.
        pictures_kept: pictures that are scored.
        boxes_listed: label rows met.
        boxes_kept: boxes that are scored, ignore regions included.
        boxes_dropped: rows refused, each with a problem.
    """

    pictures_listed: int = 0
    pictures_kept: int = 0
    boxes_listed: int = 0
    boxes_kept: int = 0
    boxes_dropped: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class PictureSet:
    """Labelled pictures of one data set or split.

    Attributes:
        path: what the user named.
        layout: `yolo`, `coco` or `voc`.
        labels: class names; `class_id` points into them.
        pictures: in key order; the pictures themselves stay on disk.
        counts: listed and kept.
    """

    path: Path
    layout: str
    labels: tuple[str, ...]
    pictures: tuple[LabelledPicture, ...]
    counts: Counts


@dataclass(frozen=True, slots=True)
class BoxRow:
    """One accepted label row."""

    xyxy: tuple[float, float, float, float]
    class_id: int
    ignore: bool = False


def picture_of(
    key: str, path: Path, size: tuple[int, int], rows: Sequence[BoxRow]
) -> LabelledPicture:
    """Return a picture from its accepted rows."""
    return LabelledPicture(
        key=key,
        path=path,
        size=size,
        xyxy=np.array([row.xyxy for row in rows], np.float32).reshape(-1, 4),
        class_id=np.array([row.class_id for row in rows], np.int64),
        ignore=np.array([row.ignore for row in rows], np.bool_),
    )


def picture_size(path: Path, problems: Problems) -> tuple[int, int] | None:
    """Return (width, height) from the file's header, without decoding it.

    Args:
        path: picture file.
        problems: told when it is missing or no picture.

    Returns:
        Pixels as shown (EXIF rotation applied), or None.
    """
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            turned = picture.getexif().get(_EXIF_ORIENTATION, 1) in _TURNED
    except FileNotFoundError:
        problems.add(path, None, "picture not found; left out with its labels")
        return None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        problems.add(path, None, f"not a readable picture ({error}); left out")
        return None
    return (height, width) if turned else (width, height)


def box_fault(xyxy: Sequence[float]) -> str | None:
    """Say what is wrong with a box in pixels, or None.

    Args:
        xyxy: left, top, right, bottom.

    Returns:
        Got and expected, in words.
    """
    if not all(math.isfinite(side) for side in xyxy):
        return f"box {_numbers(xyxy)} is not finite; expected four numbers"
    left, top, right, bottom = xyxy
    if left >= right or top >= bottom:
        return f"box {_numbers(xyxy)} is empty; expected left < right and top < bottom"
    return None


def _numbers(xyxy: Sequence[float]) -> str:
    return "(" + ", ".join(f"{side:g}" for side in xyxy) + ")"
