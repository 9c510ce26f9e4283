import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import ManualClock
from tests.scenarios.stage import play
from tests.scenarios.world import LABELS, Actor, World, still
from vision.core.health import HealthEvent, HealthKind
from vision.core.memory import CameraMemory
from vision.pipeline.memory import Loaded, MemoryFile, Remembered
from vision.pipeline.memory_disk import read_memory
from vision.rules.garbage_pile import GarbagePile
from vision.rules.places import PlaceMemory


class Counter:
    """A part whose memory is one number."""

    def __init__(self) -> None:
        self.value = 0

    def restore(self, record: object) -> None:
        if not isinstance(record, int):
            msg = f"got {record!r}, expected a number"
            raise TypeError(msg)
        self.value = record


def _memory(
    path: Path, part: Counter, clock: ManualClock, heard: list[HealthEvent]
) -> MemoryFile:
    remembered = Remembered("counter", lambda: part.value, part.restore)
    return MemoryFile(path, (remembered,), clock=clock, on_health=heard.append)


def _at_once(write: Callable[[], None]) -> None:
    write()


def test_what_was_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    heard: list[HealthEvent] = []
    before, after, clock = Counter(), Counter(), ManualClock()
    before.value = 7
    file = tmp_path / "places" / "gate.json"
    _memory(file, before, clock, heard).save()

    _memory(file, after, clock, heard).load()

    assert after.value == 7
    assert heard == []
    assert list(file.parent.iterdir()) == [file]


def test_a_first_start_has_nothing_to_remember(tmp_path: Path) -> None:
    heard: list[HealthEvent] = []
    part = Counter()

    _memory(tmp_path / "gate.json", part, ManualClock(), heard).load()

    assert part.value == 0
    assert heard == []


def test_what_nobody_owns_in_one_run_is_there_in_the_next(tmp_path: Path) -> None:
    clock, file = ManualClock(), tmp_path / "gate.json"
    part, again = Counter(), Counter()
    part.value = 7
    _memory(file, part, clock, []).save(ended=True)
    without = MemoryFile(file, (), clock=clock, on_health=list[HealthEvent]().append)
    without.load()
    without.save(ended=True)

    last = _memory(file, again, clock, []).load()

    assert again.value == 7
    assert last == Loaded(frozenset({"counter"}), frozenset({"counter"}))


def test_of_what_nobody_owns_the_latest_is_kept(tmp_path: Path) -> None:
    file, clock = tmp_path / "gate.json", ManualClock()
    for number in range(20):
        part = Remembered(str(number), lambda: 0, lambda _: None)
        memory = MemoryFile(
            file, (part,), clock=clock, on_health=list[HealthEvent]().append
        )
        memory.load()
        memory.save()

    left = json.loads(file.read_text())["left"]
    assert list(left) == [str(number) for number in range(11, 19)]


def test_only_after_a_crash_more_may_have_been_done_than_is_remembered(
    tmp_path: Path,
) -> None:
    file, clock = tmp_path / "gate.json", ManualClock()
    memory = _memory(file, Counter(), clock, [])
    first = memory.load()
    memory.save()
    crashed = _memory(file, Counter(), clock, []).load()
    memory.save(ended=True)
    ended = _memory(file, Counter(), clock, []).load()

    assert first == Loaded()
    assert crashed == Loaded(behind=frozenset({"counter"}))
    assert ended == Loaded()


def test_a_part_that_is_new_was_absent_but_is_not_behind(tmp_path: Path) -> None:
    file, clock = tmp_path / "gate.json", ManualClock()
    MemoryFile(file, (), clock=clock, on_health=list[HealthEvent]().append).save()

    assert _memory(file, Counter(), clock, []).load() == Loaded(
        absent=frozenset({"counter"})
    )


