"""A patrol car whose mount or positions are wrong opens nothing, and says so."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.unit.patrol.street import MOUNT, NOON, Drive, Patrol, Thing
from vision.core.health import HealthEvent, HealthKind
from vision.core.mount import Mount
from vision.patrol.drive_watch import DriveWatch
from vision.patrol.params import PatrolParams

_SIZES = {"garbage": (1.2, 0.8), "bin": (0.7, 1.1), "car": (4.2, 1.5)}


def street(
    kinds: Sequence[str] = ("garbage", "bin", "car"), count: int = 12, seed: int = 0
) -> list[Thing]:
    """Return what stands along a way of 170 m."""
    rng = np.random.default_rng(seed)
    return [
        Thing(
            kinds[k % len(kinds)],
            rng.uniform(3.0, 6.0),
            15 + 12 * k + rng.uniform(-3, 3),
            _SIZES[kinds[k % len(kinds)]],
        )
        for k in range(count)
    ]


class Watched:
    """A camera whose drives are watched, and what was told."""

    def __init__(self, mount: Mount = MOUNT) -> None:
        self.told: list[HealthEvent] = []
        self.watch = DriveWatch("patrol", mount, PatrolParams(), self.told.append)
        self._patrol = Patrol(mount, watch=self.watch)

    def drive(self, drive: Drive, *things: Thing) -> "Watched":
        self._patrol.drive(drive, *things)
        self.watch.end()
        return self

    @property
    def trouble(self) -> str:
        """What was told of, while it lasts."""
        return self.told[-1].detail if self.told and not self.told[-1].ok else ""


def wrong(**keys: float) -> Drive:
    """Return a drive whose camera hangs otherwise than it is told."""
    return Drive(north_m=(0, 170), hung=replace(MOUNT, **keys))


@pytest.mark.parametrize("seed", range(3))
def test_a_mount_that_is_right_is_no_trouble(seed: int) -> None:
    watched = Watched().drive(Drive(north_m=(0, 170), seed=seed), *street(seed=seed))

    assert watched.told == []
    assert watched.watch.trouble() is None
    assert "8 became places" in watched.watch.tally()


@pytest.mark.parametrize(
    ("drive", "key", "value"),
    [
        (wrong(pitch_deg=7), "pitch_deg", 7),
        (wrong(pitch_deg=5), "pitch_deg", 5),
        (wrong(fov_deg=108), "fov_deg", 108),
        (wrong(yaw_deg=45), "yaw_deg", 45),
        (wrong(yaw_deg=24), "yaw_deg", 24),
        (wrong(height_m=1.55), "height_m", 1.55),
        (Drive(north_m=(0, 170), heading_off_deg=10), "yaw_deg", 25),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_a_mount_that_is_wrong_is_told_with_what_fits(
    drive: Drive, key: str, value: float, seed: int
) -> None:
    drive = replace(drive, seed=seed)
    (told,) = Watched().drive(drive, *street(seed=seed)).told

    assert (told.kind, told.ok) == (HealthKind.NOTHING_PLACED, False)
    assert told.camera_id == "patrol"
    _, _, after = told.detail.partition(f"mount.{key} ")
    assert float(after.split()[0]) == pytest.approx(value, abs=value / 25)


@pytest.mark.parametrize(
    ("drive", "fits"),
    [
        (wrong(pitch_deg=13), "mount.pitch_deg 13.0"),
        (wrong(height_m=1.7), "mount.height_m 1.70"),
    ],
)
def test_what_costs_some_places_only_is_told_as_advice(drive: Drive, fits: str) -> None:
    watched = Watched().drive(drive, *street())

    assert watched.told == []
    assert fits in (watched.watch.trouble() or "")


def test_who_drives_too_fast_is_told() -> None:
    watched = Watched().drive(Drive(north_m=(0, 300), speed_mps=18), *street(count=22))

    assert "at 65 km/h it sees each too seldom" in watched.trouble
    assert "mount" not in watched.trouble


def test_positions_that_are_wrong_are_told_without_a_guess() -> None:
    watched = Watched().drive(Drive(north_m=(0, 300), jitter_m=1.5), *street(count=22))

    assert "starts_at" in watched.trouble
    assert "mount." not in watched.trouble


def _traffic(seed: int) -> list[Thing]:
    rng = np.random.default_rng(seed)
    return [
        Thing(
            "car",
            -3.5 if k % 2 else 3.5,
            20 + 12 * k,
            (4.2, 1.5),
            speed=(0, rng.uniform(-12, -5) if k % 2 else rng.uniform(2, 9)),
        )
        for k in range(40)
    ]


@pytest.mark.parametrize("yaw_deg", [-20, 0, 35])
@pytest.mark.parametrize("seed", range(3))
def test_traffic_alone_is_no_trouble(yaw_deg: float, seed: int) -> None:
    mount = replace(MOUNT, yaw_deg=yaw_deg)
    watched = Watched(mount)
    drive = Drive(north_m=(0, 300), mount=mount, seed=seed)
    watched.drive(drive, *_traffic(seed))

    assert watched.told == []


def test_empty_streets_and_standing_are_no_trouble() -> None:
    watched = Watched().drive(Drive(north_m=(0, 300)))
    for k in range(12):
        stands = Drive(speed_mps=0, north_m=(12 * k, 12 * k), jitter_m=0.3, seed=k)
        watched.drive(stands, *street())

    assert watched.told == []


def test_a_bin_on_the_lorry_before_us_is_no_trouble() -> None:
    watched = Watched()
    for k in range(12):
        start = NOON + timedelta(minutes=10 * k)
        lorry = Thing("bin", 1.0, 9.0, (2.0, 1.0), speed=(0, 7.0))
        watched.drive(Drive(start=start, seed=k), lorry)

    assert watched.told == []


def test_it_counts_over_restarts_and_is_over_once_the_mount_is_right() -> None:
    """Files of a dash-cam are a minute long: none of them shows enough."""
    watch: object = None
    told: list[HealthEvent] = []
    watched = Watched()
    things = street(("garbage", "bin"))
    for k in range(3):
        watched = watched if watch is None else Watched()
        if watch is not None:
            watched.watch.restore(json.loads(json.dumps(watch)))
        drive = wrong(pitch_deg=7)
        drive = replace(drive, north_m=(50.0 * k, 50.0 * k + 50), seed=k)
        watched.drive(drive, *things)
        told += watched.told
        watch = watched.watch.state()

    assert [event.ok for event in told] == [False] * len(told)
    assert "mount.pitch_deg 7.0" in told[0].detail
    assert "mount.pitch_deg" in (watched.watch.trouble() or "")
    right = replace(MOUNT, pitch_deg=7)
    mended = Watched(right)
    mended.watch.restore(json.loads(json.dumps(watch)))
    assert mended.watch.trouble() is None
    mended.drive(Drive(north_m=(0, 170), mount=right), *things)
    (over,) = mended.told
    assert (over.kind, over.ok) == (HealthKind.NOTHING_PLACED, True)


def test_the_log_says_at_the_end_of_a_drive_what_became_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    watched = Watched().drive(Drive(north_m=(0, 170)), *street())
    watched.watch.end()
    assert [one.levelname for one in caplog.records] == ["INFO"]
    Watched().drive(wrong(pitch_deg=7), *street())

    assert caplog.records[-1].levelname == "WARNING"
    assert "mount.pitch_deg 7.0" in caplog.records[-1].getMessage()
