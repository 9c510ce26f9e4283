"""How a patrol car's camera judges a street, for many receivers' errors.

`python -m tests.benchmarks.bench_patrol [--receivers 40]` films four drives along the
synthetic street (`tests/scenarios/patrol`), has the shipped model look at every picture
once, and then judges what it saw again and again, each time with positions that are
wrong in another way. It prints what was found, missed, doubled and cleared, how far
events lie from the truth, and how often within the accuracy that they claim. The first
two drives are the city's; before the third the street is tidied up. The third and the
fourth are driven once more with other errors: two clean passes in a row clear refuse,
and a receiver that errs by several metres may put a place out of view in one of them.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich import progress

from tests.scenarios.patrol.drive import Drive, Receiver, two_drives
from tests.scenarios.patrol.film import Film
from tests.scenarios.patrol.truth import clip, site, track, truth
from vision.bootstrap.patrol import build_mount
from vision.bootstrap.patrol_rules import build_patrol_rules
from vision.bootstrap.positions import build_positions
from vision.bootstrap.scene import build_scene
from vision.bootstrap.schedule import build_schedule
from vision.config.load import read_settings
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.observation import Observation, ViewState
from vision.core.ports import PositionSource
from vision.core.position import Fix, distance_m
from vision.core.violations import Lifecycle, Violation
from vision.detectors.onnx import OnnxDetector
from vision.patrol.params import PATROL_KINDS
from vision.patrol.places import PatrolPlaces

_MODEL = Path(__file__).parents[2] / "models/street-n"
_SIZE_PX, _FPS = (960, 540), 5
_APART = timedelta(minutes=10)


@dataclass(frozen=True, eq=False)
class Seen:
    """One drive: its pictures, and what the model saw in them."""

    film: Film
    frames: list[Frame]
    detections: list[Detections]


@dataclass
class Positions:
    """The positions of the drive that is judged now."""

    now: PositionSource | None = None

    def start(self) -> None:
        """Nothing to do: files were read."""

    def stop(self, timeout_s: float) -> None:
        """Likewise."""

    def at(self, frame: Frame) -> Fix | None:
        """Return where the car was."""
        return None if self.now is None else self.now.at(frame)


def drives() -> list[Drive]:
    """Return four drives, ten minutes apart; the last two along a tidy street."""
    first, second = two_drives()
    third = replace(second, number=2, begins=second.begins + _APART)
    return [
        first,
        second,
        third,
        replace(third, number=3, begins=third.begins + _APART),
    ]


def again(seen: Seen, later: int) -> Seen:
    """Return a drive as if it were driven once more, so many drives later."""
    drive = seen.film.drive
    begins, number = drive.begins + later * _APART, drive.number + later
    frames = [
        replace(frame, captured_at=frame.captured_at + later * _APART)
        for frame in seen.frames
    ]
    film = replace(seen.film, drive=replace(drive, number=number, begins=begins))
    return Seen(film, frames, seen.detections)


def look(film: Film, detector: OnnxDetector) -> Seen:
    """Have the model look at every picture of a drive."""
    frames, found = [], []
    for index, (time_s, shown) in enumerate(
        progress.track(list(film.pictures()), clip(film.drive), transient=True)
    ):
        at = film.drive.begins + timedelta(seconds=time_s)
        frame = Frame("patrol-7-right", index, time_s, at, shown)
        frames.append(frame)
        found += detector.detect([frame])
    return Seen(film, frames, found)


def judge(
    seen: Sequence[Seen], labels: tuple[str, ...], seed: int, folder: Path
) -> list[tuple[int, Violation]]:
    """Judge all drives with one receiver's errors; return steps by drive."""
    (folder / "site.yaml").write_text(
        yaml.safe_dump(site(seen[0].film, str(_MODEL))), "utf-8"
    )
    first = replace(seen[0].film.drive, seed=seed)
    first.write_track(folder / track(first))
    settings = read_settings(folder / "site.yaml", SiteSettings).settings
    camera = settings.cameras[0]
    assert camera.mount is not None
    assert camera.position is not None
    positions = Positions()
    places = PatrolPlaces(
        camera.id,
        labels,
        kinds=PATROL_KINDS,
        mount=build_mount(camera.mount),
        positions=positions,
    )
    scene = build_scene(camera, settings.map_zones)
    rules = build_patrol_rules(
        settings.rules,
        scene,
        labels,
        build_schedule(settings),
        lambda: places.place_ids,
    )
    steps: list[tuple[int, Violation]] = []
    for drive in seen:
        path = folder / track(drive.film.drive)
        replace(drive.film.drive, seed=seed).write_track(path, Receiver())
        told = camera.position.model_copy(update={"path": path})
        positions.now = build_positions(told, clock=SystemClock())
        for frame, found in zip(drive.frames, drive.detections, strict=True):
            there = places.update(frame, found, ViewState())
            shown = Observation(
                frame, scene, labels, found, (), there, ViewState(), 1 / _FPS
            )
            for rule in rules:
                number = drive.film.drive.number
                steps += [(number, step) for step in rule.observe(shown)]
    return steps


