"""`streetwarden run`: watch the cameras of a site."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vision.bootstrap.cluster import watch_cluster
from vision.bootstrap.desk import Onlookers
from vision.bootstrap.evidence import recognise_evidence
from vision.bootstrap.left import warn_of_cameras
from vision.bootstrap.site import Watch, watch_site
from vision.cli.live import LiveView
from vision.cli.outbox import waiting
from vision.cli.quick import quick_site
from vision.cli.stopping import stop_on_signals
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.site import SiteSettings, load_site
from vision.core.errors import ConfigError, SourceError
from vision.pipeline.engine import Summary

SiteFile = Annotated[Path | None, typer.Argument(help="The site file (YAML).")]
Source = Annotated[
    str | None,
    typer.Option(help="Quick look without a site file: URL, file, folder or 0."),
]
Model = Annotated[
    Path | None, typer.Option(help="Model folder for --source; default: the shipped.")
]


Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Watch on this Ray cluster (extra `ray`); `auto`: one on this machine.",
    ),
]


def run(
    site: SiteFile = None,
    source: Source = None,
    model: Model = None,
    cluster: Cluster = None,
) -> None:
    """Watch the cameras of a site until their files end, or Ctrl-C.

    With --source: no site file, the whole view counts as forbidden, grace times are
    20 s and events go to standard output as JSON lines.

    With --cluster: every node needs this version of streetwarden and the site's model
    and taxonomy under the same path; events, evidence and memories come to this
    machine's STREETWARDEN_HOME.
    """
    loaded = _chosen(site, source, model)
    home = Home.from_environment()
    view = LiveView([camera.id for camera in loaded.settings.cameras])
    with home.claimed(), stop_on_signals() as stop, view:
        recognise_evidence(home)
        if source is None:  # a quick look is no site that cameras could be missing from
            warn_of_cameras(home, {camera.id for camera in loaded.settings.cameras})
        if cluster is None:
            watch = Watch(on_event=view.on_event, on_frame=view.on_frame)
            summary = watch_site(loaded, home, stop=stop, watch=watch)
        else:
            onlookers = Onlookers(on_event=view.on_event, on_sight=view.on_sight)
            summary = watch_cluster(
                loaded, home, cluster, stop=stop, onlookers=onlookers
            )
    tell_summary(view.console, summary)
    tell_waiting(view.console)
    if summary.failed:
        lines = "; ".join(f"{name}: {why}" for name, why in summary.failed.items())
        msg = f"{len(summary.failed)} camera(s) could not be read to the end: {lines}"
        raise SourceError(msg)


def tell_summary(console: Console, summary: Summary) -> None:
    """Print what a run did."""
    console.print(
        f"{summary.frames} pictures analysed, {summary.steps} event steps.",
        style="bold",
    )


def tell_waiting(console: Console) -> None:
    """Say that not everything has arrived, or somebody will look for it in vain."""
    for one in waiting():
        if one.due:
            console.print(
                f"{one.receiver}: {one.due} deliveries wait in the outbox; the next "
                "run with this receiver goes on (see `streetwarden doctor`).",
                style="yellow",
                soft_wrap=True,
                markup=False,
            )


def _chosen(
    site: Path | None, source: str | None, model: Path | None
) -> Loaded[SiteSettings]:
    if (site is None) == (source is None):
        msg = "got no site file and no --source, or both; expected exactly one of them"
        raise ConfigError(msg)
    if source is not None:
        return quick_site(source, model)
    if model is not None:
        msg = "--model goes with --source; a site file names its own model"
        raise ConfigError(msg)
    assert site is not None  # noqa: S101 the two checks above leave nothing else
    return load_site(site)
