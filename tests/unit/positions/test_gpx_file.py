from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.errors import ConfigError
from vision.positions.gpx_file import read_gpx
from vision.positions.recording import TimeBase

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"\n'
    ' xmlns:g="http://www.garmin.com/xmlschemas/TrackPointExtension/v2">\n'
    "<metadata><time>2020-01-01T00:00:00Z</time></metadata>\n"
    '<wpt lat="1" lon="2"><time>2020-01-01T00:00:00Z</time></wpt>\n'
    "<trk><trkseg>\n"
)
TAIL = "</trkseg></trk></gpx>\n"


def point(second: int, more: str = "", lat: str = "30.5", lon: str = "114.25") -> str:
    time = f"<ele>23</ele><time>2026-03-01T12:00:{second:02d}Z</time>"
    return f'<trkpt lat="{lat}" lon="{lon}">{time}{more}</trkpt>\n'


def gpx(folder: Path, content: str) -> Path:
    path = folder / "drive.gpx"
    path.write_text(content)
    return path


def test_points_of_all_segments_are_read_with_speed_and_course(tmp_path: Path) -> None:
    extension = (
        "<hdop>0.5</hdop><extensions><g:TrackPointExtension><g:speed>10</g:speed>"
        "<g:course>271.5</g:course></g:TrackPointExtension></extensions>"
    )
    plain = "<course>90</course><speed>5</speed>"
    parts = f"{point(0, extension)}</trkseg><trkseg>{point(1, plain)}{point(2)}"
    found = read_gpx(gpx(tmp_path, HEAD + parts + TAIL))

    assert found.base is TimeBase.UTC
    one, two, three = found.readings
    assert (one.at_s, one.lat, one.lon) == (NOON, 30.5, 114.25)
    assert (one.heading_deg, one.speed_mps, one.accuracy_m) == (271.5, 10, 2.0)
    assert (two.heading_deg, two.speed_mps, two.accuracy_m) == (90, 5, None)
    assert (three.heading_deg, three.speed_mps) == (None, None)


def test_single_bad_points_are_skipped(tmp_path: Path) -> None:
    bad = point(3, lat="200") + '<trkpt lat="30" lon="114"></trkpt>\n'
    bad += '<trkpt lon="114"><time>2026-03-01T12:00:04Z</time></trkpt>\n'
    good = "".join(point(i) for i in range(3)) + bad + point(9)
    found = read_gpx(gpx(tmp_path, HEAD + good + TAIL))

    assert len(found.readings) == 4
    assert found.skipped == 3


def test_a_file_that_breaks_off_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = HEAD + "".join(point(i) for i in range(5))
    found = read_gpx(gpx(tmp_path, whole[:-20]))

    assert len(found.readings) == 4
    assert found.skipped == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (HEAD + TAIL, "no position; expected a GPX track"),
        (HEAD + '<trkpt lat="3" lon="4"/>' + TAIL, "line 7: the point has no <time>"),
        (HEAD + point(0, lat="200") + TAIL, "line 7: got latitude 200"),
        ("t_sec,lat,lon\n1,2,3\n", "line 1: the XML breaks off"),
        ("<html>no track</html>", "no position"),
        ('<!DOCTYPE gpx [<!ENTITY a "b">]><gpx>&a;</gpx>', "DOCTYPE"),
    ],
)
def test_what_cannot_be_used_says_why_and_where(
    tmp_path: Path, content: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        read_gpx(gpx(tmp_path, content))


@given(st.text(max_size=200))
def test_whatever_stands_there_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "drive.gpx"
    path.write_text(HEAD + point(0) + content, errors="replace")
    try:
        assert read_gpx(path).readings
    except ConfigError:
        return
