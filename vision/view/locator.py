"""Lays each picture of a camera over its reference view."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.observation import View, ViewState
from vision.view.known_views import AT_REST, KnownViews
from vision.view.picture import Shot, most_moved_px
from vision.view.references import Fix, Reference
from vision.view.registration import Matrix, Registration, apart, has_detail, register

_FADING = 0.6  # share of agreeing points; below it the light is creeping away
_FEW = 0.2  # share of agreeing points: of two pictures at rest more, whatever drove by
_IN_PLACE_PX = 0.5  # reduced pixels: nearer than this is measuring noise
_STILL_PX = 0.3  # reduced pixels: no camera that moved less needs to be measured again


@dataclass(frozen=True, slots=True)
class LocatorParams:
    """When a picture fits.

    Attributes:
        min_inliers: share of background points that must agree.
        min_background: share of the picture without objects that is needed to tell.
        shake_share: motion, in picture widths, up to which it is compensated at once.
        settle_s: how long a camera must rest until a picture that fits nothing is taken
            for a new light, and is searched for a large motion, seconds.
        regain_s: how long a moved camera must rest until a picture that fits is trusted
            again, seconds.
        flow_s: how long a picture that fits nothing is still trusted, seconds.
        measure_s: longest time for which a camera that seems not to have moved is taken
            to be where it was measured, seconds.
        hidden_s: how long a view that objects hide is trusted without a point of the
            background that agrees, seconds.
        min_common: share of the reference view that a moved camera must still show for
            its zones to be mapped without a person.
    """

    min_inliers: float = 0.3
    min_background: float = 0.3
    shake_share: float = 0.03
    settle_s: float = 5.0
    regain_s: float = 3.0
    flow_s: float = 5.0
    measure_s: float = 5.0
    hidden_s: float = 120.0
    min_common: float = 0.5


class Locator:
    """Knows what a camera shows and where a new picture lies in it."""

    def __init__(self, params: LocatorParams, presets: Mapping[str, ImageU8]) -> None:
        """Start to look.

        Args:
            params: limits.
            presets: a picture, (H, W, 3) uint8 BGR, of each PTZ preset by name.
        """
        self._params = params
        self.known = KnownViews(params.min_inliers, params.shake_share, presets)
        self._latest: Shot | None = None
        self._fix = Fix(Registration(np.eye(3), 1.0), None)
        self._view = View.CLEAR
        self._known_s = -np.inf  # when a picture last fitted
        self._borne_out_s = -np.inf  # when a view was last judged, or seen in place
        self._rest_s = -np.inf  # since when the camera has been at rest
        self._new_light = True  # the first picture, or the first after a switch
        self._fading_s: float | None = None  # since when
        self._measured: tuple[Shot, float, ViewState] | None = None
        self._home: dict[str | None, Matrix] = {}  # where it rests; else as drawn

    def forget(self, kept: Container[str | None] = ()) -> None:
        """Forget all but the presets: the next picture is the reference view.

        Args:
            kept: presets of which nothing is forgotten.
        """
        self.known.forget(kept)
        self._fix = Fix(Registration(np.eye(3), 1.0), None)
        self._view = View.CLEAR
        self._known_s = -np.inf
        self._new_light = True
        self._measured = None
        self._home = {}

    def expect_new_light(self) -> None:
        """Expect that the same view looks different from the next picture on."""
        self._new_light = self._view is View.CLEAR
        self._latest = self._measured = None

    def locate(
        self, shot: Shot, now_s: float, *, scale: float, light: str | None
    ) -> ViewState:
        """Return how a picture lies.

        Args:
            shot: the picture, reduced.
            now_s: media time, seconds.
            scale: reduced pixels per picture pixel.
            light: `colour` or `infrared`, or None.
        """
        if cv2.countNonZero(shot.mask) < self._params.min_background * shot.mask.size:
            return self._hidden(shot, now_s, scale)
        self._borne_out_s = now_s
        if (still := self._still(shot, now_s)) is not None:
            return still
        self._measured = None
        return self._measure(shot, now_s, scale, light)

    def _hidden(self, shot: Shot, now_s: float, scale: float) -> ViewState:
        """Keep the verdict on a picture full of objects, as long as that may be."""
        fix = self.known.references.locate(shot)
        in_place = fix is not None and self._near(fix, shot)
        if in_place or now_s < self._borne_out_s or self._borne_out_s == -np.inf:
            self._borne_out_s = now_s
        unjudged_s = now_s - self._borne_out_s
        if self._view is View.CLEAR and unjudged_s >= self._params.hidden_s:
            return ViewState(View.BLIND, "hidden")
        return self._say("hidden", scale)

    def _still(self, shot: Shot, now_s: float) -> ViewState | None:
        """Return the verdict of a camera in place that has not moved since, or None."""
        if self._measured is None:
            return None
        before, measured_s, state = self._measured
        if not 0 <= now_s - measured_s < self._params.measure_s:
            return None
        if before.grey.shape != shot.grey.shape:
            return None
        if most_moved_px(before, shot) > _STILL_PX:
            return None
        self._latest, self._known_s = shot, now_s
        return state

    def _measure(
        self, shot: Shot, now_s: float, scale: float, light: str | None
    ) -> ViewState:
        """Return how a picture lies by its background points."""
        latest, self._latest = self._latest, shot
        fix = self.known.references.locate(shot)
        if fix is None:
            if not has_detail(shot):
                return ViewState(View.BLIND, "blocked")
            fix = self._search(latest, shot, now_s)
            if fix is None:
                return self._unknown(shot, now_s, scale, light)
        elif not self._near(fix, shot) and not self._same(latest, shot):
            self._rest_s = now_s
        self._known_s, self._fix, self._new_light = now_s, fix, False
        return self._fits(shot, now_s, scale, light)

    def _search(self, latest: Shot | None, shot: Shot, now_s: float) -> Fix | None:
        """Look for a large motion: one that has just happened, or that has ended."""
        steady = self._same(latest, shot)
        if not steady:
            self._rest_s = now_s
        if steady and not (self._view is View.MOVED and self._rested(now_s)):
            return None
        return self.known.references.locate(shot, far=True)

    def _fits(
        self, shot: Shot, now_s: float, scale: float, light: str | None
    ) -> ViewState:
        """Judge a picture that lies somewhere in the reference view."""
        height, width = shot.grey.shape
        p = self._params
        moved_px = self._fix.motion.displacement(width, height)
        if moved_px <= p.shake_share * width:
            self._view = View.CLEAR
            self._keep_up(shot, now_s, light)
            state = self._say(None, scale)
            if state.registration is None and self._fix.motion.inliers >= _FADING:
                self._measured = shot, now_s, state
            return state
        if now_s - self._rest_s < p.regain_s:
            self._view = View.MOVED
            return self._say("moving", scale)
        if self._fix.motion.common(width, height) < p.min_common:
            self._view = View.MOVED
            return self._say("turned_away", scale)
        if self._view is View.MOVED:
            self._home[self._fix.preset] = self._fix.motion.matrix
            self._remember(shot, light)  # from here on it is the nearest known picture
            self._view = View.CLEAR
        self._keep_up(shot, now_s, light)
        return self._say("re_registered", scale)

    def _keep_up(self, shot: Shot, now_s: float, light: str | None) -> None:
        """Remember a picture whose light has crept away while it still fits well.

        Waiting until none fits would chain poor fits, each a pixel off.
        """
        if self._fix.motion.inliers >= _FADING:
            self._fading_s = None
        elif self._fading_s is None or now_s < self._fading_s:
            self._fading_s = now_s
        elif now_s - self._fading_s >= self._params.settle_s:
            self._fading_s = None
            self._remember(shot, light)

    def _unknown(
        self, shot: Shot, now_s: float, scale: float, light: str | None
    ) -> ViewState:
        """Judge a picture that fits nothing: new light, or a new view."""
        p = self._params
        crept = self._view is View.CLEAR and self._rested(now_s)
        # Never moved, yet no longer recognised: the light has crept away.
        if crept or (self._new_light and self._believes(shot, light)):
            self._remember(shot, light)
            self._known_s, self._view, self._new_light = now_s, View.CLEAR, False
        elif now_s - self._known_s >= p.flow_s:
            self._view = View.MOVED
            return self._say("unknown_view", scale)
        return self._say("moving" if self._view is View.MOVED else None, scale)

    def _believes(self, shot: Shot, light: str | None) -> bool:
        """Return whether a picture that fits nothing may still be the same view.

        Asked of each until one fits: the first may show a lorry, or a lamp's glare.
        """
        references = self.known.references
        if len(references) == 0:
            return True
        if self._known_s == -np.inf and (
            self.known.has_presets or any(r.light == light for r in references)
        ):
            return False  # at start a known picture should have fitted: it was turned
        return references.resemble(shot, self._fix.preset)

    def _remember(self, shot: Shot, light: str | None) -> None:
        first = len(self.known.references) == 0
        preset = self._fix.preset
        matrix = self._fix.motion.matrix
        home = self._home.get(preset, np.eye(3))
        if apart(home, matrix, shot) <= AT_REST:
            matrix = home  # where a camera rests is better known than one picture
        self.known.references.add(Reference(shot, matrix, light, preset, is_base=first))

    def _rested(self, now_s: float) -> bool:
        return now_s - self._rest_s >= self._params.settle_s

    def _near(self, fix: Fix, shot: Shot) -> bool:
        """Return whether a picture lies where the one before lay."""
        if fix.preset != self._fix.preset:
            return False
        return apart(self._fix.motion.matrix, fix.motion.matrix, shot) <= AT_REST

    def _same(self, latest: Shot | None, shot: Shot) -> bool:
        """Return whether the camera has not moved since the picture before."""
        if latest is None:
            return False
        motion = register(latest, shot)
        if motion is None or motion.inliers < _FEW:
            return False
        height, width = shot.grey.shape
        longer: float = max(width, height)
        return motion.displacement(width, height) <= AT_REST * longer

    def _say(self, reason: str | None, scale: float) -> ViewState:
        """Return the verdict, with the motion in picture pixels."""
        matrix = self._fix.motion.matrix
        if self._fix.motion.displacement(320, 180) <= _IN_PLACE_PX:
            return ViewState(self._view, reason, preset=self._fix.preset)
        to_small = np.diag([scale, scale, 1.0])
        full = np.linalg.inv(to_small) @ matrix @ to_small
        rows = [(float(a), float(b), float(c)) for a, b, c in full]
        return ViewState(
            self._view,
            reason,
            shift_px=(rows[0][2], rows[1][2]),
            registration=(rows[0], rows[1], rows[2]),
            preset=self._fix.preset,
        )
