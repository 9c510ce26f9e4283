"""What every `core.ports.Detector` keeps, on whatever it runs."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.ports import Detector
from vision.detectors.labels import DetectorOptions
from vision.detectors.onnx import OnnxDetector
from vision.detectors.openvino import OpenVinoDetector, OpenVinoSettings

GOLDEN = Path(__file__).parents[1] / "golden" / "detectors"
GREY = 90
COLOURS = {"red": (0, 0, 255), "green": (0, 255, 0), "blue": (255, 0, 0)}
OURS = {"blue": "azure"}
OPTIONS = DetectorOptions(class_map=OURS, batch_max=3, tight=False)
TIGHT = DetectorOptions(class_map=OURS, batch_max=3, tight=True)

MODELS = [
    "raw_dynamic.onnx",
    "raw_fixed.onnx",
    "raw_half.onnx",
    "nms_free_dynamic.onnx",
    "nms_free_fixed4.onnx",
]


def on_onnx(name: str) -> Detector:
    return OnnxDetector(GOLDEN / name, options=OPTIONS, threads=1)


def on_openvino(name: str) -> Detector:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    exact = OpenVinoSettings(precision="f32", threads=1)
    return OpenVinoDetector(GOLDEN / name, options=OPTIONS, settings=exact)


def on_openvino_streams(name: str) -> Detector:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    streams = OpenVinoSettings(precision="f32", hint="throughput", threads=2)
    return OpenVinoDetector(GOLDEN / name, options=OPTIONS, settings=streams)


def on_onnx_tight(name: str) -> Detector:
    return OnnxDetector(GOLDEN / name, options=TIGHT, threads=1)


def on_openvino_tight(name: str) -> Detector:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    exact = OpenVinoSettings(precision="f32", threads=1)
    return OpenVinoDetector(GOLDEN / name, options=TIGHT, settings=exact)


RUNTIMES: list[Callable[[str], Detector]] = [
    on_onnx,
    on_openvino,
    on_openvino_streams,
    on_onnx_tight,
    on_openvino_tight,
]


@pytest.fixture(
    scope="module",
    params=[(runtime, model) for runtime in RUNTIMES for model in MODELS],
    ids=lambda param: f"{param[0].__name__}-{param[1].removesuffix('.onnx')}",
)
def detector(request: pytest.FixtureRequest) -> Detector:
    runtime, model = request.param
    made: Detector = runtime(model)
    return made


def frame(
    size: tuple[int, int] = (256, 256),
    block: tuple[float, float] | None = None,
    colour: str = "red",
) -> Frame:
    """Return a grey picture with one block of two cells' worth of source pixels.

    Args:
        size: (height, width), pixels.
        block: column and row of the block on a grid of 64 px, or None.
        colour: of the block.
    """
    image = np.full((*size, 3), GREY, np.uint8)
    if block is not None:
        x, y = round(block[0] * 64), round(block[1] * 64)
        image[y : y + 64, x : x + 64] = COLOURS[colour]
    return Frame("camera", 0, 0.0, datetime(2026, 1, 1, tzinfo=UTC), image)


def same(a: Detections, b: Detections) -> bool:
    return bool(
        np.array_equal(a.xyxy, b.xyxy)
        and np.array_equal(a.score, b.score)
        and np.array_equal(a.class_id, b.class_id)
    )


def test_labels_are_ours_and_classes_point_into_them(detector: Detector) -> None:
    found = detector.detect([frame(block=(1, 1), colour=name) for name in COLOURS])

    named = [[detector.labels[number] for number in boxes.class_id] for boxes in found]
    assert named == [["red"], ["green"], ["azure"]]


def test_boxes_lie_where_the_objects_are_in_source_pixels(
    detector: Detector, request: pytest.FixtureRequest
) -> None:
    # A tight input is padded by half a cell here: blocks that fill a cell lie halfway.
    case = request.node.callspec.id
    tight = "tight" in case and "fixed" not in case
    y, x = (0.5, 0.5) if tight else (1, 1)

    found = detector.detect(
        [frame(block=(3, 0)), frame((128, 256), (2, y)), frame((256, 128), (x, 3))]
    )

    for boxes, (left, top) in zip(
        found, [(192, 0), (128, y * 64), (x * 64, 192)], strict=True
    ):
        expected = [[left, top, left + 64, top + 64]]
        np.testing.assert_allclose(boxes.xyxy, expected, atol=0.25)


def test_nothing_is_found_where_nothing_is(detector: Detector) -> None:
    (found,) = detector.detect([frame()])

    assert len(found) == 0


def test_results_are_typed_and_frozen(detector: Detector) -> None:
    (found,) = detector.detect([frame(block=(0, 0))])

    assert found.xyxy.dtype == np.float32
    assert found.score.dtype == np.float32
    assert found.class_id.dtype == np.int64
    assert 0 < found.score[0] <= 1
    with pytest.raises(ValueError, match="read-only"):
        found.xyxy[0, 0] = 1


def test_no_pictures_give_no_results(detector: Detector) -> None:
    assert detector.detect([]) == []


def test_the_picture_is_left_as_it_was(detector: Detector) -> None:
    picture = frame(block=(2, 2))
    before = picture.image.copy()

    detector.detect([picture])

    np.testing.assert_array_equal(picture.image, before)


def test_it_says_which_model_it_is(detector: Detector) -> None:
    name, version = detector.model_id.split("/")

    assert name
    assert detector.model_sha256.startswith(version)
    assert len(detector.model_sha256) == 64


cases = st.tuples(
    st.sampled_from([(256, 256), (128, 256), (256, 128), (512, 512), (300, 222)]),
    st.none() | st.tuples(st.integers(0, 1), st.integers(0, 1)),
    st.sampled_from(sorted(COLOURS)),
)


@settings(deadline=None, max_examples=15)
@given(drawn=st.lists(cases, min_size=1, max_size=7))
def test_a_result_does_not_depend_on_the_rest_of_the_batch(
    detector: Detector,
    drawn: list[tuple[tuple[int, int], tuple[int, int] | None, str]],
) -> None:
    pictures = [frame(size, block, colour) for size, block, colour in drawn]

    together = detector.detect(pictures)
    apart = [detector.detect([picture])[0] for picture in pictures]

    assert all(same(a, b) for a, b in zip(together, apart, strict=True))
