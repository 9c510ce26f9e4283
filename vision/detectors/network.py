"""What all detectors share: preprocess, forward, postprocess."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from vision.core.arrays import FloatArray
from vision.core.detections import Detections
from vision.core.errors import ModelError
from vision.core.frame import Frame
from vision.detectors.decode import Decoded, Decoder, head_of
from vision.detectors.labels import DetectorOptions, LabelTable
from vision.detectors.model_file import ModelFile
from vision.detectors.preprocess import (
    InputBuffer,
    Letterbox,
    tight_input_size,
)
from vision.detectors.runtime import Network, choose_input_size

log = logging.getLogger(__name__)

BatchListener = Callable[[int, float, float, float], None]
"""Called after each batch: pictures, preprocess, inference, postprocess seconds.

It runs on the detecting thread, must be quick and must not raise.
"""

_USUAL_SIZE = (1080, 1920)  # height, width of a camera's picture, pixels


class NetworkDetector:
    """A `core.ports.Detector` on any runtime.

    `detect` may be called from several threads; they take turns, since the input
    buffer is shared. `on_batch` may be set at any time.
    """

    def __init__(
        self, network: Network, model: ModelFile, options: DetectorOptions
    ) -> None:
        """Prepare the buffers and run the network once on an empty picture.

        That run warms the runtime up and proves that the output is a detector's.

        Args:
            network: loaded already.
            model: the file that it was loaded from.
            options: the site's choice.

        Raises:
            ModelError: model, options and network do not agree, or it fails.
        """
        self.on_batch: BatchListener | None = None
        self._network = network
        self._model = model
        self._table = LabelTable.build(model, options)
        self._decoder = Decoder(
            self._table,
            iou_threshold=options.iou_threshold,
            class_agnostic=options.class_agnostic,
            max_detections=options.max_detections,
        )
        port = network.input
        self.input_size = choose_input_size(port, model, options)
        self._tight = options.tight and (port.height, port.width) == (None, None)
        if options.tight and not self._tight:
            log.info("model %s: its input is fixed; tight is not used", model.path)
        self._buffer_size = self.input_size
        self._prepared: set[tuple[int, int]] = set()
        self._fixed_batch = port.batch
        self._batch_max = port.batch or options.batch_max
        self._buffer = InputBuffer(self._batch_max, self.input_size, port.dtype)
        self._lock = threading.Lock()
        self._said: set[str] = set()
        self.unusable_boxes = 0
        # Most cameras are wide; the graph is compiled anew for every other shape.
        self._reshape(self._input_for(_USUAL_SIZE))
        self._check_head(self._forward(1))

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names after mapping; `class_id` points into them."""
        return self._table.labels

    @property
    def model_id(self) -> str:
        """`name/version`."""
        return self._model.model_id

    @property
    def model_sha256(self) -> str:
        """Hex digest of the model file."""
        return self._model.sha256

    @property
    def model_path(self) -> Path:
        """The file that was loaded."""
        return self._model.path

    def detect(self, images: Sequence[Frame]) -> list[Detections]:
        """Return the boxes of each picture, in order; sizes may differ.

        Raises:
            ModelError: the model failed on these pictures.
        """
        sizes = [self._size_for(frame) for frame in images]
        found: dict[int, Detections] = {}
        with self._lock:
            for size in dict.fromkeys(sizes):
                alike = [index for index, other in enumerate(sizes) if other == size]
                for start in range(0, len(alike), self._batch_max):
                    batch = alike[start : start + self._batch_max]
                    boxes = self._detect_batch([images[i] for i in batch], size)
                    found.update(zip(batch, boxes, strict=True))
        return [found[index] for index in range(len(images))]

    def _size_for(self, frame: Frame) -> tuple[int, int]:
        try:
            return self._input_for((frame.height, frame.width))
        except ValueError as error:
            raise _about(frame, error) from error

    def _input_for(self, source_size: tuple[int, int]) -> tuple[int, int]:
        if not self._tight:
            return self.input_size
        return tight_input_size(source_size, self.input_size, self._model.stride)

    def _reshape(self, size: tuple[int, int]) -> None:
        if size not in self._prepared:
            self._network.prepare(size)
            self._prepared.add(size)
        if size != self._buffer_size:
            self._buffer.reshape(size)
            self._buffer_size = size

    def _detect_batch(
        self, images: Sequence[Frame], size: tuple[int, int]
    ) -> list[Detections]:
        self._reshape(size)
        started_s = time.perf_counter()
        boxes = [self._preprocess(slot, frame) for slot, frame in enumerate(images)]
        ready_s = time.perf_counter()
        outputs = self._forward(len(images))
        run_s = time.perf_counter()
        head = head_of(outputs.shape, len(self._model.names))
        decoded = [
            self._decoder.decode(output, head, box)
            for output, box in zip(outputs[: len(images)], boxes, strict=True)
        ]
        self._note(decoded)
        done_s = time.perf_counter()
        if self.on_batch is not None:
            self.on_batch(
                len(images), ready_s - started_s, run_s - ready_s, done_s - run_s
            )
        return [picture.detections for picture in decoded]

    def _preprocess(self, slot: int, frame: Frame) -> Letterbox:
        try:
            return self._buffer.write(
                slot, frame.reduced, source_size=(frame.height, frame.width)
            )
        except ValueError as error:
            raise _about(frame, error) from error

    def _forward(self, count: int) -> FloatArray:
        batch = self._buffer.first(self._fixed_batch or count)
        outputs = self._network.forward(batch)
        if len(outputs) < count:
            msg = (
                f"model {self._model.path}: gave {len(outputs)} results for a batch "
                f"of {count}; export it with dynamic=True or set batch_max to 1"
            )
            raise ModelError(msg)
        return outputs

    def _check_head(self, outputs: FloatArray) -> None:
        try:
            head = head_of(outputs.shape, len(self._model.names))
        except ModelError as error:
            msg = f"model {self._model.path}: {error}"
            raise ModelError(msg) from error
        if self._model.head not in {None, head.value}:
            msg = (
                f"model {self._model.path}: model.toml says head "
                f"{self._model.head!r}, but the output {list(outputs.shape)} "
                f"is {head.value!r}; correct model.toml or export the model anew"
            )
            raise ModelError(msg)
        log.info(
            "model %s: %s, head %s, input %s, classes %s",
            self.model_id,
            self._model.path,
            head.value,
            self.input_size,
            self.labels,
        )

    def _note(self, decoded: list[Decoded]) -> None:
        unusable = sum(picture.unusable for picture in decoded)
        self.unusable_boxes += unusable
        if unusable:
            self._say_once(
                "unusable",
                "model %s: left out %d boxes that are not finite or empty"
                "; an unsuitable precision looks like this",
                unusable,
            )
        cut = max(picture.cut for picture in decoded)
        if cut:
            self._say_once(
                "cut",
                "model %s: %d boxes more than max_detections in one picture"
                "; raise max_detections or the thresholds",
                cut,
            )

    def _say_once(self, about: str, text: str, count: int) -> None:
        if about not in self._said:
            self._said.add(about)
            log.warning(text, self.model_id, count)


def _about(frame: Frame, error: ValueError) -> ModelError:
    return ModelError(f"camera {frame.camera_id}, frame {frame.index}: {error}")
