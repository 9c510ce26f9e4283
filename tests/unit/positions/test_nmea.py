from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.receiver import NOON, gga, rmc, sentence
from vision.core.errors import ConfigError
from vision.positions.heard import Heard
from vision.positions.nmea import NmeaDecoder, read_nmea
from vision.positions.reading import Reading
from vision.positions.recording import TimeBase

PLACE = (30.5931, 114.3054)


def decode(*lines: str) -> list[Reading | Heard]:
    decoder = NmeaDecoder()
    return [decoder(line.encode()) for line in lines]


def log(folder: Path, *lines: str) -> Path:
    path = folder / "drive.nmea"
    path.write_text("\r\n".join(lines) + "\r\n")
    return path


@pytest.mark.parametrize("sign", [1, -1])
def test_rmc_tells_place_time_speed_and_course(sign: int) -> None:
    (found,) = decode(rmc(NOON, sign * PLACE[0], sign * PLACE[1], course_deg=271.5))

    assert isinstance(found, Reading)
    assert found.at_s == NOON.timestamp()
    assert found.lat == pytest.approx(sign * PLACE[0], abs=1e-6)
    assert found.lon == pytest.approx(sign * PLACE[1], abs=1e-6)
    assert found.heading_deg == 271.5
    assert found.speed_mps == pytest.approx(10, abs=1e-3)
    assert found.accuracy_m is None


def test_a_sentence_of_a_manual_is_read() -> None:
    line = "GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191124,020.3,E"
    (found,) = decode(sentence(line))

    assert isinstance(found, Reading)
    assert (found.lat, found.lon) == pytest.approx((49.274167, -123.185333), abs=1e-6)


def test_the_accuracy_is_that_of_gst_else_of_the_dilution() -> None:
    quality = gga(NOON, *PLACE, hdop=0.8)
    deviation = sentence("GNGST,120000.00,5,3,2,40,1.1,0.7,2.5")
    place = rmc(NOON, *PLACE)
    by_dilution, by_deviation = (
        decode(quality, place),
        decode(quality, deviation, place),
    )

    assert isinstance(by_dilution[-1], Reading)
    assert by_dilution[-1].accuracy_m == pytest.approx(3.2)
    assert isinstance(by_deviation[-1], Reading)
    assert by_deviation[-1].accuracy_m == pytest.approx(1.1)


def test_an_old_dilution_says_nothing() -> None:
    later = NOON + timedelta(seconds=10)
    found = decode(gga(NOON, *PLACE, hdop=0.8), rmc(later, *PLACE))[-1]

    assert isinstance(found, Reading)
    assert found.accuracy_m is None


def test_the_order_of_the_sentences_of_a_second_changes_no_place(
    tmp_path: Path,
) -> None:
    found = set()
    for order in permutations(range(4)):
        lines = []
        for i in range(3):
            at = NOON + timedelta(seconds=i)
            four = [
                rmc(at, PLACE[0], PLACE[1] + i / 1e4),
                gga(at, *PLACE, hdop=1.0),
                sentence("GNVTG,90.0,T,,M,19.4,N,36.0,K,A"),
                sentence("GNGLL,3035.58600,N,11418.32400,E,120000.00,A,A"),
            ]
            lines += [four[k] for k in order]
        read = read_nmea(log(tmp_path, *lines)).readings
        found.add(tuple((o.at_s, o.lat, o.lon, o.heading_deg) for o in read))

    assert len(found) == 1
    assert len(found.pop()) == 3


@pytest.mark.parametrize(
    "lines",
    [
        [rmc(NOON, *PLACE, status="V")],
        [sentence("GNRMC,,V,,,,,,,,,,N")],
        [sentence("GNRMC,120000,A,3035.5,N,11418.3,E,0,0,010326,,,N")],
        [gga(NOON, *PLACE, hdop=99, quality=0), rmc(NOON, *PLACE)],
    ],
)
def test_a_void_fix_is_no_position(lines: list[str]) -> None:
    assert decode(*lines)[-1] is Heard.NO_FIX


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"$",
        b"$GNRMC",
        b"\xff\xfe$GNRMC,\x80",
        rmc(NOON, *PLACE).replace(",A,", ",V,").encode(),
        rmc(NOON, *PLACE).partition("*")[0].encode(),
        rmc(NOON, *PLACE)[:-1].encode(),
        sentence("GNRMC,120000,A,3035.5,N,11418.3,E,x,0,010326,,,A").encode(),
        sentence("GNRMC,120000,A,,N,,E,0,0,010326,,,A").encode(),
        sentence("GNRMC,120000,A,3035.5,N,11418.3,E,0,0,,,,A").encode(),
        sentence("GNRMC,996000,A,3035.5,N,11418.3,E,0,0,010326,,,A").encode(),
        sentence("GNRMC,120000,A,9935.5,N,11418.3,E,0,0,010326,,,A").encode(),
    ],
)
def test_broken_sentences_are_errors(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        NmeaDecoder()(line)


def test_other_sentences_are_just_that() -> None:
    others = decode(
        sentence("GPGSV,1,1,00"), "$GSENSORD,0.06,0.12", sentence("GNZDA,1")
    )

    assert others == [Heard.OTHER] * 3


@given(st.binary(max_size=120))
def test_whatever_comes_is_a_position_or_an_error_in_words(noise: bytes) -> None:
    decoder = NmeaDecoder()
    for line in (noise, b"$GNRMC," + noise, b"$GPGGA," + noise):
        try:
            decoder(line)
        except ValueError:
            continue


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), max_size=80))
def test_a_right_checksum_makes_no_sense_of_nonsense(body: str) -> None:
    decoder = NmeaDecoder()
    for kind in ("GNRMC", "GPGGA", "GPGST"):
        try:
            decoder(sentence(f"{kind},{body}").encode())
        except ValueError:
            continue


def test_a_log_is_read_over_midnight_with_whatever_stands_between(
    tmp_path: Path,
) -> None:
    start = datetime(2026, 2, 28, 23, 59, 58, tzinfo=UTC)
    places = [
        "[12.3] " + rmc(start + timedelta(seconds=i), *PLACE, course_deg=None)
        for i in range(4)
    ]
    path = log(tmp_path, "logger v2", *places, "$GSENSORD,0.06,0.12,-0.18", "")
    found = read_nmea(path)

    assert found.base is TimeBase.UTC
    assert [one.at_s - start.timestamp() for one in found.readings] == [0, 1, 2, 3]
    assert found.skipped == 0


def test_single_broken_sentences_are_skipped(tmp_path: Path) -> None:
    places = [rmc(NOON + timedelta(seconds=i), *PLACE) for i in range(4)]
    found = read_nmea(log(tmp_path, *places[:2], places[2][:-2] + "00", places[3]))

    assert len(found.readings) == 3
    assert found.skipped == 1


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["hello", "world"], "no position; expected NMEA 0183"),
        ([gga(NOON, *PLACE, hdop=1)], "among them RMC"),
        ([rmc(NOON, *PLACE, status="V")], "1 lines without a fix"),
        ([rmc(NOON, *PLACE)[:-2] + "00"], "line 1: .*checksum"),
    ],
)
def test_what_cannot_be_used_says_why_and_where(
    tmp_path: Path, lines: list[str], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        read_nmea(log(tmp_path, *lines))
