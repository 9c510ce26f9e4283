import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.positions.gpsd import decode_gpsd
from vision.positions.heard import Heard
from vision.positions.reading import Reading

TPV: dict[str, object] = {
    "class": "TPV",
    "device": "/dev/ttyACM0",
    "mode": 3,
    "time": "2026-03-01T12:00:00.500Z",
    "lat": 30.5931,
    "lon": 114.3054,
    "track": 271.5,
    "speed": 10.0,
    "epx": 3.92,
    "epy": 1.0,
}


def decoded(**changed: object) -> Reading | Heard:
    return decode_gpsd(json.dumps({**TPV, **changed}).encode())


def test_a_report_is_read() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
    expected = Reading(moment.timestamp(), 30.5931, 114.3054, 271.5, 10.0, 2.0)

    assert decoded() == expected


def test_what_it_leaves_out_is_not_told() -> None:
    found = decoded(track=None, speed=None, epx=None, epy=None)

    assert isinstance(found, Reading)
    assert (found.heading_deg, found.speed_mps, found.accuracy_m) == (None, None, None)


@pytest.mark.parametrize("changed", [{"mode": 1}, {"mode": 0}, {"lat": None}])
def test_without_a_fix_there_is_no_position(changed: dict[str, object]) -> None:
    assert decoded(**changed) is Heard.NO_FIX


@pytest.mark.parametrize("kind", ["VERSION", "SKY", "DEVICES", "WATCH"])
def test_other_reports_are_just_that(kind: str) -> None:
    assert decode_gpsd(json.dumps({"class": kind}).encode()) is Heard.OTHER


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"{}", b"[" * 16_000, b"\xff", b'{"class":"TPV","mode":1e999}x'],
)
def test_what_is_no_report_is_an_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_gpsd(line)


@pytest.mark.parametrize(
    "changed", [{"time": None}, {"time": "soon"}, {"lat": 200.0}, {"lon": 1e300}]
)
def test_a_report_that_makes_no_sense_is_an_error(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(**changed)


@given(
    st.dictionaries(
        st.sampled_from(sorted(TPV)),
        st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.just([1])),
    )
)
def test_whatever_is_told_is_a_position_or_an_error(changed: dict[str, object]) -> None:
    try:
        decoded(**changed)
    except ValueError:
        return
