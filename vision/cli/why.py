"""`streetwarden why`: why has nothing been opened here yet?"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from vision.cli.live import clock_text
from vision.config.home import Home
from vision.core.clock import SystemClock
from vision.pipeline.reasons import ReasonRecord
from vision.pipeline.why_file import read_record
from vision.pipeline.why_record import CameraRecord, PlaceRecord, PointRecord

_OLD = timedelta(seconds=10)  # a running engine writes every two seconds
_OVER = frozenset({"ended", "failed", "stopped"})
_MARK = {
    True: "[green]holds  [/green]",
    False: "[bold yellow]not yet[/bold yellow]",
    None: "[dim]fact   [/dim]",
}

Camera = Annotated[str, typer.Argument(help="A camera's id.")]
HomeFolder = Annotated[
    Path | None,
    typer.Option(help="The engine's folder; default: STREETWARDEN_HOME."),
]
Json = Annotated[bool, typer.Option("--json", help="The record itself, for programs.")]


def why(camera: Camera, home: HomeFolder = None, *, json_: Json = False) -> None:
    """Tell of each still object at a camera why it has not opened an event.

    Reads what the engine wrote last (every two seconds while it runs), so it works
    during a run and after it, for cameras and for files.
    """
    folder = Home.from_environment() if home is None else Home(home)
    record = read_record(folder.why, camera)
    if json_:
        print(json.dumps(record, ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    _tell_state(console, record)
    _tell_candidates(console, record)
    _tell_opened(console, record)
    _tell_unjudged(console, record)
    if record["left_out"]:
        console.print(f"... and {record['left_out']} places more.")


def _tell_state(console: Console, record: CameraRecord) -> None:
    name = "" if record["name"] == record["camera_id"] else f" {record['name']}"
    console.print(f"[bold]{escape(record['camera_id'])}[/bold]{escape(name)}")
    age = SystemClock().now() - datetime.fromisoformat(record["written_at"])
    if record["feed"] in _OVER:
        state = f"the run is over (its feed {record['feed']})"
    elif age > _OLD:
        state = "the engine does not run, or hangs: it writes every two seconds"
    else:
        state = f"running, feed {record['feed']}"
    console.print(f"  written {_span(age)} ago; {state}")
    if record["trouble"] is not None:
        console.print(f"  latest trouble: {escape(record['trouble'])}")
    if record["media_time_s"] is None:
        console.print(
            "  no picture was analysed yet, so nothing is known of its places"
        )
        return
    why_not = "" if record["view_reason"] is None else f" ({record['view_reason']})"
    timers = "" if record["view"] == "clear" else "; all timers stand still"
    console.print(
        f"  {record['pictures']} pictures, the latest at "
        f"{clock_text(record['media_time_s'])} of media time; view "
        f"{record['view']}{why_not}{timers}"
    )
    console.print(f"  rules: {', '.join(record['rules']) or 'none at this camera'}")


def _tell_candidates(console: Console, record: CameraRecord) -> None:
    candidates = record["candidates"]
    if record["media_time_s"] is not None and not candidates:
        console.print("\nNothing waits to be opened.")
    for one in candidates:
        console.print(
            f"\n[bold yellow]not opened[/bold yellow] [bold]{one['slug']}[/bold]"
            f"{_zone(one['zone_id'], one['reasons'])}: "
            f"{_place(one['place'], record['size'])}"
        )
        _tell_reasons(console, one["reasons"])


def _tell_opened(console: Console, record: CameraRecord) -> None:
    for one in record["opened"]:
        console.print(
            f"\n[bold red]opened[/bold red] [bold]{one['slug']}[/bold]"
            f"{_zone(one['zone_id'])} at {clock_text(one['decided_s'])}, severity "
            f"{one['severity']}, confidence {one['confidence']}: "
            f"{_place(one['place'], record['size'])}"
        )
        console.print(f"    event {one['event_id']}", style="dim")
        _tell_reasons(console, one["reasons"])


def _tell_unjudged(console: Console, record: CameraRecord) -> None:
    if not record["unjudged"]:
        return
    console.print(
        "\n[bold]no rule is concerned[/bold]: outside the zones that the rules ask "
        "about, in an `ignore` zone, or of a kind without a rule here"
    )
    for place in record["unjudged"]:
        console.print(f"    {_place(place, record['size'])}")


def _tell_reasons(console: Console, reasons: Sequence[ReasonRecord]) -> None:
    """Print what is missing first, then what holds, then what is only told."""
    for holds in (False, True):
        for reason in reasons:
            if reason["holds"] is holds:
                console.print(f"    {_MARK[holds]} {escape(reason['text'])}")
    told = "; ".join(one["text"] for one in reasons if one["holds"] is None)
    if told:
        console.print(f"    {_MARK[None]} {escape(told)}")


def _zone(zone_id: str | None, reasons: Sequence[ReasonRecord] = ()) -> str:
    """Return in which zone it is; `reasons` may say that it lies at the edge."""
    if zone_id is None:
        return ""
    perhaps = " perhaps" if any(one["name"] == "in_zone" for one in reasons) else ""
    return f"{perhaps} in zone {escape(zone_id)}"


def _place(place: PlaceRecord, size: tuple[int, int] | None) -> str:
    if "point" in place:
        return f"{escape(place['label'])} {_passed(place, place['point'])}"
    width, height = size or (1, 1)
    left, top, right, bottom = place["box"]
    box = (
        f"({left * width:.0f}, {top * height:.0f}) to "
        f"({right * width:.0f}, {bottom * height:.0f}) px"
    )
    start = ", there from the start" if place["baseline"] else ""
    return (
        f"{escape(place['label'])} at {box}, {place['state']}, since "
        f"{clock_text(place['first_seen_s'])}{start}, seen standing "
        f"{place['observed_s']:.0f} s of {place['elapsed_s']:.0f} s"
    )


def _passed(place: PlaceRecord, point: PointRecord) -> str:
    passes, radius = place.get("passes", 1), point["accuracy_m"]
    sure = "" if radius is None else f" ±{radius:.0f} m"
    times = "once" if passes == 1 else f"{passes} times"
    return (
        f"at {point['lat']:.6f}, {point['lon']:.6f}{sure}, passed {times}, since "
        f"{place['first_seen_at'][:19]}Z, for {place['elapsed_s']:.0f} s"
    )


def _span(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
