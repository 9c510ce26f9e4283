"""Known pictures as plain values that survive a restart."""

import base64
from typing import TypedDict

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.memory import Picture
from vision.view.picture import Shot
from vision.view.references import Reference

_FARTHEST = 1e4  # reduced pixels: beyond any motion between two pictures
_FLATTEST = 1e-3  # determinant: what is smaller shows nothing


class ReferenceRecord(TypedDict):
    """A known picture as plain values."""

    grey: Picture | str | None  # earlier versions: base64 of a PNG; None: it is lost
    mask: Picture | str | None  # likewise
    matrix: list[list[float]]
    light: str | None
    preset: str | None
    is_base: bool


def to_record(reference: Reference) -> ReferenceRecord:
    """Return a known picture as plain values."""
    grey, mask = reference.shot.kept
    return {
        "grey": grey,
        "mask": mask,
        "matrix": [[float(x) for x in row] for row in reference.matrix],
        "light": reference.light,
        "preset": reference.preset,
        "is_base": reference.is_base,
    }


def from_record(record: ReferenceRecord) -> Reference | None:
    """Return a known picture as it was stored; None: its pixels are lost.

    Raises:
        KeyError: a field is missing.
        ValueError: a field cannot be read.
    """
    matrix = np.array(record["matrix"], np.float64).reshape(3, 3)
    bent = not np.abs(matrix).max() <= _FARTHEST  # or not a number
    if bent or abs(float(np.linalg.det(matrix))) < _FLATTEST:
        msg = f"got the motion {matrix.tolist()}, expected one that can be undone"
        raise ValueError(msg)
    grey, mask = record["grey"], record["mask"]
    if grey is None or mask is None:
        return None
    shot = Shot(_decoded(grey), _decoded(mask))
    if shot.grey.shape != shot.mask.shape:
        msg = f"mask {shot.mask.shape} does not fit picture {shot.grey.shape}"
        raise ValueError(msg)
    return Reference(
        shot, matrix, record["light"], record["preset"], is_base=bool(record["is_base"])
    )


def _decoded(stored: Picture | str) -> ImageU8:
    data = stored.png if isinstance(stored, Picture) else base64.b64decode(stored)
    png = np.frombuffer(data, np.uint8)
    image = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE) if len(png) else None
    if image is None:
        msg = "a stored picture is damaged"
        raise ValueError(msg)
    return np.asarray(image, np.uint8)
