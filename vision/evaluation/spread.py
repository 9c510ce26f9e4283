"""Detection over many machines, on Ray Data (extra `ray`): same numbers, more hands.

Pictures are read where they are detected, so every node must see the data set and the
model under the same path.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vision.core.clock import SystemClock
from vision.core.errors import VisionError
from vision.core.ports import Detector
from vision.evaluation.pictures import LabelledPicture
from vision.evaluation.predictions import PredictionStore, line_of, parse_line
from vision.evaluation.runner import DetectRun, Progress, decode, detect_batch


class SpreadError(VisionError):
    """Ray is missing or its cluster cannot be reached."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How pictures are spread.

    Attributes:
        address: of the cluster; `local` starts one on this machine.
        workers: detectors, each with its own copy of the model.
        batch: pictures per call.
        cpus: that Ray reserves for each detector.
    """

    address: str
    workers: int = 2
    batch: int = 8
    cpus: float = 1.0


Build = Callable[[], Detector]
"""Makes a detector on the worker; must be picklable."""


class _Worker:
    """Lives on a node, holds one detector, answers batch by batch."""

    def __init__(self, build: Build, batch: int) -> None:
        self._run = DetectRun(build(), SystemClock(), batch, workers=1)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        decoded = [
            (str(key), decode(Path(str(path))))
            for key, path in zip(batch["key"], batch["path"], strict=True)
        ]
        told = [line_of(one) for one in detect_batch(decoded, self._run)]
        return {"line": np.array(told, dtype=object)}


def detect_spread(
    pictures: Sequence[LabelledPicture],
    build: Build,
    spread: Spread,
    store: PredictionStore,
    on_progress: Progress,
) -> None:
    """Detect on a Ray cluster in every picture that the store does not hold yet.

    Args:
        pictures: all of them.
        build: makes the detector on each worker.
        spread: how.
        store: where predictions go, in the order in which they come.
        on_progress: told after each batch.

    Raises:
        SpreadError: Ray is not installed or the cluster cannot be reached.
    """
    waiting = [picture for picture in pictures if picture.key not in store.done]
    done = len(pictures) - len(waiting)
    on_progress(done, len(pictures))
    if not waiting:
        return
    ray = _connected(spread.address)
    rows = [
        {"key": picture.key, "path": str(picture.path.resolve())} for picture in waiting
    ]
    answers = ray.data.from_items(rows).map_batches(
        _Worker,
        fn_constructor_args=(build, spread.batch),
        batch_size=spread.batch,
        concurrency=spread.workers,
        num_cpus=spread.cpus,
    )
    for answer in answers.iter_rows():
        store.add(parse_line(str(answer["line"])))
        done += 1
        on_progress(done, len(pictures))


def _connected(address: str) -> Any:
    try:
        import ray  # noqa: PLC0415 an extra: most installations have no Ray
        import ray.data  # noqa: PLC0415 an extra
    except ImportError as error:
        msg = f"Ray is not installed ({error}); install `streetwarden[ray]`"
        raise SpreadError(msg) from error
    if not ray.is_initialized():
        try:
            ray.init(
                address=None if address == "local" else address,
                log_to_driver=False,
                include_dashboard=False if address == "local" else None,
            )
        except ConnectionError as error:
            msg = f"ray {address}: {error}; expected a running cluster, or `local`"
            raise SpreadError(msg) from error
    return ray
