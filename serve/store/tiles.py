"""Places as numbers along one line, so that an ordinary index can find a map window.

Latitude and longitude are cut into 2^20 steps each, and the bits of the two step
numbers are interleaved (Morton's order, 1966): every square of 2^n by 2^n steps is then
one unbroken stretch of numbers, and any window is covered by a few stretches. Databases
without an extension for maps know no other index that narrows both sides at once.
"""

import heapq
from collections.abc import Iterator

from serve.store.event_filter import Box

BITS = 20
SIDE = 1 << BITS  # one step is 19 m from south to north, twice that at the equator


def tile_of(lat: float | None, lon: float | None) -> int | None:
    """Return the number of the tile a point lies in, below 2^40; None for no point.

    Args:
        lat: WGS-84 degrees, [-90, 90].
        lon: likewise, [-180, 180].
    """
    if lat is None or lon is None:
        return None
    return _interleaved(_step(lon, 180.0), _step(lat, 90.0))


def stretches(box: Box, most: int) -> list[tuple[int, int]]:
    """Return stretches of tiles, first and last, that cover a window.

    They may reach beyond it, the less the more of them there may be.

    Args:
        box: the window.
        most: at most so many, four or more.
    """
    window = (
        _step(box.west, 180.0),
        _step(box.south, 90.0),
        _step(box.east, 180.0),
        _step(box.north, 90.0),
    )
    whole: list[_Square] = []
    # The largest first: cutting it saves most.
    crossing: list[_Square] = [(-SIDE, 0, 0)]
    while crossing and len(crossing) + len(whole) + 3 <= most:
        for part in _quarters(heapq.heappop(crossing)):
            if _is_within(part, window):
                whole.append(part)
            elif _touches(part, window):
                heapq.heappush(crossing, part)
    return list(_joined(sorted(map(_stretch, whole + crossing))))


# Minus its side in steps, so that a heap gives the largest first; west and south step.
_Square = tuple[int, int, int]
_Window = tuple[int, int, int, int]


def _step(degrees: float, reach: float) -> int:
    return min(SIDE - 1, max(0, int((degrees + reach) / (2 * reach) * SIDE)))


def _interleaved(x: int, y: int) -> int:
    return _spread(x) | _spread(y) << 1


def _spread(bits: int) -> int:
    """Put a zero before each of twenty bits."""
    bits = (bits | bits << 16) & 0x0000FFFF0000FFFF
    bits = (bits | bits << 8) & 0x00FF00FF00FF00FF
    bits = (bits | bits << 4) & 0x0F0F0F0F0F0F0F0F
    bits = (bits | bits << 2) & 0x3333333333333333
    return (bits | bits << 1) & 0x5555555555555555


def _quarters(square: _Square) -> Iterator[_Square]:
    side, x, y = -square[0] // 2, square[1], square[2]
    for east in (0, side):
        for north in (0, side):
            yield -side, x + east, y + north


def _is_within(square: _Square, window: _Window) -> bool:
    side, x, y = -square[0], square[1], square[2]
    west, south, east, north = window
    across = west <= x and x + side - 1 <= east
    along = south <= y and y + side - 1 <= north
    return (across and along) or (side == 1 and _touches(square, window))


def _touches(square: _Square, window: _Window) -> bool:
    side, x, y = -square[0], square[1], square[2]
    west, south, east, north = window
    return x <= east and west < x + side and y <= north and south < y + side


def _stretch(square: _Square) -> tuple[int, int]:
    first = _interleaved(square[1], square[2])
    return first, first + square[0] ** 2 - 1


def _joined(sorted_stretches: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begun: tuple[int, int] | None = None
    for first, last in sorted_stretches:
        if begun is not None and first == begun[1] + 1:
            begun = begun[0], last
            continue
        if begun is not None:
            yield begun
        begun = first, last
    if begun is not None:
        yield begun
