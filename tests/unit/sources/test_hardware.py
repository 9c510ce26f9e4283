"""A device that is asked for and missing is told, never silently replaced."""

from pathlib import Path

import pytest
from av.codec.hwaccel import hwdevices_available

from tests.fakes import ManualClock
from tests.footage import number_of, write_clip
from vision.core.errors import SourceOpenError
from vision.sources.options import PacketOptions
from vision.sources.packets import PacketSource

MISSING = "mediacodec"  # of Android phones; no build for servers has it
USELESS = "drm"  # built in, but decodes nothing of ours
DEVICES = [
    MISSING,
    pytest.param(
        USELESS,
        marks=pytest.mark.skipif(
            USELESS not in hwdevices_available(), reason="PyAV without drm"
        ),
    ),
]


def source(clip: Path, *, device: str, fallback: bool) -> PacketSource:
    options = PacketOptions(
        camera_id="gate", url=str(clip), hardware=device, hardware_fallback=fallback
    )
    return PacketSource(options, clock=ManualClock())


@pytest.mark.parametrize("device", DEVICES)
def test_a_missing_device_is_an_error_that_says_what_to_do(
    tmp_path: Path, device: str
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=1)

    with pytest.raises(SourceOpenError, match="hardware_fallback: true") as caught:
        source(clip, device=device, fallback=False).open()
    assert device in str(caught.value)


@pytest.mark.parametrize("device", DEVICES)
def test_the_processor_stands_in_loudly_where_that_is_allowed(
    tmp_path: Path, device: str, caplog: pytest.LogCaptureFixture
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=1)
    camera = source(clip, device=device, fallback=True)
    camera.open()
    frame = camera.read()
    camera.close()

    assert frame is not None
    assert number_of(frame.image) == 0
    assert "the processor decodes instead" in caplog.text


def test_a_camera_that_is_missing_is_no_matter_of_the_device(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match="no such file"):
        source(tmp_path / "none.mp4", device=USELESS, fallback=True).open()
