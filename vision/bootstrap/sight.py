"""One look through one camera: its picture, its zones, the boxes seen."""

from dataclasses import dataclass

from vision.bootstrap.cameras import build_scene
from vision.bootstrap.sources import build_source
from vision.config.cameras import CameraSettings
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.errors import ConfigError, SourceReadError
from vision.core.frame import Frame
from vision.core.ports import Detector
from vision.core.scene import Scene


@dataclass(frozen=True, eq=False, slots=True)
class Sight:
    """What one look gave."""

    frame: Frame
    scene: Scene
    labels: tuple[str, ...]
    detections: Detections


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
    frame = first_frame(camera)
    (detections,) = detector.detect([frame])
    return Sight(frame, build_scene(camera), detector.labels, detections)


def first_frame(camera: CameraSettings) -> Frame:
    """Connect, take one picture and let go.

    Raises:
        SourceError: it gives no picture within its time-outs.
    """
    source = build_source(camera, clock=SystemClock())
    try:
        source.open()
        frame = source.read()
    finally:
        source.close()
    if frame is None:
        msg = f"camera {camera.id}: opened, but ended without a picture"
        raise SourceReadError(msg)
    return frame
