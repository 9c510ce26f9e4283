"""One look through one camera: its picture, its zones, the boxes seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vision.bootstrap.patrol import build_mount
from vision.bootstrap.positions import PositionSources
from vision.bootstrap.scene import build_scene
from vision.bootstrap.sources import build_source
from vision.config.cameras import CameraSettings
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.errors import ConfigError, SourceReadError
from vision.core.frame import Frame
from vision.core.mount import Mount
from vision.core.ports import Detector, FrameSource
from vision.core.position import Fix
from vision.core.scene import Scene

_WAIT_S = 10.0  # for the first position: a receiver that is on tells one every second
_STOP_S = 2.0


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a camera that moves was when its picture was taken.

    Attributes:
        mount: how it is fixed to its vehicle.
        fix: where the vehicle was, or None: that is not known.
        told: what its positions are, or why there is none, in words.
    """

    mount: Mount
    fix: Fix | None
    told: str


@dataclass(frozen=True, eq=False, slots=True)
class Sight:
    """What one look gave; `whereabouts` None: the camera stands."""

    frame: Frame
    scene: Scene
    labels: tuple[str, ...]
    detections: Detections
    whereabouts: Whereabouts | None = None


def look(settings: SiteSettings, camera_id: str, detector: Detector) -> Sight:
    """Take one picture of a camera and run the detector on it.

    Raises:
        ConfigError: no camera of that id.
        SourceError: it gives no picture within its time-outs.
        ModelError: the model failed.
    """
    camera = next((c for c in settings.cameras if c.id == camera_id), None)
    if camera is None:
        known = ", ".join(c.id for c in settings.cameras)
        msg = f"camera {camera_id}: not in the site file; expected one of {known}"
        raise ConfigError(msg)
    frame, whereabouts = first_sight(camera, PositionSources(clock=SystemClock()))
    (detections,) = detector.detect([frame])
    scene = build_scene(camera, settings.map_zones)
    return Sight(frame, scene, detector.labels, detections, whereabouts)


def first_sight(
    camera: CameraSettings, sources: PositionSources
) -> tuple[Frame, Whereabouts | None]:
    """Connect, take one picture and let go.

    Of a camera that moves, the first one of which the place is known, or after ten
    seconds the latest.

    Args:
        camera: what the site says.
        sources: of positions; cameras of one vehicle share them.

    Returns:
        The picture, and of a camera that moves where it was taken.

    Raises:
        ConfigError: the camera's positions cannot be read.
        SourceError: it gives no picture within its time-outs.
    """
    if camera.position is None or camera.mount is None:
        return read_one(camera), None
    clock = SystemClock()
    positions = sources.of(camera.position)
    positions.start()
    try:
        with _opened(camera) as source:
            began_s = clock.monotonic_s()
            frame = _read(source, camera.id)
            while (
                positions.at(frame) is None and clock.monotonic_s() - began_s < _WAIT_S
            ):
                later = source.read()
                if later is None:
                    break
                frame = later
            fix = positions.at(frame)
            told = positions.describe() if fix else positions.why_not(frame)
    finally:
        positions.stop(_STOP_S)
    return frame, Whereabouts(build_mount(camera.mount), fix, told)


def read_one(camera: CameraSettings) -> Frame:
    """Connect, take one picture and let go.

    Raises:
        SourceError: it gives no picture within its time-outs.
    """
    with _opened(camera) as source:
        return _read(source, camera.id)


@contextmanager
def _opened(camera: CameraSettings) -> Iterator[FrameSource]:
    source = build_source(camera, clock=SystemClock())
    try:
        source.open()
        yield source
    finally:
        source.close()


def _read(source: FrameSource, camera_id: str) -> Frame:
    frame = source.read()
    if frame is None:
        msg = f"camera {camera_id}: opened, but ended without a picture"
        raise SourceReadError(msg)
    return frame
