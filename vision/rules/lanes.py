"""Where vehicles drive, learned from those that did: what is a lane, what a kerb."""

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry import Point, Xyxy
from vision.core.places import Place
from vision.core.tracks import Track
from vision.rules.street import MOST_PRESETS, LaneRecord, pack, unpack

_COLUMNS, _ROWS = 64, 36
_MOVING_PER_S = 0.25  # box sizes a second: a car's walking pace
_MOST_PASSES = 240  # of a cell; then all are halved: what is new counts more
_ON = 0.2  # box sizes around the ground contact that the vehicle itself stands on
_BESIDE = 1.6  # box sizes around it in which a lane may lie
_STEP = 0.5  # cells
_FORGET_S = 3.0
_LONGEST_GAP_S = 60.0  # between two pictures: the slowest camera's period

Cells = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Passes:
    """How many vehicles drove over a spot, and beside it.

    Attributes:
        over: through where the vehicle stands.
        beside: along the busiest line within reach.
    """

    over: int = 0
    beside: int = 0


@dataclass(slots=True)
class _Drive:
    """One track on its way.

    Attributes:
        foot: ground contact at the latest sight, reference-view pixels.
        seen_s: when that was, seconds.
        moving: whether its latest step was one of a driving vehicle; None: no step yet.
        step: its latest step, from where to where, not counted yet, or None.
        cells: where it was counted already.
    """

    foot: Point
    seen_s: float
    moving: bool | None = None
    step: tuple[Point, Point] | None = None
    cells: set[int] = field(default_factory=set)


