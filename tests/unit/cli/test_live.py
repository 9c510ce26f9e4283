"""What a person sees while the engine runs."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.unit.sinks.messages import event
from vision.cli.live import LiveView
from vision.core.scene import GeoPoint

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


def test_what_a_moving_camera_saw_is_told_with_its_place() -> None:
    told = event()
    there = GeoPoint(30.59312, 114.30541, accuracy_m=3.2)
    seen = replace(told.violation, place=replace(told.violation.place, geo=there))
    view = LiveView(["gate"])

    with view.console.capture() as said:
        view.on_event(replace(told, violation=seen))
    assert "东门, zone kerb, 30.59312, 114.30541 ±4 m" in said.get()
