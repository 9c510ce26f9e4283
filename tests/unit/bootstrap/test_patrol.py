"""A camera on a vehicle, put together from its settings."""

import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from tests.drives import (
    HERE,
    MOUNT,
    SPEED_MPS,
    START,
    patrol,
    write_pictures,
    write_track,
)
from tests.fakes import NoEvidence
from tests.footage import write_clip
from tests.http_camera import Camera
from tests.http_camera import serving as http_camera
from tests.receiver import rmc, serving
from vision.bootstrap.cameras import build_camera
from vision.bootstrap.drive import Drive, drive_of
from vision.bootstrap.positions import PositionSources
from vision.bootstrap.scene import build_scene
from vision.bootstrap.sight import first_sight
from vision.bootstrap.sources import build_source
from vision.bootstrap.surroundings import Surroundings
from vision.config.cameras import CameraSettings
from vision.config.home import Home
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.core.crs import wgs84_to_gcj02
from vision.core.detections import Detections
from vision.core.errors import ConfigError
from vision.core.frame import Frame
from vision.core.mount import Mount
from vision.core.observation import View
from vision.core.position import distance_m
from vision.core.violations import Lifecycle, Slug, Violation
from vision.pipeline.camera import Camera as Watching
from vision.view.moving import MovingView

LABELS = ("car", "person", "garbage", "bin", "overflowing_bin")


def site(camera: dict[str, object], **keys: object) -> SiteSettings:
    return SiteSettings.model_validate(
        {
            "site": "demo",
            "model": {"type": "onnx", "path": "models/street-n"},
            "cameras": [camera],
            "rules": [{"type": "garbage_pile"}],
            "sinks": [{"type": "jsonl"}],
        }
        | keys
    )


def camera(camera: dict[str, object]) -> CameraSettings:
    return site(camera).cameras[0]


def build(settings: SiteSettings, home: Path) -> Watching:
    clock = SystemClock()
    shared = Surroundings(
        settings=settings,
        labels=LABELS,
        evidence=NoEvidence(),
        home=Home(home),
        clock=clock,
        arrival=Event(),
        on_health=lambda _: None,
        positions=PositionSources(clock=clock),
    )
    return build_camera(settings.cameras[0], shared)


def driven(settings: SiteSettings) -> Drive:
    drive = drive_of(settings.cameras[0], settings)
    assert drive is not None
    return drive


def frames(settings: CameraSettings) -> list[Frame]:
    source = build_source(settings, clock=SystemClock())
    source.open()
    try:
        return list(iter(source.read, None))
    finally:
        source.close()


def heap_seen(frame: Frame, east: float, south: float) -> Detections:
    """Return refuse a metre wide beside the way of a vehicle that drives east."""
    gone_m = SPEED_MPS * (frame.captured_at - START).total_seconds()
    mount = Mount(**MOUNT)
    feet = [[east - gone_m, south, 0], [east - gone_m, south, 0.6]]
    (x, bottom), (_, top) = mount.picture(np.array(feet, np.float32), frame.size)
    half = 0.5 * mount.focal_px(frame.size) / np.hypot(east - gone_m, south)
    box = np.array([[x - half, top, x + half, bottom]], np.float32)
    if not (box[0, 0] > 0 and box[0, 2] < frame.width and bottom < frame.height):
        return Detections.empty()
    label = np.array([LABELS.index("garbage")])
    return Detections(box, np.array([0.8], np.float32), label)


def until(true: Callable[[], bool], within_s: float = 5.0) -> bool:
    clock = SystemClock()
    ends_s = clock.monotonic_s() + within_s
    while not true() and clock.monotonic_s() < ends_s:
        Event().wait(0.02)
    return true()


