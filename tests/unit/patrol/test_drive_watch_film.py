"""What the true boxes of filmed drives tell of a mount: it shakes, others drive too."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.scenarios.patrol.drive import Receiver, two_drives
from tests.scenarios.patrol.film import MOUNT, Film
from tests.unit.patrol.street import LABELS
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.health import HealthEvent
from vision.core.mount import Mount
from vision.core.observation import ViewState
from vision.core.position import Fix
from vision.patrol.drive_watch import DriveWatch
from vision.patrol.params import PATROL_KINDS, PatrolParams
from vision.patrol.places import PatrolPlaces
from vision.positions.csv_file import read_csv
from vision.positions.recorded import RecordedPositions

pytestmark = pytest.mark.slow

_SIZE_PX, _FPS, _DAYS, _MISSED = (960, 540), 5, 2, 0.15
_LABEL = {
    "heap": "garbage",
    "full_bin": "overflowing_bin",
    "bin": "bin",
    "car": "car",
    "person": "person",
}


class _Positions:
    """Those of the drive that is judged now."""

    now: RecordedPositions

    def start(self) -> None: ...

    def stop(self, timeout_s: float) -> None: ...

    def at(self, frame: Frame) -> Fix | None:
        return self.now.at(frame)


def _seen(film: Film, seed: int) -> Iterator[tuple[Frame, Detections]]:
    """Yield the pictures of a drive and the true boxes, some of them missed."""
    rng = np.random.default_rng(seed)
    kinds = {thing.name: thing.kind for thing in film.drive.things()}
    black = np.zeros((_SIZE_PX[1], _SIZE_PX[0], 3), np.uint8)
    for index, (time_s, camera) in enumerate(film.cameras()):
        found = [
            (np.clip(box, 0, _SIZE_PX * 2) + rng.normal(0, 1.5, 4), LABELS.index(label))
            for name, box in film.boxes(time_s, camera).items()
            if (label := _LABEL.get(kinds[name])) and rng.random() >= _MISSED
        ]
        boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
        scores = np.full(len(found), 0.7, np.float32)
        classes = np.array([k for _, k in found], np.int64)
        at = film.drive.begins + timedelta(seconds=time_s)
        yield (
            Frame("patrol", index, time_s, at, black),
            Detections(boxes, scores, classes),
        )


def _drive(told: Mount, folder: Path) -> tuple[list[HealthEvent], DriveWatch]:
    """Drive the street twice on some days with a mount as it is told."""
    health: list[HealthEvent] = []
    positions, params = _Positions(), PatrolParams()
    watch = DriveWatch("patrol", told, params, health.append)
    places = PatrolPlaces(
        "patrol", LABELS, kinds=PATROL_KINDS, mount=told, positions=positions
    )
    places.follow(watch)
    for day in range(_DAYS):
        for first in two_drives(seed=day):
            drive = replace(first, begins=first.begins + timedelta(days=day))
            path = folder / "track.csv"
            columns = ("utc", "lat", "lon", "heading", "speed_mps", "accuracy_m")
            drive.write_track(path, Receiver(), columns)
            positions.now = RecordedPositions(read_csv(path))
            for frame, found in _seen(Film(drive, size_px=_SIZE_PX, fps=_FPS), day):
                places.update(frame, found, ViewState())
            watch.end()
    return health, watch


def test_the_true_mount_is_no_trouble(tmp_path: Path) -> None:
    health, watch = _drive(MOUNT, tmp_path)

    assert health == []
    assert watch.passed > 12
    assert watch.trouble() is None


@pytest.mark.parametrize(
    ("key", "told", "within"),
    [
        ("pitch_deg", 7, 0.5),
        ("pitch_deg", 13, 0.5),
        ("fov_deg", 72, 5),
        ("yaw_deg", 20, 1.5),
        ("yaw_deg", 40, 1.5),
    ],
)
def test_what_is_wrong_with_a_mount_is_found_out_by_driving(
    tmp_path: Path, key: str, told: float, within: float
) -> None:
    _, watch = _drive(replace(MOUNT, **{key: told}), tmp_path)

    _, _, after = (watch.trouble() or "").partition(f"mount.{key} ")
    assert float(after.split()[0]) == pytest.approx(getattr(MOUNT, key), abs=within)
