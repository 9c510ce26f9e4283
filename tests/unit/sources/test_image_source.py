"""A folder of pictures is a video; a broken picture is told and skipped."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest

from tests.fakes import ManualClock
from tests.footage import number_of, picture
from vision.core.errors import SourceOpenError, SourceReadError
from vision.core.frame import Frame
from vision.core.health import HealthEvent, HealthKind
from vision.sources.images import ImageSource
from vision.sources.options import StreamOptions

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(4):
        cv2.imwrite(str(tmp_path / f"shot{i}.png"), picture(i))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def read_all(source: ImageSource) -> list[Frame]:
    source.open()
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    return frames


def options(folder: Path) -> StreamOptions:
    return StreamOptions(
        camera_id="gate", url=str(folder), period_s=2.0, starts_at=FIRST
    )


def test_pictures_come_in_name_order_a_period_apart(folder: Path) -> None:
    frames = read_all(ImageSource(options(folder), clock=ManualClock()))

    assert [number_of(f.image) for f in frames] == [0, 1, 2, 3]
    assert [f.media_time_s for f in frames] == [0.0, 2.0, 4.0, 6.0]
    assert frames[3].captured_at == FIRST + timedelta(seconds=6)


def test_broken_pictures_are_told_and_skipped_and_the_count_adds_up(
    folder: Path,
) -> None:
    (folder / "shot1.png").write_bytes(b"\x89PNG but no more")
    (folder / "shot2.png").write_bytes(b"")
    told: list[HealthEvent] = []
    source = ImageSource(options(folder), clock=ManualClock(), on_health=told.append)
    frames = read_all(source)

    assert [number_of(f.image) for f in frames] == [0, 3]
    assert [f.media_time_s for f in frames] == [0.0, 6.0]
    assert len(frames) + len(source.broken) == 4
    assert [event.kind for event in told][:2] == [HealthKind.STREAM_GAP] * 2
    assert "shot1.png" in told[0].detail


def test_a_folder_of_broken_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no")
    source = ImageSource(options(tmp_path), clock=ManualClock())

    with pytest.raises(SourceReadError, match="none of 1 pictures could be read"):
        read_all(source)


def test_a_folder_without_pictures_says_what_it_expected(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match=r"holds no picture; expected .*\.jpg"):
        ImageSource(options(tmp_path), clock=ManualClock()).open()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match="nowhere: no such folder"):
        ImageSource(options(tmp_path / "nowhere"), clock=ManualClock()).open()


def test_pictures_of_different_sizes_are_told(folder: Path) -> None:
    cv2.imwrite(str(folder / "shot2.png"), picture(2, (320, 240)))
    told: list[HealthEvent] = []
    read_all(ImageSource(options(folder), clock=ManualClock(), on_health=told.append))

    assert [e.kind for e in told] == [HealthKind.RESOLUTION_CHANGED] * 2
    assert "from 192x108 to 320x240" in told[0].detail
