"""What is learned of a street over a restart, as plain values."""

import base64
import math
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

MOST_PRESETS = 64


class LaneRecord(TypedDict):
    """Where vehicles drive in one PTZ preset's picture."""

    preset: str | None
    watched_s: float
    rows: int
    columns: int
    cells: str  # base64 of rows x columns uint8


class StreetRecord(TypedDict):
    """Lanes, the directions of the traffic around places, and how long queues stand."""

    lanes: list[LaneRecord]
    flows: dict[str, list[float]]  # by place_id: xx, xy, yy
    stops_s: list[float]


def pack(cells: NDArray[np.uint8], preset: str | None, watched_s: float) -> LaneRecord:
    """Return one preset's lanes as plain values."""
    rows, columns = cells.shape
    return {
        "preset": preset,
        "watched_s": watched_s,
        "rows": rows,
        "columns": columns,
        "cells": base64.b64encode(cells.tobytes()).decode(),
    }


def unpack(
    record: LaneRecord, shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], float]:
    """Return a preset's lanes, (rows, columns), and for how long they were watched.

    Raises:
        KeyError: a field is missing.
        ValueError: it is of another size, or no time.
    """
    got = int(record["rows"]), int(record["columns"])
    if got != shape:
        msg = f"lanes of {got[0]} x {got[1]} cells, expected {shape[0]} x {shape[1]}"
        raise ValueError(msg)
    pixels = base64.b64decode(record["cells"], validate=True)
    cells = np.frombuffer(pixels, np.uint8).reshape(shape).copy()
    return cells, finite(record["watched_s"])


def finite(value: object) -> float:
    """Return a number of at least 0.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"got {value!r}, expected a number"
        raise ValueError(msg)  # noqa: TRY004 one error for all damage
    if not (math.isfinite(value) and value >= 0):
        msg = f"got {value}, expected at least 0"
        raise ValueError(msg)
    return float(value)
