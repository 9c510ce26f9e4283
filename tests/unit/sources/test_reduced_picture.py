"""The analysis reads a reduced picture; evidence gets every pixel of the same one."""

from pathlib import Path

import numpy as np
import pytest

from tests.fakes import ManualClock
from tests.footage import number_of, write_clip
from vision.core.frame import Frame
from vision.detectors.preprocess import InputBuffer
from vision.sources.options import PacketOptions
from vision.sources.packets import PacketSource


def frames(clip: Path, reduced_px: int | None) -> list[Frame]:
    source = PacketSource(
        PacketOptions(
            camera_id="gate",
            url=str(clip),
            decode="full",
            period_s=0.2,
            reduced_px=reduced_px,
        ),
        clock=ManualClock(),
    )
    source.open()
    taken = []
    while (frame := source.read()) is not None:
        taken.append(frame)
    source.close()
    return taken


def test_evidence_is_full_size_and_from_the_very_picture_that_was_analysed(
    tmp_path: Path,
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=2, size=(1280, 720), b_frames=2)
    plain, lazy = frames(clip, None), frames(clip, 320)

    assert len(lazy) == len(plain) > 5
    # Asked for last, after the stream has long gone on: still the same picture.
    for a, b in zip(plain, lazy, strict=True):
        assert b.reduced.shape == (180, 320, 3)
        assert (b.width, b.height) == (1280, 720)
        assert number_of(b.reduced) == number_of(a.image)
        np.testing.assert_array_equal(b.image, a.image)


def test_neither_form_can_be_written_through(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.2, size=(1280, 720))
    (frame,) = frames(clip, 320)

    for image in (frame.reduced, frame.image):
        with pytest.raises(ValueError, match="read-only"):
            image[0, 0, 0] = 1


def test_a_picture_that_is_hardly_larger_is_not_scaled(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.2, size=(384, 216))
    (frame,) = frames(clip, 320)

    assert frame.reduced.shape == (216, 384, 3)
    assert frame.image.shape == frame.reduced.shape


def test_boxes_of_a_reduced_picture_are_in_pixels_of_the_full_one() -> None:
    buffer = InputBuffer(1, (320, 320))
    box = buffer.write(0, np.zeros((360, 640, 3), np.uint8), source_size=(1080, 1920))

    whole = np.array([[0, 70, 320, 250]], np.float32)
    np.testing.assert_allclose(box.to_source(whole), [[0, 0, 1920, 1080]], atol=1e-3)
