"""What had to be hidden when: for every picture between two analysed ones."""

import threading
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from math import inf

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.geometry import iou
from vision.core.observation import Observation
from vision.evidence.pictures import Box
from vision.evidence.redaction import Region, regions_of

# Further from an analysed picture than this, nobody knows who is in the picture.
_REACH_S = 5.0
_CLOSE_S = 0.2  # pictures nearer than this tell nothing new, and take room
_STAYED_IOU = 0.6
_STRIDES = 2.5  # a region's own size that it may move between two analysed pictures


@dataclass(frozen=True, slots=True)
class Sight:
    """What an analysed picture had to hide.

    Attributes:
        media_time_s: of the picture, seconds.
        size: (width, height) of the picture, pixels.
        regions: in pixels of the picture.
    """

    media_time_s: float
    size: tuple[int, int]
    regions: tuple[Region, ...]

    def fitted(self, size: tuple[int, int]) -> "Sight":
        """Return it in pixels of a picture of another size (width, height)."""
        x, y = size[0] / self.size[0], size[1] / self.size[1]
        regions = tuple(region.scaled(x, y) for region in self.regions)
        return Sight(self.media_time_s, size, regions)


class HiddenRegions:
    """The latest sights of every camera; written by the analysis, read by clips."""

    def __init__(self, seconds: float) -> None:
        """Remember so many seconds of media time per camera."""
        self._seconds = seconds
        self._cameras: dict[str, deque[Sight]] = {}
        self._news = threading.Condition()
        self._closed = False

    def observe(self, observation: Observation) -> None:
        """Remember what this picture had to hide."""
        frame = observation.frame
        now_s = frame.media_time_s
        held = self._cameras.get(frame.camera_id)
        if held and 0 <= now_s - held[-1].media_time_s < _CLOSE_S:
            return
        sight = Sight(now_s, (frame.width, frame.height), regions_of(observation))
        with self._news:
            held = self._cameras.setdefault(frame.camera_id, deque())
            if held and held[-1].media_time_s > now_s:
                held.clear()  # the stream's clock began anew
            held.append(sight)
            while held[0].media_time_s < now_s - self._seconds:
                held.popleft()
            self._news.notify_all()

    def until(
        self, camera_id: str, media_time_s: float, timeout_s: float
    ) -> tuple[Sight, ...]:
        """Return what is known, once the analysis has come to a time or is too late.

        Args:
            camera_id: whose sights.
            media_time_s: the end of what is asked for.
            timeout_s: longest wait for the analysis to get there.
        """

        def there() -> bool:
            held = self._cameras.get(camera_id)
            last_s = held[-1].media_time_s + _CLOSE_S if held else -inf
            return self._closed or last_s >= media_time_s

        with self._news:
            self._news.wait_for(there, timeout_s)
            return tuple(self._cameras.get(camera_id, ()))

    def close(self) -> None:
        """Say that no more pictures will be analysed: nobody need wait."""
        with self._news:
            self._closed = True
            self._news.notify_all()


def regions_at(
    sights: tuple[Sight, ...], media_time_s: float
) -> tuple[Region, ...] | None:
    """Return what to hide in a picture between analysed ones.

    That is what the pictures before and after had to hide, and the way from the one
    to the other of whatever moved.

    Args:
        sights: of one camera, rising in time, in pixels of the same size.
        media_time_s: the picture's time.

    Returns:
        Regions; None when no analysed picture is near enough to tell.
    """
    after = bisect_left(sights, media_time_s, key=lambda sight: sight.media_time_s)
    near = [
        sight
        for sight in sights[max(0, after - 1) : after + 1]
        if abs(sight.media_time_s - media_time_s) <= _REACH_S
    ]
    if not near:
        return None
    regions = [region for sight in near for region in sight.regions]
    if len(near) > 1:
        regions += _ways(near[0].regions, near[1].regions)
    return tuple(regions)


def _ways(before: tuple[Region, ...], after: tuple[Region, ...]) -> list[Region]:
    """Return the area between each region and those that it may have moved to."""
    if not before or not after:
        return []
    # Parked cars and people who wait have no way; they are hidden where they are.
    stayed = iou(_boxes(before), _boxes(after)) >= _STAYED_IOU
    left = [old for row, old in enumerate(before) if not stayed[row].any()]
    came = [new for row, new in enumerate(after) if not stayed[:, row].any()]
    return [
        Region(old.kind, _hull(old.xyxy, new.xyxy))
        for old in left
        for new in came
        if old.kind is new.kind and _may_be_one(old.xyxy, new.xyxy)
    ]


def _boxes(regions: tuple[Region, ...]) -> FloatArray:
    return np.array([region.xyxy for region in regions], np.float32)


def _may_be_one(a: Box, b: Box) -> bool:
    across = max(a[2] - a[0], b[2] - b[0])
    down = max(a[3] - a[1], b[3] - b[1])
    dx = abs((a[0] + a[2]) - (b[0] + b[2])) / 2
    dy = abs((a[1] + a[3]) - (b[1] + b[3])) / 2
    return dx <= _STRIDES * max(across, down) and dy <= _STRIDES * down


def _hull(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
