"""The street without its objects: what ground looks like when it is exposed."""

import math
from collections.abc import Iterable

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8
from vision.core.frame import Frame
from vision.core.geometry import Xyxy, grown
from vision.core.observation import ViewState
from vision.rules.appearance import LOOK_SIZE_PX, is_flat, is_nearly_flat, similarity

_WIDTH = 320
_EVERY_S = 2.0
_TINY_S = 1e-3
_TINY = 1e-6
_FOLLOW_S = 20.0  # time constant with which ground follows light and weather
_KNOWN_S = 3.0  # seen bare for so long before it counts as known
_FAMILIAR_S = 60.0  # and for so long before "nothing was added to it" can be said
_MARGIN = 0.1  # of a box: its shadow is no ground
AROUND = 0.35  # of a box: what lies so near is hidden by what hides the box
_BLUR_PX = 5  # in a picture so small: noise and sway are no change
_OTHER = 0.5  # of the picture's spread of grey, from which a spot looks different,
_OTHER_LEVELS = 5.0, 20.0  # and within these levels: above noise, below clear changes
_FEWEST_PX = 4
_LEAST_AROUND = 0.15  # of a box with its surroundings; half is the box itself
_LEAST_BEFORE = 0.5  # of the strip of ground before a box
_NEARLY_BARE = 0.8  # enough to recognise the ground, too little to be sure of it


