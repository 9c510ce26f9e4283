import json
from pathlib import Path

import pytest

from tests.unit.sinks.messages import event
from vision.core.errors import SinkUnavailableError
from vision.sinks.direct import DirectSink
from vision.sinks.jsonl import JsonlReceiver


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_a_line_torn_by_a_crash_is_closed_off_and_its_event_written_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events.jsonl"
    sink = DirectSink(JsonlReceiver(path))
    sink.put(event(0))
    sink.put(event(1))
    sink.close(1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])

    again = DirectSink(JsonlReceiver(path))
    again.put(event(0))
    again.put(event(1))
    again.close(1)
    lines = path.read_text().splitlines()

    assert [json.loads(lines[index])["id"] for index in (0, 2)] == [
        "event-gate-0.1",
        "event-gate-1.1",
    ]
    assert len(lines) == 3


def test_a_file_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    sink = DirectSink(JsonlReceiver(blocked / "events.jsonl"))

    with pytest.raises(SinkUnavailableError, match="cannot write"):
        sink.put(event(0))
    blocked.unlink()
    sink.put(event(0))
    sink.close(1)

    assert ids(blocked / "events.jsonl") == ["event-gate-0.1"]


def test_standard_output_gets_one_line_per_event(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    sink = DirectSink(JsonlReceiver(None))
    sink.put(event(0))
    sink.put(event(1))
    sink.close(1)
    lines = capfdbinary.readouterr().out.splitlines()

    assert [json.loads(line)["id"] for line in lines] == [
        "event-gate-0.1",
        "event-gate-1.1",
    ]


def test_chinese_text_stays_readable(tmp_path: Path) -> None:
    sink = DirectSink(JsonlReceiver(tmp_path / "events.jsonl"))
    sink.put(event(0))
    sink.close(1)

    assert "机动车乱停放" in (tmp_path / "events.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("rotated", [True, False])
def test_a_file_that_was_moved_or_removed_is_begun_anew(
    tmp_path: Path, *, rotated: bool
) -> None:
    path = tmp_path / "events.jsonl"
    sink = DirectSink(JsonlReceiver(path))
    sink.put(event(0))
    if rotated:
        path.rename(tmp_path / "events.jsonl.1")
    else:
        path.unlink()
    sink.put(event(0))
    sink.put(event(1))
    sink.close(1)

    assert ids(path) == ["event-gate-1.1"]
