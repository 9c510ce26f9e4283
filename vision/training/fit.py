"""Make a model from a recipe: read the sets, train, write the checkpoint."""

from __future__ import annotations

import copy
import dataclasses
import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from vision.core.errors import ConfigError
from vision.training.export import save_checkpoint
from vision.training.labels import CLASSES, Sample
from vision.training.machine import Machine
from vision.training.network import Alone, Pair, adapt, load_checkpoint
from vision.training.pools import (
    CUTOUTS,
    OWN,
    STALL,
    Shelf,
    read_clips,
    read_cutouts,
    read_renders,
    read_sets,
)
from vision.training.recipe import Recipe
from vision.training.restore import restore
from vision.training.trainer import OnStep, Schedule, Trainer
from vision.training.watch import Watch

log = logging.getLogger(__name__)

#: Share of a time budget for one head alone.
_POLISHING = 0.12
#: The rarest class of refuse; its pictures get rows of their own.
_RAREST = CLASSES.index("garbage")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run finds what it needs and leaves what it makes.

    Attributes:
        datasets: folder of `<name>/manifest.toml`.
        pictures: data root: the sets by name, and beside them `clips/`
            (videos, unlabelled), `renders/` (`images/` and `labels/`), `cutouts/` and
            `weights/` (the parent's checkpoint).
        run: state and result of this run.
    """

    datasets: Path
    pictures: Path
    run: Path

    def result(self, recipe: Recipe) -> Path:
        """Return where the checkpoint of a finished run lies."""
        return self.run / f"{recipe.name}.pt"


def gather(recipe: Recipe, places: Places) -> Shelf:
    """Read all pictures of a recipe into memory.

    Args:
        recipe: of the run.
        places: where they lie.

    Returns:
        Pools to train on and kept aside.
    """
    roots = places.datasets, places.pictures
    shelf = read_sets(roots, recipe.sets, recipe.aside, recipe.largest_px)
    clips = read_clips(places.pictures / "clips", recipe.aside, recipe.frame_period_s)
    renders: list[Sample] = read_renders(places.pictures / "renders", recipe.largest_px)
    cutouts = read_cutouts(places.pictures / CUTOUTS)
    train = shelf.train | clips.train | {"renders": renders, CUTOUTS: cutouts}
    # The same pictures in other rows: those that the teacher looks at too, and
    # those that show what most pictures lack or can lend.
    train["refuse_kept"] = refuse = train.get("refuse", [])
    train["heaps"] = [s for s in refuse if (s.class_id == _RAREST).any()]
    train["stalls"] = [s for s in train.get("vend", []) if (s.class_id == STALL).any()]
    return Shelf(train=train, aside=shelf.aside | clips.aside)


def begin(recipe: Recipe, places: Places) -> tuple[nn.Module, nn.Module]:
    """Load the teacher and build the student as it is before training.

    Args:
        recipe: of the run.
        places: holds the weights.

    Returns:
        Student and teacher.

    Raises:
        ConfigError: the parent's checkpoint is not there.
    """
    torch.manual_seed(recipe.schedule.seed)
    if recipe.parent is None:
        model = restore(None, Path(str(recipe.start)))
        return model, copy.deepcopy(model)
    weights = places.pictures / "weights" / recipe.parent
    if not weights.is_file():
        msg = (
            f"{weights} is not there: training starts from the COCO parent; put its "
            "checkpoint there"
        )
        raise ConfigError(msg)
    parent = load_checkpoint(weights)
    if recipe.start is None:
        return adapt(parent), parent
    return restore(parent, Path(recipe.start)), parent


def with_own(recipe: Recipe, name: str) -> Recipe:
    """Add a city's own set to a recipe.

    Args:
        recipe: has rows for the pool ``own``.
        name: of the set below the datasets folder.

    Returns:
        The recipe that reads the set too.

    Raises:
        ConfigError: no row of a batch is meant for own pictures.
    """
    if not recipe.mixture.rows.get(OWN):
        msg = (
            f"recipe {recipe.name!r} has no rows for the pool {OWN!r}, so {name!r} "
            "would never be drawn; see models/street-n/improve.toml"
        )
        raise ConfigError(msg)
    return dataclasses.replace(recipe, sets=recipe.sets | {OWN: name})


def train(
    recipe: Recipe,
    places: Places,
    machine: Machine,
    on_step: OnStep,
    shelf: Shelf | None = None,
) -> Path:
    """Run a recipe to its end, from where a stopped run was.

    A finished run is only given back, and a stage is over once a later one has
    begun: whatever it would still learn, the later one would not start from.

    Args:
        recipe: of the run.
        places: inputs and run folder.
        machine: what the run may use.
        on_step: told the step and the parts of the loss.
        shelf: what ``gather`` read; None reads it.

    Returns:
        The checkpoint of the averaged weights.
    """
    target = places.result(recipe)
    if target.is_file():
        return target
    student, teacher = begin(recipe, places)
    shelf = shelf or gather(recipe, places)
    _tell_empty(recipe, shelf)
    device = machine.device
    teacher = teacher.to(device, memory_format=torch.channels_last)
    stages = _stages(recipe, places.run)
    begun = max((k for k, s in enumerate(stages) if s.state.is_file()), default=0)
    before = sum(stage.schedule.steps for stage in stages[:begun])
    for stage in stages[begun:]:
        stage.folder.mkdir(parents=True, exist_ok=True)
        student = student.to(device, memory_format=torch.channels_last)
        pair = Pair(student, teacher, stage.alone)
        share = _POLISHING if stage.alone else 1 - _POLISHING
        spent = machine.budget.until(share)
        trainer = Trainer(pair, stage.schedule, recipe.gains, machine, spent)
        if stage.state.is_file():
            trainer.load(stage.state)
        else:
            trainer.save(stage.state)  # from here on, the stages before are over
        watch = None
        if stage.alone is None and recipe.stop is not None:
            watch = Watch(recipe.stop, shelf.aside.get("refuse", []), stage.folder)
        told = _after(before, on_step)
        trainer.run(shelf.train, recipe.mixture, stage.folder, told, watch)
        before += stage.schedule.steps
        student = trainer.average
    save_checkpoint(student, target)
    return target


def _tell_empty(recipe: Recipe, shelf: Shelf) -> None:
    """Say which rows of every batch have no pictures of their own."""
    empty = [name for name in recipe.mixture.rows if not shelf.train.get(name)]
    if empty:
        log.warning(
            "no pictures for the pools %s of recipe %s: other pools fill their %d "
            "rows%s",
            ", ".join(empty),
            recipe.name,
            sum(recipe.mixture.rows[name] for name in empty),
            "; `make renders` makes some" if "renders" in empty else "",
        )
    if recipe.mixture.cutouts and not shelf.train.get(CUTOUTS):
        log.warning(
            "recipe %s asks for cutouts, and there are none: all that is pasted is cut "
            "from pictures; `make renders` makes some",
            recipe.name,
        )


@dataclass(frozen=True, slots=True)
class _Stage:
    """One part of a run: all weights, or one head alone."""

    folder: Path
    schedule: Schedule
    alone: Alone | None = None

    @property
    def state(self) -> Path:
        """Where the trainer writes its state."""
        return self.folder / "state.pt"


def _stages(recipe: Recipe, run: Path) -> list[_Stage]:
    stages = [
        _Stage(run, recipe.schedule),
        _Stage(run / "polish", recipe.polish, "one2one"),
    ]
    if recipe.settle is not None:
        stages.insert(0, _Stage(run / "settle", recipe.settle, "one2many"))
    return stages


def _after(before: int, on_step: OnStep) -> OnStep:
    return lambda step, parts: on_step(before + step, parts)
