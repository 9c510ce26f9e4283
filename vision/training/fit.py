"""Make a model from a recipe: read the sets, train, write the checkpoint."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

from vision.core.errors import ConfigError
from vision.training.export import save_checkpoint
from vision.training.labels import Sample
from vision.training.network import Pair, adapt, load_checkpoint
from vision.training.pools import Shelf, read_clips, read_renders, read_sets
from vision.training.recipe import Recipe
from vision.training.trainer import OnStep, Trainer

#: Refuse pictures that the teacher looks at too; the same pictures as
#: ``refuse``, in other rows of the batch.
_TWICE = ("refuse_kept", "refuse")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run finds what it needs and leaves what it makes.

    Attributes:
        datasets: folder of `<name>/manifest.toml`.
        pictures: data root: the sets by name, and beside them `clips/`
            (videos, unlabelled), `renders/` (`images/` and `labels/`) and
            `weights/` (the parent's checkpoint).
        run: state and result of this run.
    """

    datasets: Path
    pictures: Path
    run: Path


def gather(recipe: Recipe, places: Places) -> Shelf:
    """Read all pictures of a recipe into memory.

    Args:
        recipe: of the run.
        places: where they lie.

    Returns:
        Pools to train on and kept aside.
    """
    shelf = read_sets(places.datasets, places.pictures, recipe.aside, recipe.largest_px)
    clips = read_clips(places.pictures / "clips", recipe.aside, recipe.frame_period_s)
    renders: list[Sample] = read_renders(places.pictures / "renders", recipe.largest_px)
    train = shelf.train | clips.train | {"renders": renders}
    train[_TWICE[0]] = train[_TWICE[1]]
    return Shelf(train=train, aside=shelf.aside | clips.aside)


def prepare(
    recipe: Recipe, places: Places, device: str, polish_from: Trainer | None = None
) -> Trainer:
    """Build the networks and continue a run if one was begun.

    Args:
        recipe: of the run.
        places: weights and run folder.
        device: ``cpu`` or ``cuda``.
        polish_from: a finished trainer; its averaged weights are the start
            of polishing the one-to-one head.

    Returns:
        The trainer, at the step where the run stopped.

    Raises:
        ConfigError: the parent's checkpoint is not there.
    """
    weights = places.pictures / "weights" / recipe.parent
    if not weights.is_file():
        msg = (
            f"{weights} is not there: training starts from the COCO parent; put its "
            "checkpoint there"
        )
        raise ConfigError(msg)
    polish = polish_from is not None
    schedule = recipe.polish if polish else recipe.schedule
    torch.manual_seed(schedule.seed)
    parent = load_checkpoint(weights).to(device)
    student = adapt(parent).to(device)
    if polish_from is not None:
        student.load_state_dict(polish_from.average.state_dict())
    pair = Pair(
        student.to(memory_format=torch.channels_last),
        parent.to(memory_format=torch.channels_last),
        polish=polish,
    )
    trainer = Trainer(pair, schedule, recipe.gains)
    state = places.run / "state.pt"
    if state.is_file():
        trainer.load(state)
    return trainer


def use_threads(count: int) -> None:
    """Bound the threads of torch and OpenCV.

    Ultralytics sets torch's threads when it is imported, so this is called
    after the imports of this module.

    Args:
        count: threads.
    """
    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def train(recipe: Recipe, places: Places, device: str, on_step: OnStep) -> Path:
    """Run a recipe to its end.

    Args:
        recipe: of the run.
        places: inputs and run folder.
        device: ``cpu`` or ``cuda``.
        on_step: told the step and the parts of the loss.

    Returns:
        The checkpoint of the averaged weights.
    """
    places.run.mkdir(parents=True, exist_ok=True)
    shelf = gather(recipe, places)
    trainer = prepare(recipe, places, device)
    trainer.run(shelf.train, recipe.mixture, places.run, on_step)
    second = dataclasses.replace(places, run=places.run / "polish")
    second.run.mkdir(exist_ok=True)
    trainer = prepare(recipe, second, device, polish_from=trainer)
    before = recipe.schedule.steps
    trainer.run(
        shelf.train,
        recipe.mixture,
        second.run,
        lambda step, parts: on_step(before + step, parts),
    )
    target = places.run / f"{recipe.name}.pt"
    save_checkpoint(trainer.average, target)
    return target
