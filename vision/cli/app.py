"""The `streetwarden` command."""

import sys
from importlib import metadata
from typing import Annotated, Literal

import typer

from vision.cli.bench import bench
from vision.cli.check import check
from vision.cli.demo import demo
from vision.cli.doctor import doctor
from vision.cli.evaluate import app as evaluate
from vision.cli.evidence import app as evidence
from vision.cli.exits import FAILED, status_of, tell
from vision.cli.logs import set_up_logging
from vision.cli.model import app as model
from vision.cli.outbox import app as outbox
from vision.cli.replay import replay
from vision.cli.run import run
from vision.cli.serve import serve
from vision.cli.snapshot import snapshot
from vision.cli.why import why
from vision.core.errors import VisionError

app = typer.Typer(
    name="streetwarden",
    help="Watch city cameras, prove what was seen, hand events to dispatch.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _tell_version(*, asked: bool) -> None:
    if asked:
        print(f"streetwarden {metadata.version('streetwarden')}")
        raise typer.Exit


Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogLevel = Annotated[Level, typer.Option(help="Least level that is logged.")]
LogStyle = Annotated[Literal["json", "text"], typer.Option(help="Form of log lines.")]
Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_tell_version, is_eager=True, help="Say it and end."
    ),
]


@app.callback()
def _root(
    *,
    log_level: LogLevel = "WARNING",
    log_format: LogStyle = "text",
    version: Version = False,
) -> None:
    del version  # told already
    set_up_logging(level=log_level, style=log_format)


app.command()(run)
app.command()(demo)
app.command()(check)
app.command()(doctor)
app.command()(snapshot)
app.command()(why)
app.command()(replay)
app.command()(bench)
app.command()(serve)
app.add_typer(evidence)
app.add_typer(evaluate, name="evaluate")
app.add_typer(model)
app.add_typer(outbox)


def main() -> None:
    """Run the command line; every error of ours ends in words and a status."""
    try:
        app()
    except VisionError as error:
        tell(str(error))
        sys.exit(status_of(error))
    except OSError as error:
        # A file that no part could name more precisely: no space, no permission.
        where = "" if error.filename is None else f"{error.filename}: "
        tell(f"{where}{error.strerror or error}; check the path, its owner, the space")
        sys.exit(FAILED)
