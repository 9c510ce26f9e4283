"""A camera's record and its pictures, whatever happens to disk or process."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.fakes import ManualClock
from vision.core.health import HealthEvent, HealthKind
from vision.core.memory import Picture, pack
from vision.pipeline.memory import MemoryFile, Remembered

ROOT = Path(__file__).parents[3]
DAY, NIGHT, SNOW = (Picture(name.encode() * 99) for name in ("day", "night", "snow"))


class View:
    """A part whose memory is some pictures and a number."""

    def __init__(self, *pictures: Picture) -> None:
        self.pictures: list[Picture | None] = [*pictures]
        self.seconds = 0

    def state(self) -> object:
        return {"seconds": self.seconds, "known": self.pictures}

    def restore(self, record: object) -> None:
        assert isinstance(record, dict)
        self.seconds, self.pictures = record["seconds"], record["known"]

    def names(self) -> list[str | None]:
        return [None if one is None else one.name for one in self.pictures]


def memory_of(path: Path, view: View, heard: list[HealthEvent]) -> MemoryFile:
    part = Remembered("view", view.state, view.restore)
    return MemoryFile(path, (part,), clock=ManualClock(), on_health=heard.append)


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_picture_is_written_once_and_the_record_every_time(tmp_path: Path) -> None:
    path, view = tmp_path / "gate.json", View(DAY, NIGHT)
    memory = memory_of(path, view, [])
    memory.save()
    folder = tmp_path / "gate.pictures"
    written = {file: file.stat() for file in folder.iterdir()}
    for view.seconds in range(1, 4):
        view.pictures.reverse()
        memory.save()

    assert {file: file.stat() for file in folder.iterdir()} == written
    assert len(written) == 2
    assert path.stat().st_size < 300
    assert json.loads(path.read_text())["parts"]["view"]["seconds"] == 3


def test_what_was_saved_comes_back_with_its_pictures(tmp_path: Path) -> None:
    heard, view = list[HealthEvent](), View()
    memory_of(tmp_path / "gate.json", View(DAY, NIGHT), heard).save()

    memory_of(tmp_path / "gate.json", view, heard).load()

    assert view.names() == [DAY.name, NIGHT.name]
    assert heard == []


def test_a_picture_that_no_record_names_any_more_is_deleted(tmp_path: Path) -> None:
    gate, view = tmp_path / "gate.json", View(DAY, NIGHT)
    memory = memory_of(gate, view, [])
    memory_of(tmp_path / "gate.2.json", View(DAY), []).save()
    memory.save()
    (tmp_path / "gate.pictures" / "half.tmp").write_bytes(b"what a crash left")
    (tmp_path / "gate.pictures" / "note.txt").write_text("a person's")
    view.pictures = [SNOW]
    memory.save()

    assert names_in(tmp_path / "gate.pictures") == {f"{SNOW.name}.png", "note.txt"}
    assert names_in(tmp_path / "gate.2.pictures") == {f"{DAY.name}.png"}


@pytest.mark.parametrize("damage", [None, b"", b"other bytes"])
def test_a_lost_picture_costs_itself_alone_and_is_told(
    tmp_path: Path, damage: bytes | None
) -> None:
    heard, before, after = list[HealthEvent](), View(DAY, NIGHT), View()
    before.seconds = 7
    memory_of(tmp_path / "gate.json", before, heard).save()
    file = tmp_path / "gate.pictures" / f"{DAY.name}.png"
    file.unlink()
    if damage is not None:
        file.write_bytes(damage)

    memory = memory_of(tmp_path / "gate.json", after, heard)
    memory.load()
    told = [(event.kind, event.ok, event.camera_id) for event in heard]

    assert (after.names(), after.seconds) == ([None, NIGHT.name], 7)
    assert told == [(HealthKind.STORE_DAMAGED, False, "gate")]
    after.pictures = [NIGHT]
    memory.save()
    assert names_in(tmp_path / "gate.pictures") == {f"{NIGHT.name}.png"}


def test_a_record_of_what_is_no_memory_is_refused() -> None:
    with pytest.raises(TypeError, match="got View, expected JSON or a picture"):
        pack({"view": View()})


def run(code: str, folder: Path) -> list[list[object]]:
    """Run code that has DAY, NIGHT, SNOW and `folder`; returns the lines it prints."""
    head = f"""\
import json, os, resource, signal, sys
from pathlib import Path
from vision.core.memory import pack, unpack
from vision.pipeline.memory_disk import read_memory, write_memory
from tests.unit.pipeline.test_memory_disk import DAY, NIGHT, SNOW
folder = Path({str(folder)!r})
"""
    done = subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_whoever_is_killed_at_any_step_leaves_the_old_memory_or_the_new(
    tmp_path: Path,
) -> None:
    """The process is killed before its first, second, ... step on the disk."""
    rows = run(
        """
        STEPS = {"open", "os.mkdir", "os.rename", "os.remove"}

        def write_and_die(path, steps):
            left = [steps]

            def hook(event, args):
                if event in STEPS:
                    if left[0] == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    left[0] -= 1

            sys.addaudithook(hook)
            write_memory(path, pack(["new", NIGHT, SNOW]), sync=True)
            os._exit(0)

        for steps in range(100):
            path = folder / str(steps) / "gate.json"
            write_memory(path, pack(["old", DAY, NIGHT]), sync=True)
            if (child := os.fork()) == 0:
                write_and_die(path, steps)
            _, status = os.waitpid(child, 0)
            record, lost = unpack(read_memory(path))
            again = pack(record)
            write_memory(path, again, sync=True)
            kept = len(list(path.with_suffix(".pictures").iterdir()))
            print(json.dumps([status, record[0], len(lost), kept]))
            if status == 0:
                break
        """,
        tmp_path,
    )
    *killed, ended = rows

    assert len(killed) >= 6
    assert {tuple(row) for row in killed} == {(9, "old", 0, 2), (9, "new", 0, 2)}
    assert ended == [0, "new", 0, 2]


def test_a_new_picture_without_room_leaves_the_old_memory_whole(tmp_path: Path) -> None:
    """RLIMIT_FSIZE cuts every file off at 200 bytes."""
    (row,) = run(
        """
        path = folder / "gate.json"
        write_memory(path, pack(["old", DAY]), sync=True)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
        try:
            write_memory(path, pack(["new", SNOW]), sync=True)
        except OSError as error:
            record, lost = unpack(read_memory(path))
            print(json.dumps([record[0], len(lost)]))
        """,
        tmp_path,
    )

    assert row == ["old", 0]
