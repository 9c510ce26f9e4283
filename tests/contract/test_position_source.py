"""What every source of positions promises."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.receiver import NOON, StandingClock, rmc, sending, serving, taken
from vision.core.ports import PositionSource
from vision.positions.csv_file import read_csv
from vision.positions.described import DescribedPositions
from vision.positions.gpsd import WATCH, decode_gpsd
from vision.positions.gpx_file import read_gpx
from vision.positions.live import LiveOptions, LivePositions
from vision.positions.nmea import NmeaDecoder, read_nmea
from vision.positions.recorded import RecordedPositions
from vision.positions.shared import SharedPositions
from vision.positions.wires import connect_tcp

START = NOON - timedelta(seconds=9)
LAT, LON, STEP = 30.5, 114.25, 1.0447e-4  # ten metres to the east a second
SECONDS = range(10)
Make = Callable[[Path], AbstractContextManager[DescribedPositions]]


def moments() -> list[tuple[str, float]]:
    return [
        ((START + timedelta(seconds=i)).isoformat(), LON + i * STEP) for i in SECONDS
    ]


def csv(folder: Path) -> AbstractContextManager[DescribedPositions]:
    path = folder / "drive.csv"
    lines = [f"{at},{LAT},{lon:.7f}" for at, lon in moments()]
    path.write_text("\n".join(["utc,lat,lon", *lines]))
    return nullcontext(RecordedPositions(read_csv(path)))


def gpx(folder: Path) -> AbstractContextManager[DescribedPositions]:
    path = folder / "drive.gpx"
    points = "".join(
        f'<trkpt lat="{LAT}" lon="{lon:.7f}"><time>{at}</time></trkpt>'
        for at, lon in moments()
    )
    path.write_text(f"<gpx><trk><trkseg>{points}</trkseg></trk></gpx>")
    return nullcontext(RecordedPositions(read_gpx(path)))


def sentences() -> list[str]:
    return [rmc(START + timedelta(seconds=i), LAT, LON + i * STEP) for i in SECONDS]


def nmea(folder: Path) -> AbstractContextManager[DescribedPositions]:
    path = folder / "drive.nmea"
    path.write_text("\r\n".join(sentences()))
    return nullcontext(RecordedPositions(read_nmea(path)))


@contextmanager
def nmea_stream(_: Path) -> Iterator[DescribedPositions]:
    with serving(sending(*sentences())) as port:
        yield LivePositions(
            partial(connect_tcp, "127.0.0.1", port),
            NmeaDecoder,
            LiveOptions(label="receiver"),
            clock=StandingClock(),
            rng=random.Random(1),
        )


@contextmanager
def gpsd(_: Path) -> Iterator[DescribedPositions]:
    reports = [
        f'{{"class":"TPV","mode":3,"time":"{at}","lat":{LAT},"lon":{lon:.7f},"speed":10}}'
        for at, lon in moments()
    ]
    with serving(sending(*reports)) as port:
        yield LivePositions(
            partial(connect_tcp, "127.0.0.1", port, WATCH),
            lambda: decode_gpsd,
            LiveOptions(label="gpsd"),
            clock=StandingClock(),
            rng=random.Random(1),
        )


@contextmanager
def shared(folder: Path) -> Iterator[DescribedPositions]:
    with nmea_stream(folder) as source:
        yield SharedPositions(source).lease()


SOURCES: dict[str, Make] = {
    "csv": csv,
    "gpx": gpx,
    "nmea": nmea,
    "nmea_stream": nmea_stream,
    "gpsd": gpsd,
    "shared": shared,
}


@pytest.fixture(params=SOURCES)
def source(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[DescribedPositions]:
    with SOURCES[request.param](tmp_path) as source:
        yield source
        source.stop(5)


def started(source: PositionSource) -> PositionSource:
    """Start a source and wait until the last position of the drive is there.

    Until then a receiver whose first position is seconds old passes for one whose clock
    is wrong.
    """
    source.start()
    ends_s = time.monotonic() + 20
    last = LON + 9 * STEP
    while (fix := source.at(taken(NOON))) is None or abs(fix.lon - last) > 1e-5:
        assert time.monotonic() < ends_s
        time.sleep(0.01)
    return source


@pytest.mark.parametrize("ago_s", [0, 0.4, 3, 7.75])
def test_it_tells_where_the_vehicle_was(source: PositionSource, ago_s: float) -> None:
    fix = started(source).at(taken(NOON - timedelta(seconds=ago_s)))

    assert fix is not None
    assert fix.lat == pytest.approx(LAT, abs=1e-5)
    assert fix.lon == pytest.approx(LON + (9 - ago_s) * STEP, abs=1e-5)
    assert fix.heading_deg == pytest.approx(90, abs=1)
    assert fix.speed_mps == pytest.approx(10, abs=0.2)
    assert fix.accuracy_m > 0
    assert fix.heading_sd_deg > 0


@pytest.mark.parametrize("after_s", [-86_400, -30, 30, 86_400])
def test_far_from_every_position_there_is_none_and_a_reason(
    source: DescribedPositions, after_s: float
) -> None:
    picture = taken(NOON + timedelta(seconds=after_s))

    assert started(source).at(picture) is None
    assert source.why_not(picture)
    assert source.why_not(taken(NOON)) == ""


def test_asking_before_the_start_is_allowed(source: DescribedPositions) -> None:
    source.at(taken(NOON))

    assert source.describe()


def test_stopping_twice_and_before_the_start_is_allowed(
    source: PositionSource,
) -> None:
    source.stop(1)
    started(source)
    source.stop(5)
    source.stop(5)


def test_what_is_known_is_known_after_the_stop(source: PositionSource) -> None:
    started(source).stop(5)

    assert source.at(taken(NOON)) is not None


def test_no_thread_is_left_behind(source: PositionSource) -> None:
    before = threading.active_count()
    started(source).stop(5)

    assert threading.active_count() == before


def test_many_may_ask_at_once(source: PositionSource) -> None:
    started(source)
    found: list[float] = []

    def ask() -> None:
        for i in range(200):
            fix = source.at(taken(NOON - timedelta(seconds=i / 25)))
            assert fix is not None
            found.append(fix.lon)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 800
