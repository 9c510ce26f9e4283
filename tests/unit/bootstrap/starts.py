"""A camera that is started, watches a painted street, and is started again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.fakes import ManualClock
from tests.scenarios.stage import Stage
from tests.scenarios.world import LABELS, START, World
from vision.bootstrap.drawing import Drawing
from vision.bootstrap.remembering import Minds, build_memory
from vision.core.arrays import ImageU8
from vision.core.scene import Scene, Zone
from vision.core.violations import Violation
from vision.pipeline.candidates import OpenedPlaces
from vision.pipeline.memory import MemoryFile
from vision.rules.place_rule import PlaceRule
from vision.rules.places import PlaceMemory
from vision.view.check import CameraView


@dataclass
class Started:
    """One run of a camera."""

    stage: Stage
    memory: MemoryFile
    drawing: Drawing

    def watch(self, world: World, start_s: float, end_s: float) -> list[Violation]:
        """Return what is decided in that time."""
        before = len(self.stage.steps)
        return self.stage.play(world.film(end_s, start_s=start_s)).steps[before:]


def start(
    home: Path,
    zones: tuple[Zone, ...],
    *rules: PlaceRule,
    at_s: float = 0.0,
    presets: Mapping[str, ImageU8] | None = None,
) -> Started:
    """Return a camera with what the run before has left in its home.

    Args:
        home: where its memory lies.
        zones: as they are drawn now.
        rules: that watch it now.
        at_s: wall time, seconds since the world's start.
        presets: pictures of PTZ presets.
    """
    scene, view = Scene("c1", "gate", zones), CameraView(presets=presets)
    stage = Stage(rules, scene, view=view, memory=PlaceMemory("c1", LABELS))
    minds = Minds(view, stage.memory, OpenedPlaces(), rules)
    clock, told = ManualClock(START), list[object]()
    clock.advance(at_s)
    memory, drawing = build_memory(
        home, scene, minds, clock=clock, on_health=told.append
    )
    assert told == []
    return Started(stage, memory, drawing)
