"""Runs what is to be judged: a detector over pictures, an engine over clips."""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.frame import Frame
from vision.core.ports import Clock, Detector
from vision.evaluation.clip_store import ClipStore
from vision.evaluation.found import ClipRun
from vision.evaluation.hands import Hands
from vision.evaluation.matching import MatchRule
from vision.evaluation.outcomes import ClipOutcome, settle
from vision.evaluation.pictures import LabelledPicture
from vision.evaluation.predictions import Prediction, PredictionStore
from vision.evaluation.problems import Problems
from vision.evaluation.truth import TruthClip, check_clip
from vision.evaluation.truth_checks import outlasts_clip

_ROUNDED_S = 1.0  # labels name whole seconds, too

Decoded = tuple[str, ImageU8 | None]
"""A picture's key and pixels; None where it cannot be decoded."""

Progress = Callable[[int, int], None]
"""Told (done, total); must be quick and must not raise."""


@dataclass(frozen=True, slots=True)
class DetectRun:
    """How a detector is run over pictures.

    Attributes:
        detector: what is judged; its own score limits should be low.
        clock: measures the model's time.
        batch: pictures per call.
        workers: threads that decode; decoded pictures waiting never exceed
            `batch * (workers + 1)`.
    """

    detector: Detector
    clock: Clock
    batch: int = 8
    workers: int = 2


def detect_all(
    pictures: Sequence[LabelledPicture],
    run: DetectRun,
    store: PredictionStore,
    on_progress: Progress,
) -> None:
    """Detect in every picture that the store does not hold yet.

    Pictures are streamed; whatever interrupts this, the store keeps what was done.

    Args:
        pictures: all of them.
        run: how.
        store: where predictions go.
        on_progress: told after each batch.

    Raises:
        ModelError: the model failed.
    """
    waiting = [picture for picture in pictures if picture.key not in store.done]
    done = len(pictures) - len(waiting)
    on_progress(done, len(pictures))
    with ThreadPoolExecutor(max_workers=max(1, run.workers)) as pool:
        decoded = _decoded(waiting, pool, run.batch * (run.workers + 1))
        for batch in _batches(decoded, run.batch):
            for prediction in detect_batch(batch, run):
                store.add(prediction)
            done += len(batch)
            on_progress(done, len(pictures))


def watch_all(
    clips: Sequence[TruthClip],
    hands: Hands,
    rule: MatchRule,
    problems: Problems,
    on_progress: Progress,
    *,
    store: ClipStore | None = None,
) -> list[ClipOutcome]:
    """Watch and settle every clip; one that cannot be read is reported.

    Args:
        clips: a suite.
        hands: who watches.
        rule: what counts as found.
        problems: told of clips left out.
        on_progress: told after each clip.
        store: keeps finished clips for the case of an interruption, or None.

    Returns:
        One outcome per clip that could be watched, in the order given.
    """
    on_progress(0, len(clips))
    usable = [truth for truth in clips if check_clip(truth, problems)]
    runs = [None if store is None else store.get(truth) for truth in usable]
    waiting = [k for k, run in enumerate(runs) if run is None]
    faults: dict[int, str | None] = {}
    done = len(clips) - len(waiting)
    on_progress(done, len(clips))
    for answer in hands([usable[k] for k in waiting]):
        k = waiting[answer.number]
        runs[k] = answer.run
        if answer.run is None:
            faults[k] = answer.fault
        elif store is not None:
            store.add(usable[k], answer.run)
        done += 1
        on_progress(done, len(clips))
    # In the suite's order, whoever was done first: the same report every time.
    for k, fault in sorted(faults.items()):
        lost = max(1, len(usable[k].events))
        problems.add(usable[k].clip, None, f"{fault}; left out", lost=lost)
    return [
        settle(truth, run, rule)
        for truth, run in zip(usable, runs, strict=True)
        if run is not None and _fits(truth, run, problems)
    ]


def _fits(truth: TruthClip, run: ClipRun, problems: Problems) -> bool:
    """Tell what is wrong with a watched clip; return whether it can be judged."""
    if damage := run.damage.text():
        problems.add(truth.clip, None, damage, lost=0)
    return not outlasts_clip(truth, _over_s(run), problems)


def _over_s(run: ClipRun) -> float:
    """Return when a clip is surely over: less than a period after its last picture."""
    period_s = run.last_s / max(1, run.frames - 1)
    return run.last_s + period_s + _ROUNDED_S


def decode(path: Path) -> ImageU8 | None:
    """Return a picture's pixels, (H, W, 3) BGR, or None if it is broken."""
    try:
        raw = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError:
        return None
    image = cv2.imdecode(raw, cv2.IMREAD_COLOR) if len(raw) else None
    return None if image is None else np.asarray(image, np.uint8)


def detect_batch(batch: Sequence[Decoded], run: DetectRun) -> Iterator[Prediction]:
    """Detect in decoded pictures.

    Args:
        batch: picture keys with pixels; None for one that cannot be decoded.
        run: whose detector and clock.

    Returns:
        One prediction per picture, in order.

    Raises:
        ModelError: the model failed.
    """
    frames = [
        Frame(key, k, 0.0, run.clock.now(), image)
        for k, (key, image) in enumerate(batch)
        if image is not None
    ]
    began_s = run.clock.monotonic_s()
    said = iter(run.detector.detect(frames) if frames else [])
    each_s = (run.clock.monotonic_s() - began_s) / max(1, len(frames))
    for key, image in batch:
        if image is None:
            yield Prediction(key, None, "cannot be decoded")
        else:
            yield Prediction(key, next(said), detect_s=each_s)


def _decoded(
    pictures: Iterable[LabelledPicture], pool: ThreadPoolExecutor, ahead: int
) -> Iterator[Decoded]:
    """Decode in the pool, in order, with a bounded number of pictures in memory."""
    queue: deque[tuple[str, Future[ImageU8 | None]]] = deque()
    rest = iter(pictures)
    for picture in itertools.islice(rest, ahead):
        queue.append((picture.key, pool.submit(decode, picture.path)))
    while queue:
        key, future = queue.popleft()
        image = future.result()
        for following in itertools.islice(rest, 1):
            queue.append((following.key, pool.submit(decode, following.path)))
        yield key, image


def _batches(decoded: Iterator[Decoded], size: int) -> Iterator[list[Decoded]]:
    while batch := list(itertools.islice(decoded, size)):
        yield batch
