"""What a person sees while the engine runs: progress, and each event as it comes."""

from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from vision.core.detections import Detections
from vision.core.events import ViolationEvent
from vision.core.frame import Frame
from vision.core.violations import Lifecycle, Violation

_STYLE = {
    Lifecycle.OPENED: "bold red",
    Lifecycle.UPDATED: "yellow",
    Lifecycle.CLEARED: "green",
}


class LiveView:
    """A progress line per camera and a line per step, on standard error."""

    def __init__(self, camera_ids: Iterable[str]) -> None:
        """Prepare one line per camera."""
        self.console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.fields[at]}"),
            TextColumn("{task.fields[frames]} pictures"),
            TimeElapsedColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {
            camera_id: self._progress.add_task(
                escape(camera_id), total=None, at="0:00", frames=0
            )
            for camera_id in camera_ids
        }
        self._frames = dict.fromkeys(self._tasks, 0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def on_frame(self, frame: Frame, detections: Detections) -> None:
        """Move one camera's line."""
        del detections
        self._frames[frame.camera_id] += 1
        self._progress.update(
            self._tasks[frame.camera_id],
            at=clock_text(frame.media_time_s),
            frames=self._frames[frame.camera_id],
        )

    def on_sight(self, camera_id: str, pictures: int, media_time_s: float) -> None:
        """Move one camera's line to what another machine has analysed."""
        self._progress.update(
            self._tasks[camera_id], at=clock_text(media_time_s), frames=pictures
        )

    def on_event(self, event: ViolationEvent) -> None:
        """Say what happened, where and why; a screen that is gone stops nothing."""
        with suppress(OSError):  # a full disk behind it, or nobody reads any more
            self._say(event)

    def _say(self, event: ViolationEvent) -> None:
        violation = event.violation
        style = _STYLE[violation.lifecycle]
        where = event.scene.name or event.scene.camera_id
        if violation.zone_id is not None:
            where += f", zone {violation.zone_id}"
        if violation.place.geo is not None:
            where += f", {violation.place.geo.text()}"
        self.console.print(
            f"[{style}]{violation.lifecycle:<8}[/{style}]"
            f"[bold]{violation.slug}[/bold] {escape(event.code.name)} "
            f"at {clock_text(violation.decided_s)} · {escape(where)}",
            soft_wrap=True,
        )
        reasons = f"         why: {escape(why(violation))}"
        self.console.print(reasons, style="dim", soft_wrap=True)


def why(violation: Violation) -> str:
    """Return a violation's reasons as one line."""
    return "; ".join(fact.text() for fact in violation.facts)


def clock_text(seconds: float) -> str:
    """Return media time as `m:ss`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