def score(
    steps: list[tuple[int, Violation]], expected: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, float]]:
    """Yield what happened to each true event, and each event that is none."""
    opened = [s for s in steps if s[1].lifecycle is Lifecycle.OPENED]
    for wanted in expected:
        here = wanted["lat"], wanted["lon"]
        near = sorted(
            (distance_m(here, (step.place.geo.lat, step.place.geo.lon)), number, step)
            for number, step in opened
            if step.slug.value == wanted["slug"] and step.place.geo is not None
        )
        mine = [one for one in near if one[0] <= _reach(one[2])]
        if not mine:
            yield "missed", 0.0
            continue
        away_m, number, step = mine[0]
        opened = [one for one in opened if one[1] is not step]
        yield "found", away_m
        yield ("in time" if number == wanted["opens_in"] else "late"), away_m
        geo = step.place.geo
        assert geo is not None
        if away_m <= (geo.accuracy_m or 0.0):
            yield "within accuracy", away_m
        ends = [
            n
            for n, one in steps
            if one.event_id == step.event_id and one.lifecycle is Lifecycle.CLEARED
        ]
        yield _end(ends, wanted["cleared_in"]), 0.0
    for _ in opened:
        yield "doubled or false", 0.0


def _end(ends: Sequence[int], due: int) -> str:
    """Return what to say of the drives in which an event was cleared."""
    if not ends:
        return "still open"
    if ends == [due]:
        return "cleared in time"
    return "cleared late" if ends[0] > due else "cleared too early"


def _reach(step: Violation) -> float:
    """Return how far an event may lie from its thing to be of it, metres."""
    geo = step.place.geo
    return 0.0 if geo is None else 2.0 * (geo.accuracy_m or 0.0)


def main() -> int:
    """Film, look, judge, print; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receivers", type=int, default=40)
    told = parser.parse_args()
    detector = OnnxDetector(_MODEL, threads=1)
    films = [Film(drive, size_px=_SIZE_PX, fps=_FPS) for drive in drives()]
    seen = [look(film, detector) for film in films]
    expected = truth(films)["events"]
    seen += [again(one, 2) for one in seen[2:]]
    counts: Counter[str] = Counter()
    away: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in progress.track(range(told.receivers), "receivers", transient=True):
            steps = judge(seen, detector.labels, seed, Path(folder))
            for what, metres in score(steps, expected):
                counts[what] += 1
                if what == "found":
                    away.append(metres)
    out = sys.stdout.write
    out(f"{told.receivers} receivers, {len(expected)} true events each (synthetic)\n")
    for what, count in counts.most_common():
        out(f"  {what:<22}{count:>6}\n")
    if away:
        middle, far = np.percentile(away, (50, 95))
        out(f"  metres from the truth: median {middle:.1f}, 95 % within {far:.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
