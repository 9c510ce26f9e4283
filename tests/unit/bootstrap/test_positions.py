"""From what a site says to positions."""

import os
import socket
import time
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from tests.receiver import NOON, StandingClock, rmc, sending, serving, taken
from vision.bootstrap.positions import PositionSources, build_positions
from vision.config.positions import (
    CsvPosition,
    GpsdPosition,
    GpxPosition,
    NmeaPosition,
    NmeaStreamPosition,
    PositionSettings,
)
from vision.core.crs import Crs, to_wgs84
from vision.core.errors import ConfigError
from vision.positions.described import DescribedPositions

CLOCK = StandingClock()
WALK = Path(__file__).parents[4] / "shared/video/walkcam_gps_gopro_maxhero_gps.csv"


def wait_for(source: DescribedPositions) -> bool:
    ends_s = time.monotonic() + 20
    while source.at(taken(NOON)) is None:
        if time.monotonic() > ends_s:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize(
    "settings",
    [
        CsvPosition(type="csv", path=Path("gone")),
        GpxPosition(type="gpx", path=Path("gone")),
        NmeaPosition(type="nmea", path=Path("gone")),
    ],
)
def test_a_file_is_read_when_the_source_is_built(settings: PositionSettings) -> None:
    with pytest.raises(ConfigError, match="gone: no such file; expected"):
        build_positions(settings, clock=CLOCK)


def test_settings_reach_the_source(tmp_path: Path) -> None:
    path = tmp_path / "drive.csv"
    path.write_text("t_sec,lat,lon\n0,30.5,114.25\n10,30.5,114.251\n")
    settings = CsvPosition(type="csv", path=path, offset_s=100, max_gap_s=20)
    source = build_positions(settings, clock=CLOCK)

    assert source.at(taken(NOON, media_s=105)) is not None
    assert source.at(taken(NOON, media_s=5)) is None


def test_a_receiver_is_reached_by_its_address() -> None:
    with serving(sending(rmc(NOON, 30.5, 114.25))) as port:
        settings = NmeaStreamPosition(type="nmea_stream", url=f"tcp://127.0.0.1:{port}")
        source = build_positions(settings, clock=CLOCK)
        source.start()
        assert wait_for(source)
        assert source.describe().startswith(f"tcp://127.0.0.1:{port}: latest position")
        source.stop(5)


def test_gpsd_is_reached_by_host_and_port() -> None:
    report = f'{{"class":"TPV","mode":3,"time":"{NOON.isoformat()}","lat":1,"lon":2}}'
    with serving(sending(report)) as port:
        source = build_positions(GpsdPosition(type="gpsd", port=port), clock=CLOCK)
        source.start()
        assert wait_for(source)
        source.stop(5)


def test_a_terminal_is_opened_by_its_path() -> None:
    ours, theirs = os.openpty()
    try:
        url = f"serial:{os.ttyname(theirs)}?baud=9600"
        settings = NmeaStreamPosition(type="nmea_stream", url=url)
        source = build_positions(settings, clock=CLOCK)
        source.start()
        ends_s = time.monotonic() + 20
        while "waits" not in source.describe() and time.monotonic() < ends_s:
            time.sleep(0.01)
        os.write(ours, f"{rmc(NOON, 30.5, 114.25)}\r\n".encode())
        assert wait_for(source)
        source.stop(5)
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_cameras_of_a_vehicle_share_its_receiver() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = NmeaStreamPosition(type="nmea_stream", url=f"udp://127.0.0.1:{port}")
    sources = PositionSources(clock=CLOCK)
    left, right = sources.of(settings), sources.of(settings.model_copy())
    left.start()
    right.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        ends_s = time.monotonic() + 20
        while "latest" not in left.describe() and time.monotonic() < ends_s:
            line = rmc(NOON, 30.5, 114.25)
            sender.sendto(line.encode(), ("127.0.0.1", port))
            time.sleep(0.05)

    assert left.at(taken(NOON)) == right.at(taken(NOON)) is not None
    left.stop(5)
    right.stop(5)


@pytest.mark.shared
@pytest.mark.skipif(not WALK.is_file(), reason="needs the recordings beside")
def test_the_recording_of_an_action_camera_is_read() -> None:
    source = build_positions(CsvPosition(type="csv", path=WALK), clock=CLOCK)
    fixes = [source.at(taken(NOON + timedelta(days=1), i / 2)) for i in range(21)]

    assert "191 positions" in source.describe()
    assert all(fix is not None for fix in fixes)
    assert all(fix.heading_deg is not None for fix in fixes if fix)
    assert {round(fix.speed_mps) for fix in fixes if fix} == {1}


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "cgcs2000"])
def test_places_as_chinese_maps_show_them_are_put_right(
    tmp_path: Path, crs: Literal["gcj02", "bd09", "cgcs2000"]
) -> None:
    path = tmp_path / "drive.csv"
    path.write_text("t_sec,lat,lon\n0,30.5931,114.3054\n1,30.5932,114.3054\n")
    wanted = to_wgs84(30.5931, 114.3054, Crs(crs))

    settings = CsvPosition(type="csv", path=path, crs=crs)
    fix = build_positions(settings, clock=CLOCK).at(taken(NOON))

    assert fix is not None
    assert (fix.lat, fix.lon) == pytest.approx(wanted, abs=1e-9)
