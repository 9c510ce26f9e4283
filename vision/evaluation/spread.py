"""Evaluation over many machines, on Ray Data (extra `ray`): same numbers, more hands.

Pictures and clips are read where they are judged, so every node must see them, the
model and the output folder under the same path.
"""

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vision.core.clock import SystemClock
from vision.core.errors import VisionError
from vision.core.ports import Detector
from vision.evaluation import run_lines
from vision.evaluation.hands import Answer, Hands, answer_of
from vision.evaluation.hands import Build as BuildWatcher
from vision.evaluation.pictures import LabelledPicture
from vision.evaluation.predictions import PredictionStore, line_of, parse_line
from vision.evaluation.problems import Problems
from vision.evaluation.runner import DetectRun, Progress, decode, detect_batch
from vision.evaluation.truth import TruthClip, read_truth

_ANSWER_S = 10.0


class SpreadError(VisionError):
    """Ray is missing or its cluster cannot be reached."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How pictures are spread.

    Attributes:
        address: of the cluster; `local` starts one on this machine.
        workers: detectors, or engines, each with its own copy of the model.
        batch: pictures per call; clips go one by one.
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


class _Watcher:
    """Lives on a node, holds one engine, answers clip by clip."""

    def __init__(self, build: BuildWatcher) -> None:
        self._watcher = build()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        lines, faults = [], []
        for number, path in zip(batch["number"], batch["truth"], strict=True):
            said = self._answer(int(number), Path(str(path)))
            lines.append("" if said.run is None else run_lines.line_of(said.run))
            faults.append(said.fault or "")
        told = {"number": batch["number"], "line": lines, "fault": faults}
        return {name: np.array(column, dtype=object) for name, column in told.items()}

    def _answer(self, number: int, path: Path) -> Answer:
        truth = read_truth(path, Problems())
        if truth is None:
            return Answer(number, None, f"{path} cannot be read on this node")
        return answer_of(number, truth, self._watcher)


def on_ray(build: BuildWatcher, spread: Spread) -> Hands:
    """Return hands that watch clips on a Ray cluster.

    Args:
        build: makes the watcher on each worker.
        spread: how.

    Returns:
        Hands that raise SpreadError when Ray is not installed or the cluster cannot be
        reached.
    """

    def watch(clips: Sequence[TruthClip]) -> Iterator[Answer]:
        if not clips:
            return
        ray = _connected(spread.address)
        rows = [
            {"number": k, "truth": str(truth.path.resolve())}
            for k, truth in enumerate(clips)
        ]
        answers = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            _Watcher,
            fn_constructor_args=(build,),
            batch_size=1,
            concurrency=spread.workers,
            num_cpus=spread.cpus,
        )
        for row in answers.iter_rows():
            line, fault = str(row["line"]), str(row["fault"])
            run = run_lines.parse_run(line) if line else None
            yield Answer(int(row["number"]), run, fault or None)

    return watch


def _connected(address: str) -> Any:
    try:
        import ray  # noqa: PLC0415 an extra: most installations have no Ray
        import ray.data  # noqa: PLC0415 an extra
    except ImportError as error:
        msg = f"Ray is not installed ({error}); install `streetwarden[ray]`"
        raise SpreadError(msg) from error
    if not ray.is_initialized():
        _require_answer(address)
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


def _require_answer(address: str) -> None:
    """Raise unless somebody listens there: Ray itself would try for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return  # `local`, `auto`: no machine is named
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWER_S).close()
    except OSError as error:
        msg = f"ray {address}: {error}; expected a running cluster, or `local`"
        raise SpreadError(msg) from error
