from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.receiver import NOON, taken
from vision.positions.reading import Reading
from vision.positions.recorded import RecordedPositions
from vision.positions.recording import Recording, TimeBase

DRIVE = Path("drive.csv")


def drive(base: TimeBase, *, offset_s: float = 0.0) -> RecordedPositions:
    """Return a drive of ten seconds to the east, ten metres a second."""
    begin_s = 0.0 if base is TimeBase.START else NOON.timestamp()
    readings = tuple(
        Reading(begin_s + i, 0.0, 114 + i * 8.993e-5)
        for i in range(11)
        if i not in {5, 6, 7}
    )
    return RecordedPositions(Recording(DRIVE, base, readings, 2), offset_s=offset_s)


@pytest.mark.parametrize("media_s", [0.0, 777.0])
def test_utc_positions_are_held_against_the_moment_of_a_picture(media_s: float) -> None:
    fix = drive(TimeBase.UTC).at(taken(NOON + timedelta(seconds=2.5), media_s))

    assert fix is not None
    assert fix.lon == pytest.approx(114 + 2.5 * 8.993e-5, abs=1e-7)
    assert fix.heading_deg == pytest.approx(90)
    assert fix.speed_mps == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize("at", [NOON, NOON - timedelta(days=900)])
def test_positions_since_the_start_are_held_against_the_time_of_the_stream(
    at: datetime,
) -> None:
    fix = drive(TimeBase.START).at(taken(at, media_s=2.5))

    assert fix is not None
    assert fix.lon == pytest.approx(114 + 2.5 * 8.993e-5, abs=1e-7)


@pytest.mark.parametrize("base", list(TimeBase))
def test_an_offset_is_added_to_the_times_of_the_positions(base: TimeBase) -> None:
    found = drive(base, offset_s=100).at(taken(NOON + timedelta(seconds=102), 102))

    assert found is not None
    assert found.lon == pytest.approx(114 + 2 * 8.993e-5, abs=1e-7)


def test_it_says_what_it_holds() -> None:
    since_start = drive(TimeBase.START).describe()
    utc = drive(TimeBase.UTC, offset_s=3600).describe()

    assert since_start == (
        "drive.csv: 8 positions, from 0.0 s to 10.0 s after the start of the video, "
        "10.0 s, 100 m driven; 1 gap of more than 3 s; "
        "2 lines skipped"
    )
    assert "from 2026-03-01 13:00:00 UTC to 2026-03-01 13:00:10 UTC" in utc


def test_it_says_why_a_picture_has_no_position() -> None:
    positions = drive(TimeBase.UTC)
    there, gap = NOON + timedelta(seconds=2), NOON + timedelta(seconds=6)
    elsewhere = taken(NOON + timedelta(days=90))

    assert positions.why_not(taken(there)) == ""
    assert "a gap of more than 3 s" in positions.why_not(taken(gap))
    assert positions.at(elsewhere) is None
    told = positions.why_not(elsewhere)
    assert "2026-05-30 12:00:00 UTC" in told
    assert "from 2026-03-01 12:00:00 UTC to 2026-03-01 12:00:10 UTC" in told
    assert "starts_at" in told
    assert "offset_s" in drive(TimeBase.START).why_not(taken(NOON, media_s=60))
