"""What one camera remembers over a restart, put together."""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from vision.bootstrap.drawing import Drawing
from vision.bootstrap.left import warn_of_ended
from vision.core.memory import CameraMemory
from vision.core.ports import Clock, HealthListener
from vision.core.scene import Scene
from vision.patrol.drive_watch import DriveWatch
from vision.patrol.places import PatrolPlaces
from vision.pipeline.candidates import OpenedPlaces
from vision.pipeline.memory import MemoryFile, Remembered
from vision.rules.illegal_parking import IllegalParking
from vision.rules.place_rule import PlaceRule
from vision.rules.places import PlaceMemory
from vision.view.check import CameraView
from vision.view.moving import MovingView

DRIVES = "drives"
"""Name of the part that remembers whether what was passed became places."""


@dataclass(frozen=True, slots=True)
class Minds:
    """The parts of one camera that have a memory."""

    view: CameraView
    places: PlaceMemory
    opened: OpenedPlaces
    rules: tuple[PlaceRule, ...]


@dataclass(frozen=True, slots=True)
class PatrolMinds:
    """The parts of one camera that moves that have a memory."""

    view: MovingView
    places: PatrolPlaces
    opened: OpenedPlaces
    rules: tuple[PlaceRule, ...]
    watch: DriveWatch


def build_memory(
    folder: Path,
    scene: Scene,
    minds: Minds,
    *,
    clock: Clock,
    on_health: HealthListener,
    on_saved: Callable[[CameraMemory], None] | None = None,
) -> tuple[MemoryFile, Drawing]:
    """Give a camera what it remembers of earlier runs.

    Args:
        folder: holds one file per camera, and its pictures.
        scene: the camera, with its zones as they are drawn now.
        minds: have no memory yet.
        clock: monotonic and wall time.
        on_health: told when the file cannot be read or written.
        on_saved: given what is saved.

    Returns:
        The memory, restored; and since when the zones lie as they do, which the first
        picture tells where they were drawn anew.
    """
    view, places = minds.view, minds.places
    drawing = Drawing(scene, clock)
    parts = (
        Remembered("view", view.state, view.restore),
        Remembered("places", places.state, places.restore),
        *_decisions(minds),
        Remembered("drawn", drawing.state, drawing.restore),
    )
    memory = MemoryFile(
        folder / f"{scene.camera_id}.json",
        parts,
        clock=clock,
        on_health=on_health,
        on_saved=on_saved,
    )
    _take_up(memory, minds, scene.camera_id)
    if drawing.anew:
        view.compare(
            same=drawing.keep_view,
            other=lambda kept: _forget_view(drawing, minds, memory, kept),
        )
    # Before the first step: the next run must know that this one may have made some.
    memory.save()
    return memory, drawing


def build_patrol_memory(
    folder: Path,
    scene: Scene,
    minds: PatrolMinds,
    *,
    clock: Clock,
    on_health: HealthListener,
    on_saved: Callable[[CameraMemory], None] | None = None,
) -> MemoryFile:
    """Give a camera that moves what it remembers of earlier drives.

    Its parts have names of their own: a camera that stood before and has its id, or
    that stands again, goes on with nothing of the other.

    Args:
        folder: holds one file per camera.
        scene: the camera.
        minds: have no memory yet.
        clock: monotonic and wall time.
        on_health: told when the file cannot be read or written.
        on_saved: given what is saved.
    """
    view, places = minds.view, minds.places
    memory = MemoryFile(
        folder / f"{scene.camera_id}.json",
        (
            Remembered("moving view", view.state, view.restore),
            Remembered("spots", places.state, places.restore),
            Remembered(DRIVES, minds.watch.state, minds.watch.restore),
            *_decisions(minds),
        ),
        clock=clock,
        on_health=on_health,
        on_saved=on_saved,
    )
    _take_up(memory, minds, scene.camera_id)
    memory.save()
    return memory


def _decisions(minds: Minds | PatrolMinds) -> Iterator[Remembered]:
    """Yield what remembers events."""
    yield Remembered("opened", minds.opened.state, minds.opened.restore)
    for rule in minds.rules:
        yield Remembered(rule.name, rule.state, rule.restore)


def _take_up(memory: MemoryFile, minds: Minds | PatrolMinds, camera_id: str) -> None:
    """Load a memory and let every rule go on from it."""
    last, places = memory.load(), minds.places
    for rule in minds.rules:
        if rule.name in last.behind:
            rule.step_over(places.place_ids)
            warn_of_ended(rule, places.place_ids, camera_id)
        if rule.name in last.absent:
            rule.pass_over(places.observed_s)


def _forget_view(
    drawing: Drawing,
    minds: Minds,
    memory: MemoryFile,
    kept: Container[str | None],
) -> None:
    """Forget what was learned of a view that is gone, but not of presets that stay.

    Lanes would lie elsewhere in the new one, and where a heap lay it shows bare ground,
    which is no proof.
    """
    drawing.change_view()
    minds.places.forget_view(kept)
    memory.forget_left()
    for rule in minds.rules:
        if isinstance(rule, IllegalParking):
            rule.forget_view(kept)
