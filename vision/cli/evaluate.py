"""`streetwarden evaluate ...`: is it right, how often, how late, how sure."""

import typer

from vision.cli.evaluate_compare import compare
from vision.cli.evaluate_detections import detections
from vision.cli.evaluate_drives import drives
from vision.cli.evaluate_events import events

app = typer.Typer(
    no_args_is_help=True,
    help="Score a detector or the engine; exit status 7: some input was left out.",
)

app.command()(detections)
app.command()(events)
app.command()(drives)
app.command()(compare)