def test_it_is_saved_every_ten_seconds_and_not_more_often(tmp_path: Path) -> None:
    clock, part, file = ManualClock(), Counter(), tmp_path / "gate.json"
    memory = _memory(file, part, clock, [])

    clock.advance(9)
    memory.tick(_at_once)
    early = file.exists()
    clock.advance(2)
    memory.tick(_at_once)

    assert not early
    assert json.loads(file.read_text())["parts"] == {"counter": 0}


def test_what_is_written_later_is_the_memory_as_it_was_taken(tmp_path: Path) -> None:
    part, clock, file = Counter(), ManualClock(), tmp_path / "gate.json"
    memory = _memory(file, part, clock, [])
    later: list[Callable[[], None]] = []
    part.value = 1
    clock.advance(10)
    memory.tick(later.append)
    part.value = 2
    before = file.exists()
    for write in later:
        write()

    assert not before
    assert json.loads(file.read_text())["parts"] == {"counter": 1}


def test_a_damaged_file_is_set_aside_and_told(tmp_path: Path) -> None:
    for content in (
        b"{half",
        b"\xff\xfe\x00",
        b"[]",
        b'{"version": 9, "parts": {}}',
        b'{"version": 1, "parts": {"counter": "seven"}}',
        b'{"version": 1, "parts": {"counter": 7}, "left": [1]}',
    ):
        heard: list[HealthEvent] = []
        file = tmp_path / "gate.json"
        file.write_bytes(content)
        part = Counter()

        _memory(file, part, ManualClock(), heard).load()

        assert part.value == 0
        assert not file.exists()
        assert (tmp_path / "gate.damaged").read_bytes() == content
        assert [(event.kind, event.camera_id) for event in heard] == [
            (HealthKind.STORE_DAMAGED, "gate")
        ]


@pytest.mark.parametrize("damage", [{"book": None}, {"memos": []}])
def test_a_place_does_not_come_back_without_its_event(
    tmp_path: Path, damage: dict[str, object]
) -> None:
    """It would open the event again: same id, first step, and its end is a repeat."""
    file, heard = tmp_path / "gate.json", list[HealthEvent]()
    stage = play(World([Actor("garbage", still(160, 140, 5, 99))]), GarbagePile(), 90)
    (rule,) = stage.rules
    parts = {"places": stage.memory.state(), rule.name: {**rule.state(), **damage}}
    file.write_text(json.dumps({"version": 1, "parts": parts}))
    places, anew = PlaceMemory("c1", LABELS), GarbagePile()
    remembered = (
        Remembered("places", places.state, places.restore),
        Remembered(anew.name, anew.state, anew.restore),
    )

    MemoryFile(file, remembered, clock=ManualClock(), on_health=heard.append).load()

    assert len(stage.opened) == 1
    assert len(places) == 0
    assert [event.kind for event in heard] == [HealthKind.STORE_DAMAGED]


def test_a_folder_that_cannot_be_written_is_told_once_and_again_when_mended(
    tmp_path: Path,
) -> None:
    heard: list[HealthEvent] = []
    blocker = tmp_path / "places"
    blocker.write_text("a file where the folder should be")
    memory = _memory(blocker / "gate.json", Counter(), ManualClock(), heard)

    memory.save()
    memory.save()
    blocker.unlink()
    memory.save()

    assert [event.ok for event in heard] == [False, True]


def test_whoever_keeps_a_copy_gets_the_same_bytes_even_without_a_disk(
    tmp_path: Path,
) -> None:
    copies: list[CameraMemory] = []
    part, heard = Counter(), list[HealthEvent]()
    part.value = 7
    for folder in (tmp_path / "places", tmp_path / "file" / "below"):
        (tmp_path / "file").touch()
        MemoryFile(
            folder / "gate.json",
            (Remembered("counter", lambda: part.value, part.restore),),
            clock=ManualClock(),
            on_health=heard.append,
            on_saved=copies.append,
        ).save()

    assert copies[0] == copies[1] == read_memory(tmp_path / "places/gate.json")
    assert [event.ok for event in heard] == [False]
