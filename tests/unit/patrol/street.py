"""A flat street without pictures: what a detector would report from a vehicle."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.geometry import Xyxy, box_area, shared_area
from vision.core.mount import Mount
from vision.core.observation import ViewState
from vision.core.places import Place
from vision.core.position import Fix, LocalPlane
from vision.patrol.drive_watch import DriveWatch
from vision.patrol.params import PATROL_KINDS, PatrolParams
from vision.patrol.places import PatrolPlaces

LABELS = ("garbage", "bin", "overflowing_bin", "street_vendor", "person", "car", "bus")
SIZE = 1280, 720
PLANE = LocalPlane(30.5931, 114.3054)
MOUNT = Mount(height_m=2.1, yaw_deg=35, pitch_deg=10, fov_deg=90)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
PERIOD_S = 0.2


@dataclass(frozen=True)
class Thing:
    """Something upright on the road: metres at t = 0, and how it moves."""

    label: str
    east: float
    north: float
    size_m: tuple[float, float] = (1.2, 0.8)
    speed: tuple[float, float] = (0.0, 0.0)
    score: float = 0.7
    colour: tuple[int, int, int] = (60, 60, 200)

    def at(self, t: float) -> tuple[float, float]:
        return self.east + self.speed[0] * t, self.north + self.speed[1] * t


@dataclass
class Drive:
    """A vehicle that goes north, or south on its way `back`; stops as its speed says.

    Errors are of the position receiver (`bias_m`, constant over a drive, and
    `jitter_m`; from and until `leap_s` it says `leap_m` elsewhere), of its heading
    (`heading_off_deg`), of boxes (`box_px`) and of the measured pitch
    (`pitch_off_deg`; `hung`: of the whole mount). Things hide others if it `hides`.
    """

    start: datetime = NOON
    north_m: tuple[float, float] = (0.0, 60.0)
    east_m: float = 0.0
    speed_mps: float = 7.0
    bias_m: tuple[float, float] = (0.0, 0.0)
    jitter_m: float = 0.1
    box_px: float = 1.5
    pitch_off_deg: float = 0.0
    accuracy_m: float = 4.0
    seed: int = 0
    mount: Mount = MOUNT
    leap_s: tuple[float, float] = (0.0, 0.0)
    leap_m: tuple[float, float] = (40.0, 30.0)
    hides: bool = False
    heading_off_deg: float = 0.0
    hung: Mount | None = None
    back: bool = False
    _fixes: dict[int, Fix] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.true_mount = self.hung or Mount(
            self.mount.height_m,
            self.mount.yaw_deg,
            self.mount.pitch_deg + self.pitch_off_deg,
            self.mount.fov_deg,
        )

    @property
    def steps(self) -> int:
        if self.speed_mps == 0:
            return 100
        return int((self.north_m[1] - self.north_m[0]) / self.speed_mps / PERIOD_S)

    def frame(self, step: int, things: Sequence[Thing]) -> tuple[Frame, Detections]:
        t = step * PERIOD_S
        way_m = self.speed_mps * t
        north_m = self.north_m[1] - way_m if self.back else self.north_m[0] + way_m
        here, ahead = (self.east_m, north_m), -1 if self.back else 1
        noise = self.rng.normal(0, self.jitter_m, 2) + self.bias_m
        if self.leap_s[0] <= t < self.leap_s[1]:
            noise += self.leap_m
        lat, lon = PLANE.degrees(here[0] + noise[0], here[1] + noise[1])
        self._fixes[step] = Fix(
            lat,
            lon,
            (self.heading_off_deg + 180 * self.back) % 360,
            self.speed_mps,
            self.accuracy_m,
        )
        image = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
        rows = []
        for thing in things:
            east, north = thing.at(t)
            box = self._box(thing, ahead * (north - here[1]), ahead * (east - here[0]))
            if box is not None:
                rows.append((box, thing.score, LABELS.index(thing.label)))
                x1, y1, x2, y2 = (int(side) for side in box)
                image[y1:y2, x1:x2] = thing.colour
        if self.hides:
            rows = [row for row in rows if not _behind(row[0], [r[0] for r in rows])]
        found = Detections(
            np.array([r[0] for r in rows], np.float32).reshape(-1, 4),
            np.array([r[1] for r in rows], np.float32),
            np.array([r[2] for r in rows], np.int64),
        )
        at = self.start + timedelta(seconds=t)
        return Frame("patrol", step, t, at, image), found

    def _box(
        self, thing: Thing, forward: float, right: float
    ) -> tuple[float, float, float, float] | None:
        w, h = thing.size_m
        points = np.array([[forward, right, 0.0], [forward, right, h]], np.float32)
        (x, y2), (_, y1) = self.true_mount.picture(points, SIZE).tolist()
        away = float(np.hypot(forward, right))
        if np.isnan(x) or np.isnan(y1) or away > 30:
            return None
        half = w / 2 * self.true_mount.focal_px(SIZE) / np.hypot(away, MOUNT.height_m)
        x1, x2 = x - half, x + half
        if x1 < 0 or x2 > SIZE[0] or y2 > SIZE[1] or y1 < 0:
            return None
        x1, y1, x2, y2 = np.array([x1, y1, x2, y2]) + self.rng.normal(0, self.box_px, 4)
        return x1, y1, x2, y2

    def at(self, frame: Frame) -> Fix | None:
        return self._fixes.get(frame.index)


def _behind(box: Xyxy, boxes: Sequence[Xyxy]) -> bool:
    """Whether something nearer covers most of a box."""
    return any(
        other[3] > box[3] and shared_area(box, other) > 0.6 * box_area(box)
        for other in boxes
    )


class Patrol:
    """One camera's memory, over any number of drives."""

    def __init__(
        self,
        mount: Mount = MOUNT,
        params: PatrolParams | None = None,
        watch: DriveWatch | None = None,
    ) -> None:
        self._drive: Drive | None = None
        self.places = PatrolPlaces(
            "patrol",
            LABELS,
            kinds=PATROL_KINDS,
            mount=mount,
            positions=self,
            params=params,
        )
        if watch is not None:
            self.places.follow(watch)

    def start(self) -> None: ...

    def stop(self, timeout_s: float) -> None: ...

    def at(self, frame: Frame) -> Fix | None:
        return None if self._drive is None else self._drive.at(frame)

    def use(self, drive: Drive) -> None:
        """Have the vehicle where a drive has it."""
        self._drive = drive

    def drive(self, drive: Drive, *things: Thing) -> list[tuple[Place, ...]]:
        """Return the places of every picture of a drive."""
        self.use(drive)
        told = []
        for step in range(drive.steps):
            frame, found = drive.frame(step, things)
            told.append(self.places.update(frame, found, ViewState()))
        return told


def final(told: list[tuple[Place, ...]]) -> dict[str, Place]:
    """Return each place as it was told last."""
    return {place.place_id: place for places in told for place in places}
