"""The engine on labelled clips, one clip at a time."""

import hashlib
import os
import shutil
from collections import defaultdict
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from threading import Event

from vision.bootstrap.asking import Asker, Overheard
from vision.bootstrap.cameras import build_camera, patience_of
from vision.bootstrap.model import build_detector, reduced_px
from vision.bootstrap.positions import PositionSources
from vision.bootstrap.site import load_codes
from vision.bootstrap.sources import build_source
from vision.bootstrap.suite_camera import camera_of, identifier, template_of
from vision.bootstrap.surroundings import Surroundings
from vision.config.cameras import CameraSettings
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.site import SiteSettings, load_site
from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.events import Provenance, ViolationEvent
from vision.core.frame import Frame
from vision.core.health import HealthEvent
from vision.core.observation import View, ViewState
from vision.core.ports import Clock, Detector, EvidenceStore, Writing
from vision.core.violations import Candidate, Violation
from vision.evaluation.found import (
    ClipRun,
    Unclear,
    fold,
    gaps,
    not_opened,
    time_with_pictures,
)
from vision.evaluation.truth import TruthClip
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.pipeline.camera import Camera, recall_or_detect

_CLIPS_S = 60.0  # for the clips of evidence that were begun
_MOST_WAITING = 1024


@dataclass(frozen=True, slots=True)
class SuiteWatcher:
    """Shows labelled clips to a site's rules, one clip at a time.

    The site gives model, rules and sampling period: those of the camera that the truth
    names, or of its first camera when it has none of that name. Each clip gives its own
    zones, or has those of that camera. Frames go through the same camera parts as in a
    running engine, in order and without threads, so that two runs decide alike.

    Attributes:
        loaded: the site.
        detector: its model.
        home: where evidence of this evaluation goes, one folder per clip: clips that
            are watched at the same time share no chain of seals.
        clock: wall time for file names.
    """

    loaded: Loaded[SiteSettings]
    detector: Detector
    home: Home
    clock: Clock = field(default_factory=SystemClock)

    def watch(self, truth: TruthClip) -> ClipRun:
        """Analyse one clip from its beginning, with nothing remembered.

        What an earlier watching left as its evidence is removed: it would be handed
        out again as this one's.

        Raises:
            SourceError: the clip cannot be read.
            ModelError: the model failed.
            ConfigError: the truth's zones fit no camera, or it has none and the site
                does not say whose count.
        """
        template = template_of(self.loaded.settings, truth)
        settings = camera_of(truth, template)
        evidence = self._evidence(truth)
        late: dict[str, list[Path]] = defaultdict(list)
        evidence.deliver_late_to(
            lambda event_id, files: late[event_id].extend(
                artifact.path for artifact in files.artifacts
            )
        )
        overheard = Overheard(evidence)
        try:
            camera = build_camera(settings, self._surroundings(template, overheard))
            reported = evidence.afterwards.reported
            asker = Asker(truth, camera.parts.rules, reported)
            watching = _Watching(camera, overheard, asker)
            run = self._run(watching, settings, evidence)
        finally:
            evidence.close(_CLIPS_S)
        return replace(
            run,
            found=tuple(
                replace(one, evidence=(*one.evidence, *sorted(late[one.event_id])))
                for one in run.found
            ),
        )

    def _run(
        self, watching: "_Watching", settings: CameraSettings, evidence: PackageStore
    ) -> ClipRun:
        source = build_source(
            settings,
            clock=self.clock,
            on_packet=evidence.add_packet,
            reduced_px=reduced_px(self.detector),
        )
        codes = load_codes(self.loaded.settings)
        events: list[ViolationEvent] = []
        times_s: list[float] = []
        size = (1, 1)
        source.open()
        try:
            while (frame := source.read()) is not None:
                times_s.append(frame.media_time_s)
                size = (frame.width, frame.height)
                detections = recall_or_detect(watching.camera, self.detector, frame)
                events += [
                    ViolationEvent(
                        violation=violation,
                        scene=watching.camera.parts.scene,
                        code=codes[violation.slug],
                        provenance=self._provenance(),
                        evidence=write(),
                    )
                    for violation, write in watching.observe(frame, detections)
                ]
        finally:
            source.close()
        longest_s = patience_of(
            self.loaded.settings.places, settings.period_s, self.detector.labels
        ).max_gap_s
        unclear = (*watching.unclear, *gaps(times_s, longest_s))
        return ClipRun(
            watched_s=time_with_pictures(times_s, longest_s),
            last_s=times_s[-1] if times_s else 0.0,
            found=tuple(fold(events, size)),
            not_opened=not_opened(watching.waiting.values(), size),
            frames=len(times_s),
            looks=watching.asker.answered,
            unclear=tuple(sorted(unclear, key=lambda spell: spell.start_s)),
            damage=source.damage,
        )

    def _evidence(self, truth: TruthClip) -> PackageStore:
        folder = self.home.evidence / folder_of(truth.path, truth.clip.stem)
        shutil.rmtree(folder, ignore_errors=True)
        return PackageStore(
            folder,
            provenance=self._provenance(),
            clock=self.clock,
            on_health=_no_listener,
            policy=StorePolicy(),
        )

    def _surroundings(
        self, template: CameraSettings, evidence: EvidenceStore
    ) -> Surroundings:
        rules = tuple(
            rule.model_copy(update={"cameras": None})
            for rule in self.loaded.settings.rules
            if rule.cameras is None or template.id in rule.cameras
        )
        return Surroundings(
            settings=self.loaded.settings.model_copy(update={"rules": rules}),
            labels=self.detector.labels,
            evidence=evidence,
            home=self.home,
            clock=self.clock,
            arrival=Event(),
            on_health=_no_listener,
            positions=PositionSources(clock=self.clock),
            reduced_px=reduced_px(self.detector),
        )

    def _provenance(self) -> Provenance:
        return Provenance(
            engine_version=version("streetwarden"),
            config_sha256=self.loaded.sha256,
            model_id=self.detector.model_id,
            model_sha256=self.detector.model_sha256,
        )