def test_a_drive_is_watched_and_remembered_though_it_is_a_file(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures")
    write_track(tmp_path / "drive.csv")
    settings = site(patrol(tmp_path))
    watching = build(settings, tmp_path / "home")

    seen = frames(settings.cameras[0])
    steps = [watching.observe(frame, Detections.empty()) for frame in seen]
    watching.remember_at_end()
    again = build(settings, tmp_path / "home")

    assert len(seen) == 20
    assert not any(steps)
    assert watching.parts.scene.moving
    assert watching.parts.gate is None
    assert (tmp_path / "home" / "places" / "patrol-7.json").exists()
    assert isinstance(again.parts.view, MovingView)
    assert again.parts.view.coverage()[0].clear_s == pytest.approx(3.8)


def test_refuse_that_one_drive_passed_opens_where_it_lies_and_only_once(
    tmp_path: Path,
) -> None:
    write_pictures(tmp_path / "pictures", 30)
    write_track(tmp_path / "drive.csv")
    settings = site(patrol(tmp_path))

    def drive() -> list[Violation]:
        watching = build(settings, tmp_path / "home")
        steps = [
            step
            for frame in frames(settings.cameras[0])
            for step, _ in watching.observe(frame, heap_seen(frame, 25, 4))
        ]
        watching.remember_at_end()
        return steps

    first, again = drive(), drive()

    opened = [step for step in first if step.lifecycle is Lifecycle.OPENED]
    assert [step.slug for step in opened] == [Slug.GARBAGE_PILE]
    geo = opened[0].place.geo
    assert geo is not None
    assert distance_m((geo.lat, geo.lon), HERE.degrees(25, -4)) < 2
    assert again == []


@pytest.mark.parametrize(
    ("later_s", "told"), [(-3600, True), (0, True), (3, False), (3600, False)]
)
def test_a_drive_from_before_what_is_known_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, later_s: int, *, told: bool
) -> None:
    """Afternoon before morning, or two drives that are said to begin alike."""
    write_pictures(tmp_path / "pictures", 30)
    write_track(tmp_path / "drive.csv")
    home, first = tmp_path / "home", site(patrol(tmp_path))
    watching = build(first, home)
    for frame in frames(first.cameras[0]):
        watching.observe(frame, heap_seen(frame, 25, 4))
    watching.remember_at_end()
    assert "is known" not in caplog.text

    starts_at = (START + timedelta(seconds=later_s)).isoformat()
    source = {"type": "images", "path": "pictures", "starts_at": starts_at}
    build(site(patrol(tmp_path, source=source)), home)

    assert ("is known" in caplog.text) == told


