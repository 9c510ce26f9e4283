"""Says whether one camera's picture can be trusted, and how it lies."""

from dataclasses import dataclass, field

import numpy as np

from vision.core.arrays import ImageU8
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.observation import View, ViewState
from vision.view.picture import Shot, reduce, shoot
from vision.view.quality import QualityParams, flaw
from vision.view.registration import Registration, register


@dataclass(frozen=True, slots=True)
class ViewParams:
    """When a view is trusted.

    Attributes:
        quality: limits of a single picture.
        frozen_s: time of identical pictures from which the stream is `frozen`, seconds.
        every_s: shortest time between two registrations, seconds.
        min_inliers: share of background points that must agree.
        shake_share: motion, in picture widths, up to which it is compensated at once.
        settle_s: how long a moved camera must rest until its new view is taken up.
        flow_s: how long a view that cannot be registered is still trusted, seconds.
    """

    quality: QualityParams = field(default_factory=QualityParams)
    frozen_s: float = 30.0
    every_s: float = 1.0
    min_inliers: float = 0.3
    shake_share: float = 0.03
    settle_s: float = 5.0
    flow_s: float = 5.0


class CameraView:
    """Checks each picture of one camera against what it should show."""

    def __init__(self, params: ViewParams | None = None) -> None:
        """Start without a reference view; the first good picture becomes it.

        Args:
            params: limits.
        """
        self._params = params or ViewParams()
        self._reference: Shot | None = None
        self._latest: Shot | None = None
        self._state = ViewState()
        self._registered_s = -np.inf
        self._known_s = -np.inf
        self._moved_since_s: float | None = None
        self._small: ImageU8 | None = None
        self._changed_s = 0.0

    def check(self, frame: Frame, detections: Detections) -> ViewState:
        """Return the verdict on this picture.

        Args:
            frame: the picture.
            detections: what must be left out of the background, picture pixels.
        """
        small = reduce(frame.image)
        reason = flaw(small, self._params.quality) or self._frozen(small, frame)
        if reason is not None:
            return ViewState(View.BLIND, reason)
        now_s = frame.media_time_s
        if 0 <= now_s - self._registered_s < self._params.every_s:
            return self._state
        self._registered_s = now_s
        scale = small.shape[1] / frame.width
        shot = shoot(small, np.asarray(detections.xyxy * scale, np.float32))
        self._state = self._compare(shot, now_s, scale)
        return self._state

    def _frozen(self, small: ImageU8, frame: Frame) -> str | None:
        """Return `frozen` when the picture has not changed at all for too long."""
        now_s = frame.media_time_s
        same = self._small is not None and np.array_equal(self._small, small)
        if not same or now_s < self._changed_s:
            self._small, self._changed_s = small, now_s
        return "frozen" if now_s - self._changed_s >= self._params.frozen_s else None

    def _compare(self, shot: Shot, now_s: float, scale: float) -> ViewState:
        """Return how a good picture lies over the reference view."""
        if self._reference is None:
            self._reference = self._latest = shot
            return ViewState()
        p = self._params
        motion = self._register(self._reference, shot)
        if motion is None:
            return self._unknown(shot, now_s)
        self._known_s = now_s
        height, width = shot.grey.shape
        state = _lies(motion, scale)
        if motion.displacement(width, height) <= p.shake_share * width:
            self._moved_since_s = None
            return state
        if self._moved_since_s is None or not self._rests(shot):
            self._moved_since_s = now_s
        self._latest = shot
        if now_s - self._moved_since_s < p.settle_s:
            return ViewState(View.MOVED, "moved", state.shift_px, state.registration)
        return ViewState(
            View.CLEAR, "re-registered", state.shift_px, state.registration
        )

    def _unknown(self, shot: Shot, now_s: float) -> ViewState:
        """Judge a picture that does not fit the reference: new light or a new view."""
        if self._latest is not None and self._rests(shot):
            self._latest = shot
            if self._state.view is View.CLEAR:
                return self._state
        self._latest = shot
        if now_s - self._known_s < self._params.flow_s:
            return self._state
        return ViewState(View.MOVED, "unknown_view")

    def _rests(self, shot: Shot) -> bool:
        """Return whether the camera has not moved since the latest picture."""
        if self._latest is None:
            return False
        height, width = shot.grey.shape
        motion = self._register(self._latest, shot)
        limit = self._params.shake_share * width / 4
        return motion is not None and motion.displacement(width, height) <= limit

    def _register(self, first: Shot, second: Shot) -> Registration | None:
        motion = register(first.grey, second.grey, first.mask & second.mask)
        if motion is None or motion.inliers < self._params.min_inliers:
            return None
        return motion


def _lies(motion: Registration, scale: float) -> ViewState:
    """Return a motion of reduced pictures as one of full pictures.

    Args:
        motion: between reduced pictures.
        scale: reduced pixels per picture pixel.
    """
    to_small = np.diag([scale, scale, 1.0])
    full = np.linalg.inv(to_small) @ motion.matrix @ to_small
    rows = [(float(a), float(b), float(c)) for a, b, c in full]
    shift = (rows[0][2], rows[1][2])
    return ViewState(shift_px=shift, registration=(rows[0], rows[1], rows[2]))