@dataclass(slots=True)
class _Watching:
    """One camera at one clip, and what is noted beside its events.

    Attributes:
        camera: the engine's.
        overheard: in front of its store.
        asker: puts questions.
        waiting: by rule and place, what has not opened, as it was last judged; the
            oldest are forgotten first.
        unclear: when the view could not be trusted.
    """

    camera: Camera
    overheard: Overheard
    asker: Asker
    waiting: dict[tuple[str, str], Candidate] = field(default_factory=dict)
    unclear: list[Unclear] = field(default_factory=list)
    _was_clear: bool = True

    def observe(
        self, frame: Frame, detections: Detections
    ) -> list[tuple[Violation, Writing]]:
        """Analyse one frame."""
        steps = self.camera.observe(frame, detections)
        for candidate in self.camera.candidates():
            self.waiting[candidate.rule, candidate.place.place_id] = candidate
        for violation, _ in steps:
            self.waiting.pop((violation.rule, violation.place.place_id), None)
        while len(self.waiting) > _MOST_WAITING:
            del self.waiting[next(iter(self.waiting))]
        if self.overheard.latest is not None:
            self._note_view(self.overheard.latest.view, frame.media_time_s)
            said = [violation for violation, _ in steps]
            self.asker.follow(self.overheard.latest, said)
        return steps

    def _note_view(self, state: ViewState, at_s: float) -> None:
        clear, self._was_clear = self._was_clear, state.view is View.CLEAR
        if state.view is View.CLEAR:
            return
        before = self.unclear[-1] if self.unclear and not clear else None
        if before is not None and before.view == state.view.value:
            self.unclear[-1] = replace(before, end_s=at_s)
        elif len(self.unclear) < _MOST_WAITING:
            self.unclear.append(
                Unclear(state.view.value, at_s, at_s, state.reason or "")
            )


def build_suite_watcher(config: Path, out: Path, share: int = 1) -> SuiteWatcher:
    """Load a site and its model to judge clips with.

    Args:
        config: the site file.
        out: folder whose `evidence` gets what proves the events.
        share: watchers that work on this machine at the same time; the model's threads
            are divided among them unless the site names their number.

    Raises:
        ConfigError: the site file is faulty.
        ModelError: the model cannot be loaded.
    """
    loaded = load_site(config)
    model = loaded.settings.model
    if share > 1 and model.threads == 0:
        each = max(1, (os.cpu_count() or 1) // share)
        model = model.model_copy(update={"threads": each})
    return SuiteWatcher(loaded, build_detector(model), Home(out))


def folder_of(truth: Path, name: str) -> str:
    """Return where the evidence of a truth lies: its name, and the truth's digest.

    Two clips of one name in different folders have different truths.
    """
    digest = hashlib.sha256(truth.read_bytes()).hexdigest()[:8]
    return f"{identifier(name)}-{digest}"


def _no_listener(_event: HealthEvent) -> None:
    """Health of a camera is no matter of a judged clip."""
