"""`streetwarden run` with the shipped model, made to be killed.

Without the file TAPE the model looks at every picture, and what it saw is written there
at the end; with it, the same pictures get what the model saw in them, and a picture
that is not on it is an error. All else is the engine as the command builds it.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np

from vision.bootstrap.model import build_detector
from vision.cli.app import main
from vision.config.models import ModelSettings
from vision.core.arrays import FloatArray
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.ports import Detector
from vision.detectors.model_file import read_model_file

Seen = dict[str, FloatArray]
"""Per picture, by the digest of its pixels: (N, 6) x1, y1, x2, y2, score, class."""


class Recording:
    """The real detector, with a memory of what it saw."""

    def __init__(self, detector: Detector, ready: Path) -> None:
        self.labels = detector.labels
        self.model_id = detector.model_id
        self.model_sha256 = detector.model_sha256
        self.seen: Seen = {}
        self._detector = detector
        self._ready = ready

    def detect(self, images: Sequence[Frame]) -> list[Detections]:
        self._ready.touch()
        found = self._detector.detect(images)
        for image, one in zip(images, found, strict=True):
            columns = (one.xyxy, one.score[:, None], one.class_id[:, None])
            self.seen[_key(image)] = np.hstack(columns).astype(np.float32)
        return found

    def save(self, tape: Path) -> None:
        np.savez(tape, labels=np.array(self.labels), **self.seen)  # type: ignore[arg-type]  # keywords are the arrays' names


class Playback:
    """What the real detector saw in the very same pictures."""

    def __init__(self, settings: ModelSettings, tape: Path, ready: Path) -> None:
        with np.load(tape) as arrays:
            self._seen: Seen = {name: arrays[name] for name in arrays.files}
        self.labels = tuple(str(label) for label in self._seen.pop("labels"))
        model = read_model_file(settings.path)
        self.model_id = model.model_id
        self.model_sha256 = model.sha256
        self._ready = ready

    def detect(self, images: Sequence[Frame]) -> list[Detections]:
        self._ready.touch()
        return [_detections(self._seen[_key(image)]) for image in images]


def _key(image: Frame) -> str:
    return f"{image.index}-{hashlib.sha256(image.reduced.tobytes()).hexdigest()}"


def _detections(rows: FloatArray) -> Detections:
    return Detections(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64))


def run(site: Path, tape: Path, environment: dict[str, str], log: Path) -> None:
    """Be the command, in a process of its own.

    Args:
        site: the site file.
        tape: what the model saw; written if missing. TAPE.ready appears with the
            first picture.
        environment: added to the process's own.
        log: gets standard output and standard error.
    """
    os.environ |= environment
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    made: list[Recording] = []
    ready = tape.with_suffix(".ready")

    def record(settings: ModelSettings) -> Detector:
        made.append(Recording(build_detector(settings), ready))
        return made[0]

    def play(settings: ModelSettings) -> Detector:
        return Playback(settings, tape, ready)

    sys.argv = ["streetwarden", "run", str(site)]
    built = "vision.bootstrap.site.build_detector"
    with patch(built, play if tape.exists() else record):
        try:
            main()
        except SystemExit as end:
            if end.code:
                raise
    if made:
        made[0].save(tape)
