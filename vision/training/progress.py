"""Show a run's progress and keep its learning curve."""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import fmean
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

_EVERY = 20


class Progress:
    """A bar on the terminal and one line of JSON per twenty steps."""

    def __init__(self, steps: int, log: Path) -> None:
        """Prepare both.

        Args:
            steps: of the whole run.
            log: file to append to.
        """
        self._bar = Bar(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._task = self._bar.add_task("steps", total=steps, note="")
        self._log = log
        self._values: dict[str, list[float]] = {}
        self._count = 0
        self._since = time.monotonic()

    def __enter__(self) -> Self:
        """Start the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the bar."""
        self._bar.stop()

    def on_step(self, step: int, parts: dict[str, float]) -> None:
        """Take note of one step.

        Args:
            step: its number, from 1.
            parts: of the loss.
        """
        for key, value in parts.items():
            self._values.setdefault(key, []).append(value)
        self._count += 1
        self._bar.update(self._task, completed=step)
        if step % _EVERY == 0:
            self._flush(step)

    def _flush(self, step: int) -> None:
        now = time.monotonic()
        # What is seldom measured is averaged over the times it was.
        row = {key: round(fmean(values), 5) for key, values in self._values.items()}
        row |= {"step": step, "seconds_per_step": (now - self._since) / self._count}
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        self._bar.update(self._task, note=f"loss {row.get('loss', 0):.3f}")
        self._values, self._count, self._since = {}, 0, now
