"""`streetwarden demo`: the whole way from a camera to a dispatcher, on this machine."""

import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from vision.bootstrap.local_service import LocalService
from vision.bootstrap.site import Watch, watch_site
from vision.cli.exits import FAILED
from vision.cli.live import LiveView, clock_text
from vision.cli.stopping import stop_on_signals
from vision.config.home import Home
from vision.config.site import load_site
from vision.core.detections import Detections
from vision.core.errors import ConfigError, SinkError
from vision.core.events import ViolationEvent
from vision.core.frame import Frame
from vision.core.shipped import shipped
from vision.evaluation.found import FoundEvent, fold
from vision.evaluation.matching import MatchRule, match_events
from vision.evaluation.problems import Problems
from vision.evaluation.truth import TrueEvent, read_truth

_CONFIG = Path("configs/demo.yaml")
_TRUTH = Path("datasets/demo/truth.json")
_URL = "STREETWARDEN_DEMO_URL"
_KEY = "STREETWARDEN_API_KEY"

Exit = Annotated[
    bool, typer.Option("--exit", help="End by itself; status 0 only if all is right.")
]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="0: any free port.")]


class _Record:
    """What the run showed: event steps and the size of the pictures."""

    def __init__(self, view: LiveView) -> None:
        self.events: list[ViolationEvent] = []
        self.size = (1, 1)
        self._view = view

    def on_event(self, event: ViolationEvent) -> None:
        self.events.append(event)
        self._view.on_event(event)

    def on_frame(self, frame: Frame, detections: Detections) -> None:
        self.size = (frame.width, frame.height)
        self._view.on_frame(frame, detections)


def demo(*, exit_: Exit = False, port: Port = 8321) -> None:
    """Watch the bundled street: service, engine, events, evidence.

    State goes to `demo` in STREETWARDEN_HOME and is made anew each time.
    """
    home = Home(Home.from_environment().root / "demo")
    shutil.rmtree(home.root, ignore_errors=True)
    home.prepare()
    key = secrets.token_urlsafe(32)
    with (
        stop_on_signals() as stop,
        LocalService(home.root, port=port, api_key=key) as service,
    ):
        os.environ |= {_URL: service.url, _KEY: key}
        good = _play(home, service.url, stop)
        if not exit_ and not stop.is_set():
            _console().print(
                f"\nLook at [bold]{service.url}[/bold] in a browser; Ctrl-C ends."
            )
            stop.wait()
    if not good:
        raise typer.Exit(FAILED)


def _play(home: Home, url: str, stop: Event) -> bool:
    loaded = load_site(shipped(_CONFIG))
    view = LiveView([camera.id for camera in loaded.settings.cameras])
    view.console.print(f"Event service on [bold]{url}[/bold]; watching the demo street")
    record = _Record(view)
    watch = Watch(on_event=record.on_event, on_frame=record.on_frame)
    with view:
        summary = watch_site(loaded, home, stop=stop, watch=watch)
    if stop.is_set():
        return False
    found = fold(record.events, record.size)
    as_expected = _compare(view.console, found)
    stored, pictures = _stored(url)
    view.console.print(
        f"{summary.frames} pictures analysed; the service holds {stored} events with "
        f"{pictures} evidence files."
    )
    return as_expected and stored == len(found) and pictures >= stored


def _compare(console: Console, found: Sequence[FoundEvent]) -> bool:
    """Print what truly happened beside what was reported; tell whether they agree."""
    problems = Problems()
    truth = read_truth(shipped(_TRUTH), problems)
    if truth is None or len(problems):
        msg = "; ".join(problem.located for problem in problems)
        raise ConfigError(msg)
    pairs = dict(match_events(truth.events, found, MatchRule()))
    table = Table("what happened", "began", "reported", "opened", title="The demo")
    for index, true in enumerate(truth.events):
        table.add_row(*_row(true, found[pairs[index]] if index in pairs else None))
    matched = set(pairs.values())
    for index, extra in enumerate(found):
        if index not in matched:
            opened = clock_text(extra.opened_s)
            table.add_row("[red]nothing[/red]", "", extra.slug.value, opened)
    console.print(table)
    return len(pairs) == len(truth.events) == len(found)


def _row(true: TrueEvent, found: FoundEvent | None) -> tuple[str, str, str, str]:
    began = clock_text(true.start_s)
    if found is None:
        return true.slug.value, began, "[red]missed[/red]", ""
    opened = clock_text(found.opened_s)
    return true.slug.value, began, f"[green]{found.slug.value}[/green]", opened


def _stored(url: str) -> tuple[int, int]:
    """Ask the service what it holds: events, and evidence files over all of them."""
    try:
        answer = httpx.get(f"{url}/api/v1/events", params={"limit": 100}, timeout=10)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        msg = f"{url}: the event list cannot be read ({error})"
        raise SinkError(msg) from error
    events = answer.json()["items"]
    return len(events), sum(len(event["evidence"]) for event in events)


def _console() -> Console:
    return Console(stderr=True, highlight=False)
