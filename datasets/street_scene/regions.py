"""Which parts of a picture have to be rendered anew."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Rect: TypeAlias = tuple[int, int, int, int]
_ALIGN_PX = 8


@dataclass(frozen=True, slots=True)
class Print:
    """What a prop leaves in a picture.

    Attributes:
        pose: where all its objects are; equal poses look equal.
        xyxy: normalised corners around it and its shadow, None: not in the picture.
    """

    pose: tuple[float, ...]
    xyxy: tuple[float, float, float, float] | None


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def merge(rects: Iterable[Rect]) -> list[Rect]:
    """Join rectangles that overlap until none do."""
    out: list[Rect] = []
    for rect in rects:
        grown, rest = rect, out
        while True:
            touching = [r for r in rest if _overlap(r, grown)]
            if not touching:
                break
            rest = [r for r in rest if not _overlap(r, grown)]
            group = [grown, *touching]
            grown = (
                min(r[0] for r in group),
                min(r[1] for r in group),
                max(r[2] for r in group),
                max(r[3] for r in group),
            )
        out = [*rest, grown]
    return out


def to_pixels(
    xyxy: tuple[float, float, float, float], width: int, height: int
) -> Rect | None:
    """Return the aligned pixel rectangle with a margin; None: outside."""
    x1, y1, x2, y2 = xyxy
    dx, dy = 0.06 * (x2 - x1) + 4 / width, 0.1 * (y2 - y1) + 4 / height
    left = max(0, math.floor((x1 - dx) * width / _ALIGN_PX) * _ALIGN_PX)
    top = max(0, math.floor((y1 - dy) * height / _ALIGN_PX) * _ALIGN_PX)
    right = min(width, math.ceil((x2 + dx) * width / _ALIGN_PX) * _ALIGN_PX)
    bottom = min(height, math.ceil((y2 + dy) * height / _ALIGN_PX) * _ALIGN_PX)
    return (left, top, right, bottom) if left < right and top < bottom else None


def changed(
    before: Mapping[str, Print], now: Mapping[str, Print], width: int, height: int
) -> list[Rect]:
    """Return disjoint rectangles that cover everything that moved.

    Args:
        before: prints in the picture that is there already.
        now: prints in the picture wanted, of the same props.
        width: pixels.
        height: pixels.
    """
    rects = []
    for name, mark in now.items():
        if mark.pose == before[name].pose:
            continue
        for xyxy in (before[name].xyxy, mark.xyxy):
            rect = None if xyxy is None else to_pixels(xyxy, width, height)
            if rect is not None:
                rects.append(rect)
    return merge(rects)


def area(rects: Iterable[Rect]) -> int:
    """Return the area of disjoint rectangles, square pixels."""
    return sum((r[2] - r[0]) * (r[3] - r[1]) for r in rects)
