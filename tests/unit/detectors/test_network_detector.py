import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from vision.core.arrays import FloatArray
from vision.core.errors import ModelError
from vision.core.frame import Frame
from vision.detectors.labels import DetectorOptions
from vision.detectors.model_file import ModelFile
from vision.detectors.network import NetworkDetector
from vision.detectors.preprocess import InputArray
from vision.detectors.runtime import InputPort

MODEL = ModelFile(
    path=Path("model.onnx"),
    sha256="0" * 64,
    name="fake",
    version="1",
    names=("a", "b"),
    imgsz=(64, 64),
)
FREE = InputPort(batch=None, height=None, width=None)
NOTHING = np.zeros((1, 6), np.float32)


class FakeNetwork:
    """Says the same rows for every picture and remembers the batches."""

    def __init__(
        self,
        said: FloatArray | Callable[[InputArray], FloatArray] = NOTHING,
        port: InputPort = FREE,
        *,
        results: int = 0,
    ) -> None:
        self._said = said
        self._port = port
        self._results = results
        self.shapes: list[tuple[int, ...]] = []
        self.sizes: list[tuple[int, int]] = []

    @property
    def input(self) -> InputPort:
        return self._port

    def prepare(self, input_size: tuple[int, int]) -> None:
        self.sizes.append(input_size)

    def forward(self, batch: InputArray) -> FloatArray:
        self.shapes.append(batch.shape)
        said = self._said(batch) if callable(self._said) else self._said
        return np.stack([said] * (self._results or len(batch)))


def frames(count: int, make: Callable[[], np.ndarray] | None = None) -> list[Frame]:
    image = np.zeros((48, 64, 3), np.uint8) if make is None else make()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Frame(f"c{index}", index, float(index), at, image) for index in range(count)
    ]


def detector(network: FakeNetwork, **options: object) -> NetworkDetector:
    return NetworkDetector(network, MODEL, DetectorOptions(**options))  # type: ignore[arg-type]  # keywords for the fields


def test_no_pictures_give_no_results_and_no_run() -> None:
    network = FakeNetwork()
    ready = detector(network)
    network.shapes.clear()

    assert ready.detect([]) == []
    assert network.shapes == []


def test_many_pictures_run_in_batches_of_the_wanted_size() -> None:
    network = FakeNetwork()
    ready = detector(network, batch_max=4)
    network.shapes.clear()

    found = ready.detect(frames(10))

    assert len(found) == 10
    assert [shape[0] for shape in network.shapes] == [4, 4, 2]


def test_a_fixed_batch_is_always_full_and_answers_for_the_pictures_alone() -> None:
    network = FakeNetwork(port=replace(FREE, batch=4))
    ready = detector(network, batch_max=8)
    network.shapes.clear()

    found = ready.detect(frames(6))

    assert len(found) == 6
    assert [shape[0] for shape in network.shapes] == [4, 4]


def test_each_batch_is_reported_with_its_times() -> None:
    seen: list[tuple[int, float, float, float]] = []
    ready = detector(FakeNetwork(), batch_max=2)
    ready.on_batch = lambda *batch: seen.append(batch)

    ready.detect(frames(3))

    assert [batch[0] for batch in seen] == [2, 1]
    assert all(seconds >= 0 for batch in seen for seconds in batch[1:])


def test_the_network_is_prepared_once_for_the_chosen_size() -> None:
    network = FakeNetwork()

    ready = detector(network, imgsz=(32, 96))
    ready.detect(frames(1))

    assert network.sizes == [(32, 96)]
    assert ready.input_size == (32, 96)


def test_boxes_that_are_not_finite_are_counted_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = np.array([[0, 0, 9, 9, np.nan, 0], [0, 0, 9, 9, 0.9, 1]], np.float32)
    ready = detector(FakeNetwork(said))

    with caplog.at_level(logging.WARNING):
        found = ready.detect(frames(2)) + ready.detect(frames(1))

    assert [len(boxes) for boxes in found] == [1, 1, 1]
    assert ready.unusable_boxes == 3
    assert caplog.text.count("left out") == 1


def test_a_cut_at_max_detections_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = np.array([[x, 0, x + 5, 9, 0.9, 0] for x in range(0, 60, 10)], np.float32)
    ready = detector(FakeNetwork(said), max_detections=4)

    with caplog.at_level(logging.WARNING):
        found = ready.detect(frames(1)) + ready.detect(frames(1))

    assert [len(boxes) for boxes in found] == [4, 4]
    assert caplog.text.count("more than max_detections") == 1


