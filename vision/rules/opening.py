"""What each view showed when watching began: what stood there was there before."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.frame import Frame
from vision.core.observation import ViewState
from vision.rules.appearance import look_at, similarity
from vision.rules.sighting import Moment, as_xyxy
from vision.rules.slot import Slot

_WIDTH = 320
_KEPT_S = 60.0  # whoever the detector misses for longer has a history of its own
_SAME = 0.85  # likeness within a minute: more than over the hours


@dataclass(frozen=True, eq=False, slots=True)
class _Opening:
    """The first clear picture of one preset; its image is dropped after a minute."""

    at: Moment
    image: ImageU8 | None
    view: ViewState
    scale: float


class Openings:
    """Tells what was there already when a camera, or one of its presets, was seen."""

    def __init__(self, baseline_s: float) -> None:
        """Start without a picture.

        Args:
            baseline_s: what is first seen within this time was there before, seconds.
        """
        self._baseline_s = baseline_s
        self._first: dict[str | None, _Opening] = {}

    def note(self, frame: Frame, view: ViewState) -> None:
        """Take one clear picture."""
        known = self._first.get(view.preset)
        if known is None:
            image = frame.reduced
            height = max(1, round(image.shape[0] * _WIDTH / image.shape[1]))
            small = cv2.resize(image, (_WIDTH, height), interpolation=cv2.INTER_AREA)
            now = Moment(frame.media_time_s, frame.captured_at)
            self._first[view.preset] = _Opening(
                now, np.asarray(small, np.uint8), view, _WIDTH / frame.width
            )
        elif (
            known.image is not None
            and frame.media_time_s - known.at.media_time_s > _KEPT_S
        ):
            self._first[view.preset] = replace(known, image=None)

    def rebase(self, now: Moment) -> None:
        """Move to a media clock that started anew."""
        for preset, known in self._first.items():
            self._first[preset] = replace(known, at=known.at.on_clock_of(now))

    def shows(self, slot: Slot) -> bool:
        """Return whether an object stood there when its view was first seen.

        The detector may miss it for the first seconds; the picture does not.
        """
        first = self._first.get(slot.preset)
        if first is None:
            return False
        since_s = slot.first.media_time_s - first.at.media_time_s
        if since_s <= self._baseline_s:
            return True
        if first.image is None:
            return False
        box = first.view.to_picture(np.array([slot.anchor], np.float32))[0]
        look = look_at(first.image, as_xyxy(box * np.float32(first.scale)))
        alike = similarity(slot.look, look)
        return alike is not None and alike >= _SAME
