from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.arrays import ImageU8
from vision.detectors.preprocess import InputBuffer, Letterbox, tight_input_size

GOLDEN = Path(__file__).parents[2] / "golden" / "detectors" / "letterbox.npz"

sizes = st.tuples(st.integers(1, 4000), st.integers(1, 4000))
input_sizes = st.tuples(
    st.integers(1, 40).map(lambda cells: cells * 32),
    st.integers(1, 40).map(lambda cells: cells * 32),
)


def picture(height: int, width: int, seed: int = 0) -> ImageU8:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.golden
@pytest.mark.parametrize("number", range(6))
def test_letterboxing_equals_that_of_ultralytics(number: int) -> None:
    stored = np.load(GOLDEN)
    expected = stored[f"input{number}"]
    buffer = InputBuffer(1, expected.shape[:2])

    buffer.write(0, stored[f"picture{number}"])

    rgb = np.moveaxis(buffer.first(1)[0], 0, -1) * 255
    # One grey level: OpenCV's resize may round differently on another processor.
    assert np.abs(rgb[..., ::-1] - expected).max() <= 1.001
    assert np.abs(rgb[..., ::-1] - expected).mean() < 0.01


@pytest.mark.golden
@pytest.mark.parametrize("number", range(6))
def test_boxes_come_back_as_with_ultralytics(number: int) -> None:
    stored = np.load(GOLDEN)
    box = Letterbox.fit(
        stored[f"picture{number}"].shape[:2], stored[f"input{number}"].shape[:2]
    )

    back = box.to_source(stored[f"boxes{number}"])

    np.testing.assert_allclose(back, stored[f"back{number}"], atol=1e-3)


@given(source=sizes, target=input_sizes)
def test_a_picture_fits_and_touches_two_opposite_sides(
    source: tuple[int, int], target: tuple[int, int]
) -> None:
    box = Letterbox.fit(source, target)

    right = target[1] - box.left - box.width
    bottom = target[0] - box.top - box.height
    assert min(box.left, box.top, right, bottom) >= 0
    assert box.width == target[1] or box.height == target[0]
    assert 0 <= right - box.left <= 1
    assert 0 <= bottom - box.top <= 1


@given(
    source=sizes,
    target=input_sizes,
    corners=st.lists(st.floats(-0.5, 1.5), min_size=4, max_size=4),
)
def test_boxes_go_to_the_input_and_back_unclipped(
    source: tuple[int, int], target: tuple[int, int], corners: list[float]
) -> None:
    box = Letterbox.fit(source, target)
    height, width = source
    sides = np.array((width, height, width, height), np.float32)
    xyxy = np.array([corners], np.float32) * sides

    back = box.to_source(box.to_input(xyxy))

    # Float32 holds input pixels to about 1e-4; the gain carries that to the source.
    tolerance_px = 1e-3 * max(width / box.width, height / box.height, 1.0)
    np.testing.assert_allclose(back, xyxy, atol=tolerance_px, rtol=1e-5)


def test_channels_are_rgb_and_exactly_a_255th() -> None:
    image = picture(64, 64)
    buffer = InputBuffer(1, (64, 64))

    buffer.write(0, image)

    expected = np.moveaxis(image[..., ::-1], -1, 0).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(buffer.first(1)[0], expected)


def test_a_slot_forgets_a_picture_of_another_shape() -> None:
    used, fresh = InputBuffer(1, (64, 64)), InputBuffer(1, (64, 64))
    wide, tall = picture(20, 64), picture(64, 20)

    used.write(0, wide)
    used.write(0, tall)
    fresh.write(0, tall)

    np.testing.assert_array_equal(used.first(1), fresh.first(1))


def test_a_slot_forgets_a_picture_of_the_same_shape() -> None:
    used, fresh = InputBuffer(1, (64, 64)), InputBuffer(1, (64, 64))

    used.write(0, picture(40, 64, seed=1))
    used.write(0, picture(40, 64, seed=2))
    fresh.write(0, picture(40, 64, seed=2))

    np.testing.assert_array_equal(used.first(1), fresh.first(1))


def test_views_into_larger_pictures_and_read_only_ones_are_taken() -> None:
    whole = picture(90, 120)
    part = whole[10:74:2, 5:69]
    part.flags.writeable = False
    viewed, copied = InputBuffer(1, (64, 64)), InputBuffer(1, (64, 64))

    viewed.write(0, part)
    copied.write(0, np.ascontiguousarray(part))

    np.testing.assert_array_equal(viewed.first(1), copied.first(1))


def test_half_precision_input_is_the_rounded_single_precision_input() -> None:
    single, half = InputBuffer(1, (64, 64)), InputBuffer(1, (64, 64), np.float16)
    image = picture(48, 64)

    single.write(0, image)
    half.write(0, image)

    assert half.first(1).dtype == np.float16
    np.testing.assert_array_equal(half.first(1), single.first(1).astype(np.float16))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.zeros((0, 10, 3), np.uint8), r"\(0, 10\)"),
        (np.zeros((10, 10), np.uint8), r"\(10, 10\)"),
        (np.zeros((10, 10, 4), np.uint8), r"\(10, 10, 4\)"),
        (np.zeros((10, 10, 3), np.float32), "float32"),
    ],
)
def test_what_is_no_picture_is_refused(image: ImageU8, reason: str) -> None:
    buffer = InputBuffer(1, (64, 64))

    with pytest.raises(ValueError, match=reason):
        buffer.write(0, image)


@given(source=sizes, target=input_sizes)
def test_a_tight_input_shows_the_picture_as_large_with_less_padding(
    source: tuple[int, int], target: tuple[int, int]
) -> None:
    whole = Letterbox.fit(source, target)

    tight = tight_input_size(source, target, 32)
    box = Letterbox.fit(source, tight)

    # A side that rounding made shorter may bind and cost the other one a pixel.
    assert abs(box.width - whole.width) <= 1 + whole.width // max(whole.height, 1)
    assert abs(box.height - whole.height) <= 1 + whole.height // max(whole.width, 1)
    assert all(side % 32 == 0 for side in tight)
    assert all(
        side <= whole_side for side, whole_side in zip(tight, target, strict=True)
    )
    assert all(
        side >= whole_side / 2 for side, whole_side in zip(tight, target, strict=True)
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ((1080, 1920), (416, 640)),
        ((1920, 1080), (640, 416)),
        ((480, 640), (512, 640)),
        ((512, 512), (640, 640)),
        ((100, 4000), (320, 640)),
    ],
)
def test_tight_inputs_of_usual_cameras(
    source: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert tight_input_size(source, (640, 640), 32) == expected


def test_a_reshaped_buffer_is_as_a_new_one() -> None:
    used, fresh = InputBuffer(2, (64, 64)), InputBuffer(2, (32, 64))
    used.write(0, picture(64, 64))
    used.write(1, picture(64, 64))

    used.reshape((32, 64))
    for buffer in (used, fresh):
        buffer.write(0, picture(32, 40))
        buffer.write(1, picture(16, 64))

    np.testing.assert_array_equal(used.first(2), fresh.first(2))
