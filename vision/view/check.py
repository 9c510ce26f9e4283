"""Says whether one camera's picture can be trusted, and how it lies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypedDict, cast

import numpy as np

from vision.core.arrays import ImageU8
from vision.core.detections import Detections
from vision.core.errors import ConfigError
from vision.core.frame import Frame
from vision.core.observation import View, ViewState
from vision.view.coverage import CoverageLog, CoverageRecord, DayCoverage
from vision.view.frozen import FrozenWatch
from vision.view.light import LightMeter
from vision.view.locator import Locator, LocatorParams
from vision.view.picture import reduce, shoot, to_luma
from vision.view.quality import QualityParams, flaw
from vision.view.records import ReferenceRecord, from_record, to_record


@dataclass(frozen=True, slots=True)
class ViewParams:
    """When a view is trusted.

    Attributes:
        quality: limits of a single picture.
        location: how a picture is laid over the reference view.
        frozen_s: time of identical pictures from which the stream is `frozen`, seconds.
        every_s: shortest time between two registrations, seconds.
        light_settle_s: how long a camera may take to switch between colour and
            infra-red, seconds.
        timezone: IANA name; None: this machine's. Coverage is counted per local day.
    """

    quality: QualityParams = field(default_factory=QualityParams)
    location: LocatorParams = field(default_factory=LocatorParams)
    frozen_s: float = 30.0
    every_s: float = 1.0
    light_settle_s: float = 3.0
    timezone: str | None = "UTC"


class ViewRecord(TypedDict):
    """What a view check remembers over a restart: plain values, and pictures."""

    version: int
    references: list[ReferenceRecord]
    coverage: CoverageRecord


_VERSION = 1


OtherListener = Callable[[frozenset[str | None]], None]
"""Told that a camera shows something else, with the presets that show the same."""


class CameraView:
    """Checks each picture of one camera against what it should show.

    The first good picture becomes the reference view, or each PTZ preset has one.
    """

    def __init__(
        self,
        params: ViewParams | None = None,
        presets: Mapping[str, ImageU8] | None = None,
    ) -> None:
        """Start to watch.

        Args:
            params: limits.
            presets: a picture, (H, W, 3) uint8 BGR, of each PTZ preset by name.
        """
        self._params = params or ViewParams()
        self._locator = Locator(self._params.location, presets or {})
        self._light = LightMeter()
        self._coverage = CoverageLog(self._params.timezone)
        self._state = ViewState()
        self._located_s = -np.inf
        self._switched_s = -np.inf
        self._frozen = FrozenWatch()
        self._compared: tuple[Callable[[], None], OtherListener] | None = None

    def check(self, frame: Frame, detections: Detections) -> ViewState:
        """Return the verdict on this picture.

        Args:
            frame: the picture.
            detections: what must be left out of the background, picture pixels.
        """
        small = reduce(frame.reduced)
        luma = to_luma(small)
        reason = self._trouble(small, luma, frame)
        if reason is None:
            self._locate(luma, frame, detections)
            state = self._state
        else:
            state = ViewState(View.BLIND, reason, light=self._light.light)
        self._coverage.note(state.view, frame.media_time_s, frame.captured_at)
        return state

    def confirm(self) -> None:
        """Take what the camera shows next as its reference view: a person said so."""
        self._locator.forget()

    def compare(self, *, same: Callable[[], None], other: OtherListener) -> None:
        """Find out by the next good picture whether the camera shows what it showed.

        If it does not, or nobody can tell, that picture becomes the reference view. The
        picture of a preset is given, and everything lies in it: presets are compared at
        once, each by its picture of now and those of before.

        Args:
            same: told that it does, before that picture is judged;
            other: or that it does not. At once where no earlier picture is known.
        """
        self._compared = same, other
        if self._locator.known.has_presets:
            kept, whole = self._locator.known.compare_presets()
            self._answer(same=whole, kept=kept)
        elif not self._locator.known.knows_view:
            self._answer(same=False)

    def coverage(self) -> tuple[DayCoverage, ...]:
        """Return how long the camera could see, per day, oldest first."""
        return self._coverage.days()

    def state(self) -> ViewRecord:
        """Return what to remember over a restart: plain values, and pictures."""
        return {
            "version": _VERSION,
            "references": [
                to_record(known) for known in self._locator.known.references
            ],
            "coverage": self._coverage.state(),
        }

    def restore(self, record: object) -> None:
        """Take up what was remembered.

        Args:
            record: what `state` returned before the restart, perhaps by way of JSON.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            stored = cast("ViewRecord", record)
            if stored["version"] != _VERSION:
                msg = f"got version {stored['version']}"
                raise ValueError(msg)  # noqa: TRY301 one message for all damage
            stored_references = map(from_record, stored["references"])
            references = [known for known in stored_references if known is not None]
            views = {known["preset"] for known in stored["references"]}
            self._coverage.restore(stored["coverage"])
        except (KeyError, TypeError, ValueError) as error:
            msg = (
                f"stored view: {error!r}, expected version {_VERSION}; "
                "delete it to take the next picture as reference"
            )
            raise ConfigError(msg) from error
        self._locator.known.restore(references, views)

    def _trouble(self, small: ImageU8, luma: ImageU8, frame: Frame) -> str | None:
        """Return why a picture cannot be used at all, or None."""
        now_s = frame.media_time_s
        unchanged_s = self._frozen.note(small, now_s)
        reason = flaw(small, luma, self._params.quality)
        if reason is not None:
            return reason
        if unchanged_s >= self._params.frozen_s:
            return "frozen"
        if self._light.read(small, now_s):
            self._switched_s = now_s
            self._locator.expect_new_light()
        switching = 0 <= now_s - self._switched_s < self._params.light_settle_s
        return "light_switch" if switching else None

    def _locate(self, luma: ImageU8, frame: Frame, detections: Detections) -> None:
        now_s = frame.media_time_s
        if 0 <= now_s - self._located_s < self._params.every_s:
            return
        self._located_s = now_s
        scale = luma.shape[1] / frame.width
        shot = shoot(luma, np.asarray(detections.xyxy * scale, np.float32))
        if self._compared is not None:
            self._answer(same=self._locator.known.recognises(shot))
        light = self._light.light
        self._state = replace(
            self._locator.locate(shot, now_s, scale=scale, light=light), light=light
        )

    def _answer(self, *, same: bool, kept: frozenset[str | None] = frozenset()) -> None:
        """Tell once whether the camera shows what it showed, or which presets do."""
        if self._compared is None:
            return
        on_same, on_other = self._compared
        self._compared = None
        if same:
            on_same()
        else:
            self._locator.forget(kept)
            on_other(kept)
