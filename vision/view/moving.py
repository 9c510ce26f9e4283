"""Says whether the picture of a camera on a vehicle can be trusted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypedDict, cast

from vision.core.detections import Detections
from vision.core.errors import ConfigError
from vision.core.frame import Frame
from vision.core.observation import View, ViewState
from vision.core.position import Fix
from vision.view.coverage import CoverageLog, CoverageRecord, DayCoverage
from vision.view.frozen import FrozenWatch
from vision.view.light import LightMeter
from vision.view.picture import reduce, to_luma
from vision.view.quality import QualityParams, flaw

_VERSION = 1


@dataclass(frozen=True, slots=True)
class MovingViewParams:
    """When the view of a camera that moves is trusted.

    Attributes:
        quality: limits of a single picture.
        frozen_s: time of identical pictures while it drives from which the stream is
            `frozen`, seconds.
        drives_mps: speed from which it drives, metres per second: a receiver that
            stands still tells of a tenth or two.
        timezone: IANA name; None: this machine's. Coverage is counted per local day.
    """

    quality: QualityParams = field(default_factory=QualityParams)
    frozen_s: float = 3.0
    drives_mps: float = 1.0
    timezone: str | None = "UTC"


class MovingViewRecord(TypedDict):
    """What the view check of a camera that moves remembers over a restart."""

    version: int
    coverage: CoverageRecord


class MovingView:
    """A `core.ports.ViewCheck` for a camera that shows another street all the time.

    There is no reference view: every picture is taken as it is, if it shows anything
    and it is known where it was taken.
    """

    def __init__(
        self,
        fix_at: Callable[[Frame], Fix | None],
        params: MovingViewParams | None = None,
    ) -> None:
        """Start to watch.

        Args:
            fix_at: tells where the vehicle was, or None.
            params: limits.
        """
        self._fix_at = fix_at
        self._params = params or MovingViewParams()
        self._frozen = FrozenWatch()
        self._light = LightMeter()
        self._coverage = CoverageLog(self._params.timezone)

    def check(self, frame: Frame, detections: Detections) -> ViewState:
        """Return the verdict on this picture: clear, or blind and why."""
        del detections  # nothing is laid over anything
        reason = self._trouble(frame)
        view = View.CLEAR if reason is None else View.BLIND
        self._coverage.note(view, frame.media_time_s, frame.captured_at)
        return ViewState(view, reason, light=self._light.light)

    def coverage(self) -> tuple[DayCoverage, ...]:
        """Return how long the camera could see, per day, oldest first."""
        return self._coverage.days()

    def state(self) -> MovingViewRecord:
        """Return what to remember over a restart, as plain values."""
        return {"version": _VERSION, "coverage": self._coverage.state()}

    def restore(self, record: object) -> None:
        """Take up what was remembered.

        Args:
            record: what `state` returned before the restart, perhaps by way of JSON.

        Raises:
            ConfigError: it cannot be read.
        """
        try:
            stored = cast("MovingViewRecord", record)
            if stored["version"] != _VERSION:
                msg = f"got version {stored['version']}"
                raise ValueError(msg)  # noqa: TRY301 one message for all damage
            self._coverage.restore(stored["coverage"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            msg = (
                f"stored view: {error!r}, expected version {_VERSION}; delete it to "
                "begin its coverage anew"
            )
            raise ConfigError(msg) from error

    def _trouble(self, frame: Frame) -> str | None:
        """Return why a picture cannot be used, or None."""
        small = reduce(frame.reduced)
        now_s = frame.media_time_s
        fix = self._fix_at(frame)
        # Who stands sees the same for as long as it likes.
        if fix is not None and fix.speed_mps < self._params.drives_mps:
            self._frozen.forget()
        unchanged_s = self._frozen.note(small, now_s)
        reason = flaw(small, to_luma(small), self._params.quality)
        if reason is not None:
            return reason
        self._light.read(small, now_s)
        if unchanged_s >= self._params.frozen_s:
            return "frozen"
        return "no_position" if fix is None else None
