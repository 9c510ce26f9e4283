"""A clip through the engine's own parts, frame by frame, for people to look at."""

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from vision.bootstrap.cameras import build_camera
from vision.bootstrap.drive import tells_of_now
from vision.bootstrap.model import build_detector, reduced_px
from vision.bootstrap.positions import PositionSources
from vision.bootstrap.site import load_codes
from vision.bootstrap.sources import build_source
from vision.bootstrap.surroundings import Surroundings
from vision.config.cameras import CameraSettings
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.site import SiteSettings
from vision.config.sources import PacketsSource
from vision.core.clock import SystemClock
from vision.core.damage import Damage
from vision.core.errors import ConfigError
from vision.core.events import Code
from vision.core.evidence import Evidence
from vision.core.health import HealthEvent
from vision.core.observation import Observation
from vision.core.ports import Detector, Writing
from vision.core.redaction import without_secrets
from vision.core.violations import Candidate, Slug, Violation
from vision.pipeline.camera import recall_or_detect
from vision.sources.length import length_s

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Instant:
    """One analysed frame and what the engine made of it.

    Attributes:
        observation: frame, detections, places and view.
        steps: events that it opened, updated or cleared.
        candidates: places that have not opened, with their reasons.
    """

    observation: Observation
    steps: tuple[Violation, ...]
    candidates: tuple[Candidate, ...]


class Replay:
    """Shows one clip to one camera of a site, from the beginning, nothing remembered.

    The camera gives zones, rules and sampling period; the clip takes the place of its
    source. Nothing is kept: no evidence, no events, no memory.

    Attributes:
        codes: of the site's taxonomy, by violation.
        damage: what of the clip could not be decoded, known when `instants` ends.
    """

    def __init__(
        self, loaded: Loaded[SiteSettings], clip: Path, camera_id: str | None
    ) -> None:
        """Find the camera and load the model.

        Args:
            loaded: the site.
            clip: a video file.
            camera_id: which camera's zones and rules; None: the only one.

        Raises:
            ConfigError: no such camera, or none named where there are several.
            ModelError: the model cannot be loaded.
        """
        settings = _camera(loaded.settings, camera_id)
        self._settings = _on_clip(settings, clip)
        self._site = loaded.settings
        self._clip = clip
        self._detector: Detector = build_detector(loaded.settings.model)
        self.damage = Damage()
        self.codes: dict[Slug, Code] = load_codes(loaded.settings)

    @property
    def camera(self) -> CameraSettings:
        """Whose zones and rules are shown."""
        return self._settings

    def duration_s(self) -> float | None:
        """Return the clip's length as its container says, seconds, or None."""
        return length_s(self._clip)

    def instants(self, stop: Event) -> Iterator[Instant]:
        """Yield every analysed frame in order, until the end or `stop`.

        Raises:
            SourceError: the clip cannot be read.
            ModelError: the model failed.
        """
        clock = SystemClock()
        kept = _Latest()
        with tempfile.TemporaryDirectory(prefix="streetwarden-") as folder:
            shared = Surroundings(
                settings=self._site,
                labels=self._detector.labels,
                evidence=kept,
                home=Home(Path(folder)),
                clock=clock,
                arrival=Event(),
                on_health=_no_listener,
                positions=PositionSources(clock=clock),
                reduced_px=reduced_px(self._detector),
            )
            camera = build_camera(self._settings, shared)
            source = build_source(
                self._settings, clock=clock, reduced_px=shared.reduced_px
            )
            source.open()
            try:
                while not stop.is_set() and (frame := source.read()) is not None:
                    detections = recall_or_detect(camera, self._detector, frame)
                    steps = camera.observe(frame, detections)
                    yield Instant(
                        observation=kept.latest(),
                        steps=tuple(step for step, _ in steps),
                        candidates=tuple(camera.candidates()),
                    )
            finally:
                camera.end()
                self.damage = source.damage
                source.close()


class _Latest:
    """An evidence store that keeps nothing but the latest observation."""

    def __init__(self) -> None:
        self._seen: list[Observation] = []

    def observe(self, observation: Observation) -> None:
        self._seen = [observation]

    def capture(self, violation: Violation, observation: Observation) -> Writing:
        del violation, observation
        return Evidence

    def latest(self) -> Observation:
        return self._seen[0]


def _camera(settings: SiteSettings, camera_id: str | None) -> CameraSettings:
    known = ", ".join(camera.id for camera in settings.cameras)
    if camera_id is None:
        if len(settings.cameras) > 1:
            msg = f"--camera: got none, expected one of {known}: whose zones are shown?"
            raise ConfigError(msg)
        return settings.cameras[0]
    for camera in settings.cameras:
        if camera.id == camera_id:
            return camera
    msg = f"camera {camera_id}: not in the site file; expected one of {known}"
    raise ConfigError(msg)


def _on_clip(camera: CameraSettings, clip: Path) -> CameraSettings:
    """Return the camera with a clip as its source, every picture of it decoded.

    Raises:
        ConfigError: nobody knows where a vehicle was when it took the clip.
    """
    if camera.position is not None and tells_of_now(camera.position):
        msg = (
            f"camera {camera.id}: position: got {camera.position.type}, which tells of "
            "now, not of a clip; for a replay expected csv, gpx or nmea, recorded with "
            "the clip"
        )
        raise ConfigError(msg)
    starts_at = camera.source.starts_at
    own = camera.source.address
    if camera.position is not None and Path(own).resolve() != clip.resolve():
        logger.warning(
            "%s: is placed by the position file and starts_at of camera %s, whose "
            "source is %s; if that is another drive, give the site the clip's own",
            clip,
            camera.id,
            without_secrets(own),
        )
    source = PacketsSource(
        type="packets", url=str(clip), decode="full", starts_at=starts_at
    )
    return camera.model_copy(update={"source": source})


def _no_listener(_event: HealthEvent) -> None:
    """Health of a camera is no matter of a replay."""
