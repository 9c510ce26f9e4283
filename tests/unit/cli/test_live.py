"""What a person sees while the engine runs."""

from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from tests.unit.sinks.messages import event
from vision.cli.live import LiveView

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_behind_the_screen_does_not_stop_the_engine() -> None:
    with suppress(OSError), FULL.open("w") as screen:
        view = LiveView(["gate"])
        view.console = Console(file=screen)
        told = 0
        for index in range(2):
            view.on_event(event(index))
            told += 1

    assert told == 2
