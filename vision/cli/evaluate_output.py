"""What all `streetwarden evaluate` commands share: progress, provenance, the end."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from vision.cli.exits import BAD_INPUT
from vision.core.clock import SystemClock
from vision.core.errors import ConfigError
from vision.core.ports import Detector
from vision.evaluation import runner
from vision.evaluation.about import About, command_line, machine, packages, timestamp
from vision.evaluation.problems import Problems
from vision.evaluation.report import show
from vision.evaluation.words import english

_PROBLEMS_SHOWN = 10

Out = Annotated[Path, typer.Option(help="Folder that gets the report.")]
Seed = Annotated[int, typer.Option(help="Of the bootstrap.")]
Language = Annotated[Literal["en", "zh"], typer.Option(help="Shown first.")]


def make_folder(out: Path) -> None:
    """Make the folder that gets the report, and prove that it can be written.

    Raises:
        ConfigError: it cannot.
    """
    probe = out / ".probe"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"1")
        probe.unlink()
    except OSError as error:
        msg = f"--out {out}: {error.strerror}; expected a folder that can be written"
        raise ConfigError(msg) from error


def truth_files(places: Iterable[Path], problems: Problems) -> list[Path]:
    """Return the truth files named, or below the folders named, each once.

    Args:
        places: files and folders.
        problems: told of a folder without any.
    """
    files: dict[Path, None] = {}  # a file and its folder may both be named
    for place in places:
        found = sorted(place.rglob("*truth.json")) if place.is_dir() else [place]
        files |= dict.fromkeys(found)
        if not found:
            problems.add(place, None, "no *truth.json below; expected truth files")
    return list(files)


def unusable(problems: Problems) -> ConfigError:
    """Return the end of a command that has nothing to judge."""
    reasons = "; ".join(problem.located for problem in problems.items[:3])
    return ConfigError(f"no usable truth file: {reasons}")


@contextmanager
def progress(what: str) -> Iterator[runner.Progress]:
    """Yield a callback that draws a bar on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def about(detector: Detector, seed: int, config: tuple[Path, str] | None) -> About:
    """Return who measures, with what.

    Args:
        detector: the judged model.
        seed: of every random draw.
        config: path and SHA-256 of the site file, or None.
    """
    return About(
        command=command_line(sys.argv),
        made_at=timestamp(SystemClock().now()),
        seed=seed,
        model_id=detector.model_id,
        model_sha256=detector.model_sha256,
        config=None if config is None else str(config[0]),
        config_sha256=None if config is None else config[1],
        machine=machine(),
        packages=packages(),
    )


def tell(problems: Problems, first: int = 0) -> int:
    """Say what is wrong from one problem on, shortened; return how many there are."""
    for problem in problems.items[first : first + _PROBLEMS_SHOWN]:
        print(problem.located, file=sys.stderr)
    return len(problems)


def tell_figures(figures: object, keys: Iterable[str]) -> None:
    """Print some figures of a report."""
    if isinstance(figures, dict):
        for key in keys:
            print(f"{english(key):34} {show(key, figures[key]['value'])}")


def finish(problems: Problems, out: Path, *, told: int = 0) -> None:
    """Say where the report is and leave with the status that the input deserves.

    Args:
        problems: everything wrong with the input.
        out: where the report is.
        told: how many of the problems were said before.
    """
    if tell(problems, told):
        print(f"{len(problems)} problems, see {out / 'problems.csv'}", file=sys.stderr)
    print(out / "report.html")
    if len(problems):
        raise typer.Exit(BAD_INPUT)