def test_where_no_position_is_known_it_is_blind(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures", 3)
    write_track(tmp_path / "drive.csv", start=START + timedelta(hours=1))
    settings = site(patrol(tmp_path))

    first, *_ = frames(settings.cameras[0])
    view = build(settings, tmp_path / "home").parts.view.check(
        first, Detections.empty()
    )

    assert (view.view, view.reason) == (View.BLIND, "no_position")


def test_a_camera_that_stood_under_this_id_leaves_it_nothing(tmp_path: Path) -> None:
    """Its memory is of another kind: it is neither read as this one's nor damaged."""
    write_track(tmp_path / "drive.csv")
    standing: dict[str, object] = {
        "id": "patrol-7",
        "source": {"type": "packets", "url": "rtsp://192.0.2.1/1"},
    }
    for one in (standing, patrol(tmp_path), standing):
        build(site(one), tmp_path / "home").remember_at_end()

    assert not list((tmp_path / "home" / "places").glob("*.damaged"))


def test_zones_that_a_chinese_map_shows_lie_where_the_receiver_says(
    tmp_path: Path,
) -> None:
    corners = [HERE.degrees(east, north) for east, north in ((0, 0), (50, 0), (0, 50))]
    shown = [wgs84_to_gcj02(*corner) for corner in corners]
    zone = {"id": "north", "kind": "no_parking", "crs": "gcj02", "polygon": shown}
    settings = site(patrol(tmp_path), map_zones=[zone])

    (there,) = build_scene(settings.cameras[0], settings.map_zones).map_zones

    for got, wanted in zip(there.polygon, corners, strict=True):
        assert got == pytest.approx(wanted, abs=1e-7)


def test_a_receiver_is_read_for_as_long_as_the_pictures_are(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures", 2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"udp://127.0.0.1:{port}"
    position = {"type": "nmea_stream", "url": url}
    feed = build(
        site(patrol(tmp_path, position=position)), tmp_path / "home"
    ).parts.feed

    def reads() -> bool:
        return any(url in thread.name for thread in threading.enumerate())

    feed.start()
    assert until(reads)
    feed.stop(0)
    feed.stop(5)

    assert until(lambda: not reads())


def test_a_look_waits_until_it_is_known_where_it_is(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures")
    write_track(tmp_path / "drive.csv", start=START + timedelta(seconds=3))
    sources = PositionSources(clock=SystemClock())

    frame, whereabouts = first_sight(camera(patrol(tmp_path)), sources)

    assert whereabouts is not None
    assert whereabouts.fix is not None
    assert frame.media_time_s == pytest.approx(2.0, abs=0.3)
    assert whereabouts.fix.speed_mps == SPEED_MPS


def test_a_look_that_never_knows_where_it_is_says_why(tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures", 3)
    write_track(tmp_path / "drive.csv", start=START + timedelta(hours=1))
    sources = PositionSources(clock=SystemClock())

    _, whereabouts = first_sight(camera(patrol(tmp_path)), sources)

    assert whereabouts is not None
    assert whereabouts.fix is None
    assert "starts_at" in whereabouts.told


def test_a_look_waits_for_the_first_position_of_a_receiver(tmp_path: Path) -> None:
    clock = SystemClock()

    def warm_up(connection: socket.socket) -> None:
        Event().wait(1)
        for second in range(100):
            lat, lon = HERE.degrees(SPEED_MPS * second, 0)
            connection.sendall(f"{rmc(clock.now(), lat, lon)}\r\n".encode())
            Event().wait(0.2)

    with http_camera(Camera) as url, serving(warm_up) as port:
        position = {"type": "nmea_stream", "url": f"tcp://127.0.0.1:{port}"}
        source = {"type": "packets", "url": url}
        driving = camera(patrol(tmp_path, source=source, position=position))
        _, whereabouts = first_sight(driving, PositionSources(clock=clock))

    assert whereabouts is not None
    assert whereabouts.fix is not None
    assert whereabouts.fix.lat == pytest.approx(HERE.lat, abs=1e-5)


@pytest.mark.parametrize(
    ("late_s", "told"),
    [(0, ""), (5, "its place is known for 60% of its video"), (3600, "known for 0%")],
)
def test_positions_are_compared_with_the_video(
    tmp_path: Path, late_s: int, told: str
) -> None:
    clip = write_clip(tmp_path / "drive.mp4", seconds=10, fps=5)
    write_track(tmp_path / "drive.csv", 11, START + timedelta(seconds=late_s))
    source = {"type": "packets", "url": str(clip), "starts_at": START.isoformat()}

    drive = driven(site(patrol(tmp_path, source=source)))

    assert "11 positions" in drive.told
    assert told in "".join(drive.doubts)
    assert bool(told) == bool(drive.doubts)


@pytest.mark.parametrize(
    ("source", "position", "doubted"),
    [
        ("rtsp://192.0.2.1/1", {"type": "gpsd"}, False),
        ("rtsp://192.0.2.1/1", {"type": "csv", "path": "drive.csv"}, True),
        ("drive.mp4", {"type": "gpsd"}, True),
    ],
)
def test_pictures_and_positions_of_different_times_are_doubted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    position: dict[str, str],
    *,
    doubted: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_track(tmp_path / "drive.csv")
    pictures = {"type": "packets", "url": source, "starts_at": START.isoformat()}

    drive = driven(site(patrol(tmp_path, source=pictures, position=position)))

    parted = ["one is recorded and the other is of now" in one for one in drive.doubts]
    assert parted == ([True] if doubted else [])


@pytest.mark.parametrize("hours", [8, -8])
def test_local_times_in_place_of_utc_are_told(tmp_path: Path, hours: int) -> None:
    clip = write_clip(tmp_path / "drive.mp4", seconds=10, fps=5)
    write_track(tmp_path / "drive.csv", 11, START + timedelta(hours=hours))
    source = {"type": "packets", "url": str(clip), "starts_at": START.isoformat()}
    settings = site(patrol(tmp_path, source=source), timezone="Asia/Shanghai")

    (doubt,) = driven(settings).doubts

    assert f"with offset_s: {-3600 * hours} its place is known" in doubt


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ({"crs": "gcj02"}, "comes near no zone of the map: the nearest, kerb, is 5"),
        ({}, ""),
    ],
)
def test_a_drive_far_from_all_zones_is_told(
    tmp_path: Path, zone: dict[str, str], told: str
) -> None:
    clip = write_clip(tmp_path / "drive.mp4", seconds=10, fps=5)
    write_track(tmp_path / "drive.csv", 11)
    source = {"type": "packets", "url": str(clip), "starts_at": START.isoformat()}
    corners = [HERE.degrees(*at) for at in [(0, 5), (60, 5), (60, 12), (0, 12)]]
    kerb = {"id": "kerb", "kind": "no_parking", "polygon": corners, **zone}

    drive = driven(site(patrol(tmp_path, source=source), map_zones=[kerb]))

    assert told in "".join(drive.doubts)
    assert bool(told) == bool(drive.doubts)


def test_positions_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"drive\.csv"):
        driven(site(patrol(tmp_path)))