def test_a_picture_without_pixels_names_its_camera() -> None:
    ready = detector(FakeNetwork())
    empty = frames(1, lambda: np.zeros((0, 64, 3), np.uint8))

    with pytest.raises(ModelError, match="camera c0, frame 0"):
        ready.detect(empty)


def test_it_still_works_after_a_bad_picture() -> None:
    ready = detector(FakeNetwork())
    with pytest.raises(ModelError):
        ready.detect(frames(1, lambda: np.zeros((0, 64, 3), np.uint8)))

    assert len(ready.detect(frames(2))) == 2


@pytest.mark.parametrize(
    ("port", "imgsz", "declared", "expected"),
    [
        (FREE, None, (64, 96), (64, 96)),
        (FREE, 128, (64, 96), (128, 128)),
        (FREE, (96, 160), None, (96, 160)),
        (InputPort(None, 320, 640), None, None, (320, 640)),
        (InputPort(1, 320, 640), (320, 640), (320, 640), (320, 640)),
    ],
)
def test_the_input_size_is_the_sites_then_the_files_then_the_graphs(
    port: InputPort,
    imgsz: int | tuple[int, int] | None,
    declared: tuple[int, int] | None,
    expected: tuple[int, int],
) -> None:
    model = replace(MODEL, imgsz=declared)

    ready = NetworkDetector(FakeNetwork(port=port), model, DetectorOptions(imgsz=imgsz))

    assert ready.input_size == expected


@pytest.mark.parametrize(
    ("port", "imgsz", "declared", "complaint"),
    [
        (FREE, None, None, "its input size is unsaid"),
        (FREE, 100, None, "expected multiples of 32 px"),
        (InputPort(1, 320, 320), 640, None, "the graph takes only"),
        (InputPort(1, 320, 320), None, (640, 640), "the graph takes only"),
    ],
)
def test_an_input_size_that_cannot_be_is_refused(
    port: InputPort,
    imgsz: int | None,
    declared: tuple[int, int] | None,
    complaint: str,
) -> None:
    model = replace(MODEL, imgsz=declared)

    with pytest.raises(ModelError, match=complaint):
        NetworkDetector(FakeNetwork(port=port), model, DetectorOptions(imgsz=imgsz))


def test_an_output_that_is_no_detectors_is_refused_at_once() -> None:
    with pytest.raises(ModelError, match=r"model\.onnx: model output: got shape"):
        detector(FakeNetwork(np.zeros((1000, 7), np.float32)))


def test_a_promised_head_that_is_another_is_refused() -> None:
    model = replace(MODEL, head="raw")

    with pytest.raises(ModelError, match=r"says head 'raw'.*'nms_free'"):
        NetworkDetector(FakeNetwork(), model, DetectorOptions())


def test_fewer_results_than_pictures_are_no_silent_loss() -> None:
    ready = detector(FakeNetwork(results=1))

    with pytest.raises(ModelError, match="gave 1 results for a batch of 2"):
        ready.detect(frames(2))


def test_tight_batches_hold_pictures_of_one_shape_and_keep_the_order() -> None:
    def box_as_wide_as_the_input(batch: InputArray) -> FloatArray:
        return np.array([[0, 0, batch.shape[3], 8, 0.9, 0]], np.float32)

    network = FakeNetwork(box_as_wide_as_the_input)
    ready = detector(network, tight=True, imgsz=256)
    network.shapes.clear()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    shapes = [(60, 240), (240, 60), (60, 240), (240, 240)]

    found = ready.detect(
        [Frame("c", 0, 0.0, at, np.zeros((*size, 3), np.uint8)) for size in shapes]
    )

    assert network.shapes == [(2, 3, 128, 256), (1, 3, 256, 128), (1, 3, 256, 256)]
    assert network.sizes == [(192, 256), (128, 256), (256, 128), (256, 256)]
    widths = [boxes.xyxy[0, 2] - boxes.xyxy[0, 0] for boxes in found]
    # A box over the padding as well: 128 input pixels of the narrow one are 120 of it.
    assert widths == pytest.approx([240, 120, 240, 240])


def test_a_fixed_input_is_never_tight() -> None:
    network = FakeNetwork(port=InputPort(None, 64, 64))
    ready = detector(network, tight=True)

    ready.detect(frames(1, lambda: np.zeros((30, 60, 3), np.uint8)))

    assert network.sizes == [(64, 64)]


def test_a_picture_without_pixels_names_its_camera_when_tight() -> None:
    ready = detector(FakeNetwork(), tight=True)

    with pytest.raises(ModelError, match="camera c0, frame 0"):
        ready.detect(frames(1, lambda: np.zeros((0, 64, 3), np.uint8)))
