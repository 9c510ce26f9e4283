"""`streetwarden crossval`: how street_vendor does on origins it never saw."""

import dataclasses
import math
from pathlib import Path
from typing import Annotated

import typer

from vision.cli.numbers import limit
from vision.cli.sets import (
    DATASETS,
    Device,
    Root,
    Threads,
    Workers,
    data_root,
    manifest_of,
    need_training,
)
from vision.core.errors import ConfigError
from vision.training.collect import list_split, load
from vision.training.folds import part, pooled, read_origins
from vision.training.forms import predictor
from vision.training.judge import FALSE_PER_NEGATIVE, mark
from vision.training.listing import Origins
from vision.training.scoring import Marked

_POOL = "vend"
_SIZE_PX = 448


def crossval(
    recipe: Annotated[Path, typer.Argument(help="A recipe.toml.")],
    run: Annotated[Path, typer.Argument(help="Folder; one run per fold.")],
    *,
    folds: Annotated[int, typer.Option(help="How many.")] = 3,
    short: Annotated[
        Path | None, typer.Option(help="levers.toml whose short form each fold takes.")
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=1, callback=limit, help="Time per fold.")
    ] = math.inf,
    device: Device = "auto",
    workers: Workers = None,
    threads: Threads = 1,
    root: Root = None,
) -> None:
    """Train once per fold of origins and count street_vendor's hits together.

    As expensive as that many trainings; stopped runs continue.
    """
    need_training()
    from vision.training import fit, machine  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.levers import read_short  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.progress import Progress  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.recipe import need_pools, read_recipe  # noqa: PLC0415 torch is installed only where models are trained

    read = read_recipe(recipe) if short is None else read_short(recipe, short)
    if read.start is not None:
        msg = f"{recipe}: starts from a model that saw all origins; start from a parent"
        raise ConfigError(msg)
    need_pools(read, (_POOL,), recipe)
    pictures = data_root(root)
    origins = part(read_origins(pictures / read.sets[_POOL]), folds)
    machine.use_threads(threads)
    means = machine.find(device, workers, minutes)
    seen = []
    for number, names in enumerate(origins):
        aside = dataclasses.replace(read.aside, vend_origins=names)
        folder = run / f"fold{number}"
        with Progress(read.steps, folder / "log.jsonl") as progress:
            model = fit.train(
                dataclasses.replace(read, aside=aside),
                fit.Places(DATASETS, pictures, folder),
                means,
                progress.on_step,
            )
        seen.append(_looked_at(model, (read.sets[_POOL], pictures), names))
    found = pooled(seen, FALSE_PER_NEGATIVE)
    print(
        f"street_vendor, {folds} folds of origins: {found.hits:.0%} of {found.stalls} "
        f"stalls hit (95 % interval over origins {found.low:.0%} to {found.high:.0%}), "
        f"{FALSE_PER_NEGATIVE} false boxes on each of {found.negatives} look-alikes"
    )


def _looked_at(
    model: Path, where: tuple[str, Path], names: tuple[str, ...]
) -> dict[str, list[Marked]]:
    """Run a fold's model over the origins that it never saw."""
    name, root = where
    origins = Origins(root / name)
    manifest = manifest_of(name)
    predict = predictor(str(model), _SIZE_PX)
    seen: dict[str, list[Marked]] = {}
    for path in list_split(manifest, root, "train"):
        origin = origins.of(path.name)
        if origin in names:
            marked = mark(predict, list(load(manifest, [path], 640)))
            seen.setdefault(origin, []).extend(marked)
    return seen
