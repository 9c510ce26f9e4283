"""`streetwarden average`: the mean of two trainings."""

from pathlib import Path
from typing import Annotated

import typer

from vision.cli.numbers import finite
from vision.cli.sets import need_training


def average(
    first: Annotated[Path, typer.Argument(help="A trained .pt file.")],
    second: Annotated[Path, typer.Argument(help="Another of the same parent.")],
    target: Annotated[Path, typer.Argument(help="The .pt file to write.")],
    *,
    share: Annotated[
        float, typer.Option(min=0, max=1, callback=finite, help="Of the second.")
    ] = 0.5,
) -> None:
    """Write the mean of two trainings' weights; judge it before you trust it."""
    need_training()
    from vision.training import average as averaging  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.export import save_checkpoint  # noqa: PLC0415 torch is installed only where models are trained

    save_checkpoint(averaging.average(first, second, share), target)
    print(f"{target}: {1 - share:.0%} of {first} and {share:.0%} of {second}")