class Backdrop:
    """A slowly learned small luma picture of one camera's ground.

    It lies as the reference view does: of a camera that sways or was turned, each
    picture is laid over it first.
    """

    def __init__(self) -> None:
        """Start without knowing anything."""
        self._luma: FloatArray | None = None
        self._known_s: FloatArray = np.empty((0, 0), np.float32)
        self._learned_s = -math.inf
        self._image: ImageU8 = np.zeros((1, 1, 3), np.uint8)
        self._now: ImageU8 | None = None  # the latest picture, reduced when needed
        self._view = ViewState()
        self._scale = 1.0

    def forget(self) -> None:
        """Start anew: the light switched."""
        self._luma = None
        self._known_s = np.empty((0, 0), np.float32)

    def learn(self, frame: Frame, view: ViewState, boxes: Iterable[Xyxy]) -> None:
        """Take one picture.

        Args:
            frame: the picture.
            view: how it lies over the reference view.
            boxes: all that stands or moves on the ground, reference-view pixels.
        """
        now_s = frame.media_time_s
        self._image, self._view = frame.reduced, view
        self._now = None
        self._scale = _WIDTH / frame.width
        dt_s = now_s - self._learned_s
        if self._luma is not None and 0 <= dt_s < _EVERY_S:
            return
        self._learned_s = now_s
        now = self._reduced()
        if self._luma is None or self._luma.shape != now.shape:
            self._luma = now.astype(np.float32)
            self._known_s = np.zeros_like(self._luma)
            dt_s = 0.0
        bare = self._laid(np.full(now.shape, 1, np.uint8))  # 0 outside the picture
        for box in boxes:
            left, top, right, bottom = self._bounds(box, _MARGIN)
            bare[top:bottom, left:right] = 0
        share = 1 - math.exp(-max(0.0, dt_s) / _FOLLOW_S)
        cv2.accumulateWeighted(now, self._luma, share, mask=bare)
        # What is seen bare for the first time is taken over as it is.
        fresh = np.asarray((bare > 0) & (self._known_s == 0), np.bool_)
        if fresh.any():
            np.copyto(self._luma, now, where=fresh)
        self._known_s += bare * np.float32(max(dt_s, _TINY_S))

    def ground(self, box: Xyxy) -> ImageU8 | None:
        """Return what the bare ground under a box looks like.

        Args:
            box: reference-view pixels.

        Returns:
            (32, 32) uint8, or None where it was never seen bare for long enough.
        """
        if self._luma is None:
            return None
        left, top, right, bottom = self._bounds(box, margin=0.0)
        seen = self._known_s[top:bottom, left:right]
        if seen.size < _FEWEST_PX or float(seen.min()) < _KNOWN_S:
            return None
        return _look(self._luma[top:bottom, left:right].astype(np.uint8))

    def is_familiar(self, box: Xyxy) -> bool:
        """Return whether the ground under a box was seen bare for a good while.

        What the detector missed for its first seconds passes for ground, so a short
        acquaintance says nothing against an object.
        """
        left, top, right, bottom = self._bounds(box, margin=0.0)
        seen = self._known_s[top:bottom, left:right]
        return seen.size >= _FEWEST_PX and float(seen.min()) >= _FAMILIAR_S

    def bareness(self, ground: ImageU8, box: Xyxy) -> float:
        """Return how much the latest picture shows the bare ground in a box.

        Args:
            ground: (32, 32) uint8, as `ground` returned it.
            box: reference-view pixels.

        Returns:
            [-1, 1]: normalised cross-correlation; 1 where both are flat, such as plain
            asphalt; less where one of them is hardly more than flat, for there only
            noise is compared; 0 where one has a pattern and the other has none, or the
            box is outside the picture.
        """
        left, top, right, bottom = self._bounds(box, margin=0.0)
        part = self._reduced()[top:bottom, left:right]
        if part.size < _FEWEST_PX:
            return 0.0
        now = _look(part)
        flat = [is_flat(look) for look in (ground, now)]
        if all(flat):
            return 1.0
        if any(flat):
            return _NEARLY_BARE if all(map(is_nearly_flat, (ground, now))) else 0.0
        return similarity(ground, now) or 0.0

    def changed_around(self, box: Xyxy, others: Iterable[Xyxy]) -> float | None:
        """Return how much of the ground around a box is not as it is known.

        Or just before it, if that is more: what hides an object stands nearer, so it
        reaches farther down. There only what is darker counts, as things are on their
        wheels; brighter it is also where the shade of what stood there is gone. Light
        that changed in the whole picture does not count.

        Args:
            box: reference-view pixels.
            others: boxes of what stands or moves there now, likewise.

        Returns:
            Share in [0, 1]; None where too little is known, or seen past the others.
        """
        if self._luma is None:
            return None
        known = self._known_s >= _KNOWN_S
        for one in (box, *others):
            left, top, right, bottom = self._bounds(one, _MARGIN)
            known[top:bottom, left:right] = False
        left, top, right, bottom = self._bounds(box, AROUND)
        near = known[top:bottom, left:right]
        if np.count_nonzero(near) < _LEAST_AROUND * near.size:
            return None
        was, now = _blurred(self._luma), _blurred(self._reduced())
        slope, offset = _light(was[known], now[known])
        expected = slope * was[top:bottom, left:right] + offset
        levels = float(np.clip(_OTHER * now[known].std(), *_OTHER_LEVELS))
        off = now[top:bottom, left:right] - expected
        changed = float(np.mean(np.abs(off[near]) > levels))
        x1, _, x2, foot = self._bounds(box, _MARGIN)
        before = np.s_[foot - top :, x1 - left : x2 - left]
        seen = near[before]
        if np.count_nonzero(seen) > _LEAST_BEFORE * seen.size:
            changed = max(changed, float(np.mean(off[before][seen] < -levels)))
        return changed

    def _reduced(self) -> ImageU8:
        """Return the latest picture in the reference view, (h, 320) uint8 luma."""
        if self._now is None:
            height, width = self._image.shape[:2]
            size = (_WIDTH, max(1, round(height * _WIDTH / width)))
            small = cv2.resize(self._image, size, interpolation=cv2.INTER_NEAREST)
            luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
            self._now = self._laid(luma)
        return self._now

    def _laid(self, small: ImageU8) -> ImageU8:
        """Return a small picture as it lies in the reference view; 0 around it."""
        if self._view.in_place:
            return small
        to_small = np.diag([self._scale, self._scale, 1.0])
        motion = to_small @ np.array(self._view.matrix) @ np.linalg.inv(to_small)
        size = (small.shape[1], small.shape[0])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # from the reference to it
        return np.asarray(cv2.warpPerspective(small, motion, size, flags=how), np.uint8)

    def _bounds(self, box: Xyxy, margin: float) -> tuple[int, int, int, int]:
        """Return a box in small pixels, grown by a share of its size."""
        x1, y1, x2, y2 = (side * self._scale for side in grown(box, margin))
        left, top = max(0, int(x1)), max(0, int(y1))
        return left, top, max(left, int(x2) + 1), max(top, int(y2) + 1)


def _look(part: ImageU8) -> ImageU8:
    size = (LOOK_SIZE_PX, LOOK_SIZE_PX)
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def _blurred(luma: FloatArray | ImageU8) -> FloatArray:
    size = (_BLUR_PX, _BLUR_PX)
    return np.asarray(cv2.blur(luma.astype(np.float32), size), np.float32)


def _light(was: FloatArray, now: FloatArray) -> tuple[float, float]:
    """Return slope and offset of the line that leads from grey levels to others."""
    mean, level = float(was.mean()), float(now.mean())
    spread = was - mean
    slope = float(spread @ (now - level)) / max(float(spread @ spread), _TINY)
    return slope, level - slope * mean
