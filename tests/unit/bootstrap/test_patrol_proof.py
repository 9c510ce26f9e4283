"""Two drives in two runs over one home: what they prove together."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.fakes import ListSink
from tests.unit.patrol.street import (
    LABELS,
    MOUNT,
    NOON,
    PERIOD_S,
    PLANE,
    SIZE,
    Drive,
    Thing,
)
from vision.bootstrap.evidence import build_evidence, evidence_policy
from vision.bootstrap.site import Outlets, Watch, build_engine
from vision.cli import evidence
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.events import Provenance, ViolationEvent
from vision.core.evidence import Artifact
from vision.core.frame import Frame
from vision.core.violations import Lifecycle, Slug
from vision.pipeline.delivery import HeldDelivery

CAR = Thing("car", 4.0, 30.0, (4.2, 1.5))
LATER = timedelta(minutes=10)


class Known:
    """A detector that is told what is in each picture."""

    labels = LABELS
    model_id = "told/1"
    model_sha256 = "0" * 64

    def __init__(self) -> None:
        self.at: dict[datetime, Detections] = {}

    def detect(self, images: Sequence[Frame]) -> list[Detections]:
        return [self.at[image.captured_at] for image in images]


def film(folder: Path, drive: Drive, *things: Thing) -> Known:
    """Write a drive's pictures and positions; return what is in them."""
    (folder / "pictures").mkdir(parents=True)
    ground = np.random.default_rng(drive.seed).integers(60, 120, (90, 160, 3), np.uint8)
    known = Known()
    lines = ["utc,lat,lon,heading,speed,accuracy"]
    for step in range(drive.steps):
        frame, found = drive.frame(step, things)
        street = cv2.resize(
            np.roll(ground, 2 * step, 1), SIZE, interpolation=cv2.INTER_NEAREST
        )
        thing = (frame.image != 90).any(axis=2)
        street[thing] = frame.image[thing]
        cv2.imwrite(str(folder / "pictures" / f"{step:04}.png"), street)
        at = drive.start + timedelta(seconds=step * PERIOD_S)
        known.at[at] = found
        fix = drive.at(frame)
        assert fix is not None
        where = f"{fix.lat:.7f},{fix.lon:.7f},0,{fix.speed_mps},{fix.accuracy_m}"
        lines.append(f"{at.isoformat()},{where}")
    (folder / "drive.csv").write_text("\n".join(lines), encoding="utf-8")
    return known


def site(folder: Path, drive: Drive) -> Loaded[SiteSettings]:
    corners = [(-40, -60), (40, -60), (40, 120), (-40, 120)]
    kerb = [PLANE.degrees(east, north) for east, north in corners]
    settings = {
        "site": "demo",
        "model": {"type": "onnx", "path": "models/street-n"},
        "map_zones": [{"id": "kerb", "kind": "no_parking", "polygon": kerb}],
        "cameras": [
            {
                "id": "patrol-7",
                "source": {
                    "type": "images",
                    "path": str(folder / "pictures"),
                    "starts_at": drive.start.isoformat(),
                },
                "mount": asdict(MOUNT),
                "position": {"type": "csv", "path": str(folder / "drive.csv")},
            }
        ],
        "rules": [{"type": "illegal_parking"}],
        "sinks": [{"type": "jsonl"}],
    }
    return Loaded(SiteSettings.model_validate(settings), folder / "site.yaml", "0" * 64)


def run(home: Home, folder: Path, drive: Drive, *things: Thing) -> list[ViolationEvent]:
    """Watch a drive in a run of its own, from its files."""
    loaded, known = site(folder, drive), film(folder, drive, *things)
    clock, sink = SystemClock(), ListSink()
    delivery = HeldDelivery(sink, clock)
    store = build_evidence(
        home,
        Provenance("1", loaded.sha256, known.model_id, known.model_sha256, 0),
        clock=clock,
        on_health=delivery.health,
        policy=evidence_policy(loaded.settings.evidence, None),
    )
    engine = build_engine(
        loaded,
        home,
        detector=known,
        outlets=Outlets(delivery, store),
        clock=clock,
        watch=Watch(),
    )
    try:
        assert engine.run(Event()).frames == drive.steps
    finally:
        store.close(20)
    return sink.events


def file_of(event: ViolationEvent, role: str) -> Artifact:
    (one,) = (file for file in event.evidence.artifacts if file.role == role)
    return one


@pytest.mark.timeout(180)  # three runs of an engine
def test_the_picture_of_the_first_drive_proves_what_the_second_one_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    first, second, third = (
        Drive(NOON + n * LATER, (4.0, 46.0), jitter_m=0.02, seed=n) for n in range(3)
    )

    before = run(home, tmp_path / "first", first, CAR)
    waiting = list(home.sights.rglob("*.*"))
    (opened,) = run(home, tmp_path / "second", second, CAR)
    (cleared,) = run(home, tmp_path / "third", third)

    assert before == []
    assert len(waiting) == 1
    assert opened.violation.slug is Slug.ILLEGAL_PARKING
    assert cleared.violation.lifecycle is Lifecycle.CLEARED
    for event, now in ((opened, second), (cleared, third)):
        then, decided = file_of(event, "wide_first"), file_of(event, "wide_deciding")
        assert first.start <= then.captured_at < first.start + LATER / 2
        assert now.start <= decided.captured_at < now.start + LATER / 2
        assert then.frame_index is not None
        shown = cv2.imread(str(then.path))
        number = f"{then.frame_index:04}.png"
        taken = cv2.imread(str(tmp_path / "first" / "pictures" / number))
        assert shown is not None
        assert taken is not None
        assert np.abs(shown.astype(int) - taken).mean() < 5
        assert hashlib.sha256(then.path.read_bytes()).hexdigest() == then.sha256
    then = file_of(opened, "wide_first")
    sealed = json.loads((then.path.parent / "manifest.json").read_text())
    firsts = [file for file in sealed["files"] if file["role"] == "wide_first"]
    assert [file["sha256"] for file in firsts] == [then.sha256] * 2
    assert {file["captured_at"] for file in firsts} == {then.captured_at.isoformat()}
    assert list(home.sights.rglob("*.*")) == []

    monkeypatch.setenv("STREETWARDEN_HOME", str(home.root))
    done = CliRunner().invoke(evidence.app, ["verify", "--all"])
    assert done.exit_code == 0, done.output