class LaneMap:
    """Counts the vehicles that drove over each part of one camera's view.

    A step counts only if the vehicle did not stand before or after it: whoever drives
    into a bay, or out of it, makes no lane of it.
    """

    def __init__(self) -> None:
        """Start without any traffic."""
        self._cells: dict[str | None, Cells] = {}
        self._drives: dict[int, _Drive] = {}
        self._watched_s: dict[str | None, float] = {}
        self._latest: tuple[str | None, float] | None = None  # preset, media time

    def watched_s(self, preset: str | None) -> float:
        """Return for how long a preset's traffic has been watched, seconds."""
        return self._watched_s.get(preset, 0.0)

    def observe(
        self,
        tracks: Iterable[tuple[Track, Xyxy]],
        now_s: float,
        *,
        preset: str | None,
        size: tuple[int, int],
    ) -> None:
        """Take the vehicles of one picture.

        Args:
            tracks: each with its box in the reference view.
            now_s: media time, seconds.
            preset: PTZ preset that the camera shows.
            size: (width, height) of the reference view, pixels.
        """
        cells = self._cells.setdefault(preset, np.zeros((_ROWS, _COLUMNS), np.uint8))
        self._watch(preset, now_s)
        drives: dict[int, _Drive] = {}
        for track, box in tracks:
            x1, y1, x2, y2 = box
            foot = (x1 + x2) / 2, y2
            drive = self._drives.get(track.track_id)
            if drive is None or now_s <= drive.seen_s:
                drives[track.track_id] = _Drive(foot, now_s)
                continue
            drives[track.track_id] = drive
            dx = (foot[0] - drive.foot[0]) / max(x2 - x1, 1.0)
            way = math.hypot(dx, (y2 - drive.foot[1]) / max(y2 - y1, 1.0))
            moving = way >= _MOVING_PER_S * (now_s - drive.seen_s)
            if moving and drive.step is not None:
                self._count(cells, drive, size)
            stood = drive.moving is False
            step = (drive.foot, foot) if moving and not stood else None
            drive.step, drive.moving = step, moving
            drive.foot, drive.seen_s = foot, now_s
        for track_id in self._drives.keys() - drives.keys():
            drive = self._drives[track_id]
            if 0 <= now_s - drive.seen_s <= _FORGET_S:
                drives[track_id] = drive
            elif drive.step is not None:
                self._count(cells, drive, size)  # out of the picture, still driving
        self._drives = drives

    def passes(self, place: Place, size: tuple[int, int]) -> Passes:
        """Return how many vehicles drove where a place is, and beside it.

        Args:
            place: a standing vehicle.
            size: (width, height) of the reference view, pixels.
        """
        cells = self._cells.get(place.preset)
        if cells is None:
            return Passes()
        x1, y1, x2, y2 = place.xyxy
        columns, rows = _COLUMNS / size[0], _ROWS / size[1]  # a pixel
        middle = (x1 + x2) / 2 * columns, y2 * rows
        reach = max(x2 - x1, 1.0) * columns, max(y2 - y1, 1.0) * rows
        return Passes(
            _most(cells, middle, reach, _ON), _most(cells, middle, reach, _BESIDE)
        )

    def forget(self, kept: Container[str | None] = ()) -> None:
        """Start anew, but for presets that are kept: the others show something else."""
        self._cells = {one: here for one, here in self._cells.items() if one in kept}
        self._watched_s = {one: s for one, s in self._watched_s.items() if one in kept}
        self._drives, self._latest = {}, None

    def state(self) -> list[LaneRecord]:
        """Return all lanes as plain values."""
        return [
            pack(cells, preset, self.watched_s(preset))
            for preset, cells in self._cells.items()
        ]

    def restore(self, records: list[LaneRecord]) -> None:
        """Take up stored lanes; the next picture of each preset goes on with them.

        Raises:
            KeyError: a field is missing.
            ValueError: they are of another size, or too many.
        """
        if len(records) > MOST_PRESETS:
            msg = f"lanes of {len(records)} presets, expected at most {MOST_PRESETS}"
            raise ValueError(msg)
        lanes = {one["preset"]: unpack(one, (_ROWS, _COLUMNS)) for one in records}
        self._cells = {preset: cells for preset, (cells, _) in lanes.items()}
        self._watched_s = {preset: watched for preset, (_, watched) in lanes.items()}
        self._drives, self._latest = {}, None

    def _watch(self, preset: str | None, now_s: float) -> None:
        """Count the time since the picture before: none over a gap or another view."""
        if self._latest is not None:
            before, before_s = self._latest
            if before != preset:
                self._drives = {}  # nobody drove from one view into the other
            elif 0 < now_s - before_s <= _LONGEST_GAP_S:
                self._watched_s[preset] = self.watched_s(preset) + now_s - before_s
        self._latest = preset, now_s

    def _count(self, cells: Cells, drive: _Drive, size: tuple[int, int]) -> None:
        """Count a vehicle in each cell of its step that it has not been counted in."""
        assert drive.step is not None  # noqa: S101 the caller has looked
        fresh = [one for one in _cells_of(drive.step, size) if one not in drive.cells]
        drive.cells.update(fresh)
        flat = cells.reshape(-1)
        flat[fresh] += 1
        if fresh and int(flat[fresh].max()) >= _MOST_PASSES:
            flat //= 2


def _most(cells: Cells, middle: Point, reach: Point, share: float) -> int:
    """Return the most passes in the cells around a spot.

    Args:
        cells: (rows, columns).
        middle: (x, y) of the spot, cells.
        reach: (width, height) of the vehicle, cells.
        share: how far around it to look, in its sizes.
    """
    (x, y), (dx, dy) = middle, (share * side for side in reach)
    left, right = max(0, int(x - dx)), int(x + dx) + 1
    top, bottom = max(0, int(y - dy)), int(y + dy) + 1
    return int(cells[top : max(top, bottom), left : max(left, right)].max(initial=0))


def _cells_of(step: tuple[Point, Point], size: tuple[int, int]) -> list[int]:
    """Return the cells, as flat indices, that a step leads through."""
    (x, y), (to_x, to_y) = (
        (x / size[0] * _COLUMNS, y / size[1] * _ROWS) for x, y in step
    )
    count = max(1, math.ceil(max(abs(to_x - x), abs(to_y - y)) / _STEP))
    found: dict[int, None] = {}
    for n in range(count + 1):
        column = math.floor(x + (to_x - x) * n / count)
        row = math.floor(y + (to_y - y) * n / count)
        if 0 <= column < _COLUMNS and 0 <= row < _ROWS:
            found[row * _COLUMNS + column] = None
    return list(found)
