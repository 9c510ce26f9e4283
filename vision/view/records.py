"""Known pictures as plain values that survive a restart."""

import base64
from typing import TypedDict

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.view.picture import Shot
from vision.view.references import Reference

_FARTHEST = 1e4  # reduced pixels: beyond any motion between two pictures
_FLATTEST = 1e-3  # determinant: what is smaller shows nothing


class ReferenceRecord(TypedDict):
    """A known picture as plain values."""

    grey: str  # base64 of a PNG
    mask: str  # likewise
    matrix: list[list[float]]
    light: str | None
    preset: str | None
    is_base: bool


def to_record(reference: Reference) -> ReferenceRecord:
    """Return a known picture as plain values."""
    return {
        "grey": _packed(reference.shot.grey),
        "mask": _packed(reference.shot.mask),
        "matrix": [[float(x) for x in row] for row in reference.matrix],
        "light": reference.light,
        "preset": reference.preset,
        "is_base": reference.is_base,
    }


def from_record(record: ReferenceRecord) -> Reference:
    """Return a known picture as it was stored.

    Raises:
        KeyError: a field is missing.
        ValueError: a field cannot be read.
    """
    matrix = np.array(record["matrix"], np.float64).reshape(3, 3)
    bent = not np.abs(matrix).max() <= _FARTHEST  # or not a number
    if bent or abs(float(np.linalg.det(matrix))) < _FLATTEST:
        msg = f"got the motion {matrix.tolist()}, expected one that can be undone"
        raise ValueError(msg)
    shot = Shot(_unpacked(record["grey"]), _unpacked(record["mask"]))
    if shot.grey.shape != shot.mask.shape:
        msg = f"mask {shot.mask.shape} does not fit picture {shot.grey.shape}"
        raise ValueError(msg)
    return Reference(
        shot, matrix, record["light"], record["preset"], is_base=bool(record["is_base"])
    )


def _packed(image: ImageU8) -> str:
    _, png = cv2.imencode(".png", image)
    return base64.b64encode(png.tobytes()).decode()


def _unpacked(text: str) -> ImageU8:
    png = np.frombuffer(base64.b64decode(text), np.uint8)
    image = cv2.imdecode(png, cv2.IMREAD_GRAYSCALE) if len(png) else None
    if image is None:
        msg = "a stored picture is damaged"
        raise ValueError(msg)
    return np.asarray(image, np.uint8)
