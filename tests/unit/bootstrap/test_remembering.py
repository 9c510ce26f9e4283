"""What a camera remembers: over a crash, a rule's absence, a view that was turned."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.world import Actor, World, still
from tests.unit.bootstrap import starts
from vision.core.scene import Zone
from vision.core.violations import Lifecycle, Violation
from vision.pipeline.memory import MemoryFile
from vision.rules.garbage_pile import GarbagePile
from vision.rules.illegal_parking import IllegalParking
from vision.rules.overflowing_bin import OverflowingBin
from vision.rules.place_rule import PlaceRule

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
PAVEMENT = Zone("pavement", "clean", WHOLE)
REDRAWN = replace(PAVEMENT, polygon=((0.1, 0.0), (1.0, 0.0), (1.0, 1.0), (0.1, 1.0)))
BINS = Zone("bins", "bin", WHOLE)
HEAP = Actor("garbage", still(100, 120, 20, 10**6), (50, 30), look=4)
GROWING = replace(HEAP, growth_per_s=0.0025)
FULL = ("overflowing_bin", "bin") * 4
BIN = Actor(
    "bin",
    still(100, 120, 0, 10**6),
    (40, 40),
    look=4,
    labels=list(zip((20, 120, 200, 300, 600, 720, 800, 900), FULL, strict=True)),
)


def start(home: Path, zone: Zone, *rules: PlaceRule) -> tuple[Stage, MemoryFile]:
    """Return a camera with what the run before has left in its home."""
    run = starts.start(home, (zone,), *rules)
    return run.stage, run.memory


def watch(stage: Stage, world: World, start_s: float, end_s: float) -> list[Violation]:
    """Return what is decided in that time."""
    before = len(stage.steps)
    return stage.play(world.film(end_s, start_s=start_s)).steps[before:]


def ids(steps: list[Violation]) -> list[str]:
    return [f"{step.event_id}.{step.sequence}" for step in steps]


def words(steps: list[Violation]) -> list[str]:
    return [step.lifecycle.value for step in steps]


def test_an_end_after_a_crash_is_no_repeat_of_the_step_that_was_forgotten(
    tmp_path: Path,
) -> None:
    stage, memory = start(tmp_path, PAVEMENT, GarbagePile())
    sent = watch(stage, World([GROWING]), 0, 130)
    memory.save()
    sent += watch(stage, World([GROWING]), 130, 150)

    after, _ = start(tmp_path, PAVEMENT, GarbagePile())
    (cleared,) = watch(after, World([]), 320, 420)

    assert words(sent) == ["opened", "updated"]
    assert (cleared.event_id, cleared.lifecycle) == (
        sent[0].event_id,
        Lifecycle.CLEARED,
    )
    assert cleared.sequence > sent[-1].sequence


def test_an_event_opened_since_the_last_save_opens_again_and_goes_on_beyond(
    tmp_path: Path,
) -> None:
    stage, memory = start(tmp_path, PAVEMENT, GarbagePile())
    watch(stage, World([GROWING]), 0, 70)
    memory.save()
    sent = watch(stage, World([GROWING]), 70, 150)

    again, _ = start(tmp_path, PAVEMENT, GarbagePile())
    steps = watch(again, World([HEAP]), 150, 240)
    steps += watch(again, World([]), 240, 340)

    assert words(sent) == ["opened", "updated"]
    assert words(steps) == ["opened", "cleared"]
    assert ids(steps)[0] == ids(sent)[0]
    assert steps[1].sequence > sent[-1].sequence


def test_crash_after_crash_gives_no_number_out_twice(tmp_path: Path) -> None:
    stage, memory = start(tmp_path, PAVEMENT, GarbagePile())
    sent = watch(stage, World([GROWING]), 0, 130)
    memory.save()
    for lost in range(2):
        since_s = 130 + 30 * lost
        sent += watch(stage, World([GROWING]), since_s, since_s + 20)
        stage, _ = start(tmp_path, PAVEMENT, GarbagePile())
    sent += watch(stage, World([]), 400, 500)

    assert words(sent) == ["opened", "updated", "updated", "cleared"]
    assert len(set(ids(sent))) == len(sent)
    assert [step.sequence for step in sent] == sorted(step.sequence for step in sent)


def test_a_run_that_ended_in_order_leaves_no_gap_in_the_numbers(tmp_path: Path) -> None:
    stage, memory = start(tmp_path, PAVEMENT, GarbagePile())
    sent = watch(stage, World([GROWING]), 0, 150)
    memory.save(ended=True)

    after, _ = start(tmp_path, PAVEMENT, GarbagePile())
    sent += watch(after, World([]), 320, 420)

    assert words(sent) == ["opened", "updated", "cleared"]
    assert [step.sequence for step in sent] == [1, 2, 3]


def test_a_rule_that_comes_back_uses_no_id_again(tmp_path: Path) -> None:
    stage, memory = start(tmp_path, BINS, OverflowingBin())
    sent = watch(stage, World([BIN]), 0, 380)
    memory.save(ended=True)
    absent, memory = start(tmp_path, BINS)
    watch(absent, World([BIN]), 380, 480)
    memory.save(ended=True)

    back, _ = start(tmp_path, BINS, OverflowingBin())
    sent += watch(back, World([BIN]), 480, 880)

    assert words(sent) == ["opened", "cleared"] * 3 + ["opened"]
    assert len(set(ids(sent))) == len(sent)


def test_events_whose_place_ended_while_their_rule_was_away_are_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage, memory = start(tmp_path, PAVEMENT, GarbagePile())
    other = replace(HEAP, path=still(220, 120, 20, 10**6), look=9)
    gone, stays = watch(stage, World([HEAP, other]), 0, 150)
    if gone.place.xyxy[0] > stays.place.xyxy[0]:
        gone, stays = stays, gone
    memory.save(ended=True)
    absent, memory = start(tmp_path, PAVEMENT)
    watch(absent, World([other]), 150, 400)
    memory.save(ended=True)
    assert caplog.records == []

    back, memory = start(tmp_path, PAVEMENT, GarbagePile())
    steps = watch(back, World([]), 400, 500)
    memory.save(ended=True)
    start(tmp_path, PAVEMENT, GarbagePile())

    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith("c1: rule garbage_pile/")
    assert line.endswith(f"close their cases: {gone.event_id}")
    assert [step.event_id for step in steps] == [stays.event_id]


def test_a_rule_that_crashed_before_it_was_taken_out_uses_no_id_again(
    tmp_path: Path,
) -> None:
    stage, memory = start(tmp_path, PAVEMENT, GarbagePile())
    sent = watch(stage, World([GROWING]), 0, 130)
    memory.save()
    sent += watch(stage, World([GROWING]), 130, 150)
    _, memory = start(tmp_path, PAVEMENT)
    memory.save(ended=True)

    back, _ = start(tmp_path, PAVEMENT, GarbagePile())
    sent += watch(back, World([]), 320, 420)

    assert words(sent) == ["opened", "updated", "cleared"]
    assert len(set(ids(sent))) == len(sent)


def test_the_lanes_of_a_rule_that_is_away_are_forgotten_with_the_view(
    tmp_path: Path,
) -> None:
    _, memory = start(tmp_path, PAVEMENT, IllegalParking())
    memory.save(ended=True)
    start(tmp_path, PAVEMENT)
    kept = json.loads((tmp_path / "c1.json").read_text())["left"]

    start(tmp_path, REDRAWN)

    assert list(kept) == [IllegalParking().name]
    assert json.loads((tmp_path / "c1.json").read_text())["left"] == {}


@pytest.mark.parametrize("killed", [False, True])
def test_a_heap_in_a_view_that_was_turned_is_not_cleared_by_bare_ground(
    tmp_path: Path, *, killed: bool
) -> None:
    """It lies elsewhere in the new picture; where it lay is other ground now."""
    before, memory = start(tmp_path, PAVEMENT, GarbagePile())
    (old,) = watch(before, World([HEAP]), 0, 150)
    memory.save(ended=True)
    after, _ = start(tmp_path, REDRAWN, GarbagePile())
    if killed:  # before its first picture
        after, _ = start(tmp_path, REDRAWN, GarbagePile())
    elsewhere = replace(HEAP, path=still(220, 120, 20, 10**6))

    unverified, new = watch(after, World([elsewhere], seed=99), 270, 500)

    assert unverified.event_id == old.event_id
    assert unverified.lifecycle is Lifecycle.UPDATED
    assert unverified.facts[0].text() == "cannot_verify True"
    assert new.lifecycle is Lifecycle.OPENED
    assert new.event_id != old.event_id
