"""How the patrol car drives, and what its receiver says of it."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.scenarios.patrol.street import BEARING_DEG, Thing, moving, standing, to_map

_STEP_S = 0.02
_BRAKES, _PULLS = 1.8, 1.2  # metres per second squared
COLUMNS = ("time_s", "utc", "lat", "lon", "heading", "speed_mps", "accuracy_m")


@dataclass(frozen=True, slots=True)
class Receiver:
    """What a receiver of the cheaper kind does to positions.

    Attributes:
        rate_hz: positions per second.
        bias_m: standard deviation of what wanders, in each direction.
        wanders_s: after which time the bias is another one.
        noise_m: standard deviation of each position around that.
        heading_deg: standard deviation of the course.
    """

    rate_hz: float = 5.0
    bias_m: float = 2.5
    wanders_s: float = 60.0
    noise_m: float = 0.3
    heading_deg: float = 1.0


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the patrol car is on the street, and how far it turned from along it."""

    along_m: float
    across_m: float
    turn_deg: float
    speed_mps: float


@dataclass(frozen=True)
class Drive:
    """One pass along the street.

    Attributes:
        number: 0 for the first, 1 for the second ...: what is there follows from it.
        begins: when, aware UTC.
        from_m: along the street.
        to_m: likewise; there it ends.
        speed_mps: about that, an eighth more and less.
        stop_m: where it stops, along.
        stop_s: for how long.
        seed: of everything drawn by chance in this drive.
    """

    number: int
    begins: datetime
    from_m: float = 0.0
    to_m: float = 150.0
    speed_mps: float = 7.0
    stop_m: float = 93.0
    stop_s: float = 20.0
    seed: int = 1

    @property
    def duration_s(self) -> float:
        """How long it takes, seconds."""
        return len(self._along) * _STEP_S

    def pose(self, time_s: float) -> Pose:
        """Return where the car is, seconds after it began; before and after, too."""
        along = self.along(time_s)
        ahead = self.along(time_s + 0.05) - self.along(time_s - 0.05)
        # It sways within its lane, once in sixty metres.
        phase = 2 * math.pi * along / 60
        turn = math.degrees(math.atan(0.15 * 2 * math.pi / 60 * math.cos(phase)))
        return Pose(along, 0.15 * math.sin(phase), turn, ahead / 0.1)

    def along(self, time_s: float) -> float:
        """Return how far along the car is, metres; it had driven and will drive on."""
        before = min(time_s, 0.0) * self.speed_mps
        after = max(time_s - self.duration_s, 0.0) * self.speed_mps
        times = np.arange(len(self._along)) * _STEP_S
        return float(np.interp(time_s, times, self._along)) + before + after

    def things(self) -> list[Thing]:
        """Return what is on the street in this drive."""
        there = [thing for thing in standing() if self.number in thing.drives]
        return there + moving(self.number, self.along)

    def fixes(self, receiver: Receiver) -> Iterator[dict[str, str]]:
        """Yield the rows of a track, the columns of `COLUMNS`; no heading at rest."""
        rng = np.random.default_rng((self.seed, self.number, 2))
        step_s = 1 / receiver.rate_hz
        keeps = math.exp(-step_s / receiver.wanders_s)
        bias = rng.normal(0, receiver.bias_m, 2)
        for i in range(int(self.duration_s / step_s) + 1):
            pose = self.pose(i * step_s)
            off = bias + rng.normal(0, receiver.noise_m, 2)
            lat, lon = to_map(pose.along_m + off[0], pose.across_m + off[1])
            course = BEARING_DEG + pose.turn_deg + rng.normal(0, receiver.heading_deg)
            yield {
                "time_s": f"{i * step_s:.2f}",
                "utc": utc(self.begins + timedelta(seconds=i * step_s)),
                "lat": f"{lat:.7f}",
                "lon": f"{lon:.7f}",
                "heading": f"{course % 360:.1f}" if pose.speed_mps > 0.5 else "",
                "speed_mps": f"{pose.speed_mps:.2f}",
                "accuracy_m": f"{math.hypot(receiver.bias_m, receiver.noise_m):.1f}",
            }
            grown = receiver.bias_m * math.sqrt(1 - keeps**2)
            bias = keeps * bias + rng.normal(0, grown, 2)

    def write_track(
        self,
        path: Path,
        receiver: Receiver | None = None,
        columns: Sequence[str] = COLUMNS,
    ) -> Path:
        """Write what the receiver said, as CSV, and return `path`."""
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, columns, extrasaction="ignore")
            table.writeheader()
            table.writerows(self.fixes(receiver or Receiver()))
        return path

    @cached_property
    def _along(self) -> NDArray[np.float64]:
        """How far along the car is, every `_STEP_S`."""
        along, speed, waits_s = self.from_m, self.speed_mps, self.stop_s
        passed: list[float] = []
        while along < self.to_m:
            passed.append(along)
            wants = self.speed_mps * (1 + 0.125 * math.sin(2 * math.pi * along / 70))
            left_m = self.stop_m - along
            if waits_s > 0 and left_m > -1:
                wants = min(wants, math.sqrt(2 * _BRAKES * max(left_m, 0.0)))
            change = float(np.clip(wants - speed, -3 * _STEP_S, _PULLS * _STEP_S))
            speed = max(speed + change, 0.0)
            if waits_s > 0 and abs(left_m) < 0.05:
                speed, waits_s = 0.0, waits_s - _STEP_S
            elif waits_s > 0 and speed < 0.1:
                speed = 0.1  # the last centimetres
            along += speed * _STEP_S
        return np.array(passed)


def two_drives(seed: int = 1) -> tuple[Drive, Drive]:
    """Return the same way twice, ten minutes apart, with stops at two places."""
    begins = datetime(2026, 5, 12, 2, 0, tzinfo=UTC)
    later = begins + timedelta(minutes=10)
    return (
        Drive(0, begins, seed=seed),
        Drive(1, later, speed_mps=6.4, stop_m=36.0, stop_s=12.0, seed=seed),
    )


def utc(moment: datetime) -> str:
    """Return a moment as tracks have it, milliseconds and `Z`."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
