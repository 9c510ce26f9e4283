"""A picture outlives its decoder's frame, and looks as that frame did."""

import gc

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from vision.sources.converted import BgrConverter, upright_bgr

_NARROW, _FULL = 1, 2  # FFmpeg's colour ranges


def decoded(pixel_format: str, size: tuple[int, int] = (64, 48)) -> VideoFrame:
    rgb = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixel_format)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "nv12", "yuv422p"])
@pytest.mark.parametrize("value_range", [_NARROW, _FULL])
def test_the_full_picture_is_what_the_frame_showed(
    pixel_format: str, value_range: int
) -> None:
    frame = decoded(pixel_format)
    frame.color_range = value_range
    expected = upright_bgr(frame, (64, 48), VideoReformatter())

    picture = BgrConverter(None, reduced_px=16).convert(frame)

    assert picture.size == (64, 48)
    assert picture.reduced.shape == (12, 16, 3)
    np.testing.assert_array_equal(picture.full(), expected)


def test_a_picture_of_odd_size_has_all_its_pixels() -> None:
    frame = decoded("yuv420p", (63, 47))

    picture = BgrConverter(None, reduced_px=16).convert(frame)

    assert picture.full().shape == (47, 63, 3)


def test_a_small_picture_is_kept_once() -> None:
    picture = BgrConverter(None, reduced_px=640).convert(decoded("yuv420p"))

    assert picture.full() is picture.reduced


@pytest.mark.parametrize("reduced_px", [16, 640])
def test_the_decoder_gets_its_frame_back(reduced_px: int) -> None:
    frame = decoded("yuv420p")

    picture = BgrConverter(None, reduced_px).convert(frame)

    holders = [one for one in gc.get_referrers(frame) if not hasattr(one, "f_code")]
    assert all(one is globals() or one is locals() for one in holders), holders
    assert picture.size == (64, 48)
