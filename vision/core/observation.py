"""What a rule is shown: one analysed frame of one camera."""

from dataclasses import dataclass
from enum import StrEnum

from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.places import Place
from vision.core.scene import Scene
from vision.core.tracks import Track


class View(StrEnum):
    """Whether the picture can be trusted; every value but CLEAR stops all timers."""

    CLEAR = "clear"
    MOVED = "moved"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class ViewState:
    """Verdict on one picture.

    Attributes:
        view: clear, moved or blind.
        reason: why it is not clear, in one word (`black`, `frozen`, `grey` ...).
        shift_px: estimated camera motion (dx, dy) since the reference, pixels.
    """

    view: View = View.CLEAR
    reason: str | None = None
    shift_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False, slots=True)
class Observation:
    """A frame with all that was made of it.

    Attributes:
        frame: the picture itself.
        scene: the camera's zones.
        labels: class names; `detections.class_id` points into them.
        detections: all boxes of this picture.
        tracks: moving objects alive now.
        places: still objects, places that ended with this frame included.
        view: whether timers may advance.
        dt_s: media time since the camera's previous analysed frame, seconds, >= 0.
    """

    frame: Frame
    scene: Scene
    labels: tuple[str, ...]
    detections: Detections
    tracks: tuple[Track, ...]
    places: tuple[Place, ...]
    view: ViewState
    dt_s: float
