"""From how far away a detector sees what stands on the street, and how surely."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tests.scenarios.patrol.film import Camera, Film
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.ports import Detector

RANGES_M = (0, 4, 8, 12, 16, 20, 30)
_SAME = 0.35  # overlap of two boxes, their intersection over their union
_IN_VIEW = 0.9
MEANT = {
    "heap": "garbage",
    "full_bin": "overflowing_bin",
    "bin": "bin",
    "car": "car",
    "person": "person",
    "cabinet": "",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """One thing in one picture.

    Attributes:
        name: of the thing.
        kind: likewise.
        range_m: from the lens.
        found: labels and scores of the boxes on it.
    """

    name: str
    kind: str
    range_m: float
    found: tuple[tuple[str, float], ...]


def sights(film: Film, detector: Detector, every: int) -> Iterator[Sight]:
    """Yield what a detector makes of all that is whole in view, one of `every`."""
    cameras = dict(film.cameras())
    for i, (time_s, shown) in enumerate(film.pictures(every)):
        frame = Frame("patrol", i, time_s, film.drive.begins, shown)
        (seen,) = detector.detect([frame])
        yield from _compared(film, time_s, cameras[time_s], seen, detector.labels)


def _compared(
    film: Film,
    time_s: float,
    camera: Camera,
    seen: Detections,
    labels: tuple[str, ...],
) -> Iterator[Sight]:
    boxes = film.boxes(time_s, camera)
    for thing in film.drive.things():
        if thing.kind not in MEANT or thing.name not in boxes:
            continue
        box = boxes[thing.name]
        part = np.clip(box, 0, (*film.size_px, *film.size_px))
        if _area(part) < _IN_VIEW * _area(box):
            continue
        on_it = [
            k for k, other in enumerate(seen.xyxy) if _overlap(other, part) > _SAME
        ]
        away = math.dist(camera.lens(), (thing.along_m(time_s), thing.across_m))
        found = ((labels[seen.class_id[k]], float(seen.score[k])) for k in on_it)
        yield Sight(thing.name, thing.kind, away, tuple(found))


def table(told: Iterable[Sight]) -> str:
    """Return, by thing and range: how often seen as meant, median score; what else."""
    cells: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    others: dict[str, list[str]] = defaultdict(list)
    for sight in told:
        meant = MEANT[sight.kind]
        scores = [score for label, score in sight.found if label == meant]
        band = int(np.searchsorted(RANGES_M, sight.range_m, side="right")) - 1
        cells[sight.name][band].append(max(scores, default=0.0))
        others[sight.name] += [label for label, _ in sight.found if label != meant]
    bands = [f"{a}–{b} m" for a, b in pairwise(RANGES_M)]
    lines = [f"{'':12}" + "".join(f"{band:>14}" for band in bands)]
    for name, by_band in sorted(cells.items()):
        row = "".join(f"{_cell(by_band[k]):>14}" for k in range(len(bands)))
        also = {label: others[name].count(label) for label in sorted({*others[name]})}
        lines.append(f"{name:12}{row}  {also or ''}")
    return "\n".join(lines)


def _cell(scores: list[float]) -> str:
    found = [score for score in scores if score > 0]
    if not found:
        return f"0/{len(scores)}" if scores else "–"
    return f"{len(found)}/{len(scores)} {np.median(found):.2f}"


def _area(box: NDArray[np.floating]) -> float:
    return max(0.0, float(box[2] - box[0])) * max(0.0, float(box[3] - box[1]))


def _overlap(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    both = np.concatenate(
        (np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:]))
    )
    common = _area(both)
    return common / max(_area(one) + _area(other) - common, 1e-9)
