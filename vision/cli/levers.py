"""`streetwarden levers`: what each part of a recipe brings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vision.cli.sets import (
    DATASETS,
    Device,
    Root,
    Threads,
    Workers,
    data_root,
    need_training,
)
from vision.core.errors import ConfigError
from vision.training.forms import TEACHER_PX

if TYPE_CHECKING:
    from vision.training.levers import Lever

_SIZE_PX = 448


def levers(
    recipe: Annotated[Path, typer.Argument(help="The whole recipe.toml.")],
    changes: Annotated[Path, typer.Argument(help="levers.toml: what differs.")],
    run: Annotated[Path, typer.Argument(help="Folder; one run per lever.")],
    *,
    every: Annotated[
        str, typer.Option(help="Part of the runs to make here, e.g. 1/2.")
    ] = "1/1",
    device: Device = "auto",
    workers: Workers = None,
    threads: Threads = 1,
    root: Root = None,
) -> None:
    """Train short runs that differ in one thing, judge them alike, and compare.

    Runs that are done are read back: several processes can share the work, and
    one more without `--every` writes the whole table.
    """
    need_training()
    from vision.training import fit, machine  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training import levers as levering  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.network import load_checkpoint  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.predict import (  # noqa: PLC0415 torch is installed only where models are trained
        road_users_only,
        torch_predictor,
    )
    from vision.training.progress import Progress  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.recipe import need_pools, read_recipe  # noqa: PLC0415 torch is installed only where models are trained

    read = read_recipe(recipe)
    if read.parent is None:
        msg = f"{recipe}: no parent to judge road users against"
        raise ConfigError(msg)
    need_pools(read, ("refuse", "vend", "vehicles"), recipe)
    listed = _part(levering.read_levers(recipe, changes), every)
    machine.use_threads(threads)
    means = machine.find(device, workers, math.inf)
    places = fit.Places(DATASETS, data_root(root), run)
    shelf = fit.gather(read, places)
    parent = fit.begin(read, places)[1].to(means.device)
    teacher = road_users_only(torch_predictor(parent, TEACHER_PX))

    def make(lever: Lever) -> dict[str, float]:
        folder = run / lever.folder
        here = fit.Places(DATASETS, places.pictures, folder)
        with Progress(lever.recipe.steps, folder / "log.jsonl") as progress:
            trained = fit.train(lever.recipe, here, means, progress.on_step, shelf)
        model = load_checkpoint(trained).to(means.device)
        figures = levering.measure(teacher, torch_predictor(model, _SIZE_PX), shelf)
        print(lever.name, figures, flush=True)
        return figures

    print(levering.as_text(levering.compare(listed, run, make)))


def _part(listed: list[Lever], every: str) -> list[Lever]:
    """Return the share of runs that ``K/N`` names."""
    number, _, count = every.partition("/")
    if not (number.isdigit() and count.isdigit() and 0 < int(number) <= int(count)):
        msg = f"--every {every}: expected K/N, for example 1/2"
        raise ConfigError(msg)
    return listed[int(number) - 1 :: int(count)]
