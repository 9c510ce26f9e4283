import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import START, frame, violation
from tests.unit.sinks.messages import CODE, PROVENANCE
from vision.cluster.mail import (
    EventLetter,
    FilesLetter,
    HealthLetter,
    Mailbox,
    MemoryLetter,
)
from vision.core.errors import SinkUnavailableError
from vision.core.events import ViolationEvent
from vision.core.evidence import Artifact, Evidence
from vision.core.health import HealthEvent, HealthKind
from vision.core.memory import CameraMemory
from vision.core.scene import Scene


def event(index: int = 0, size_bytes: int = 0) -> ViolationEvent:
    artifact = Artifact(
        "clip", Path("clip.mp4"), "clip.mp4", "video/mp4", "ab", size_bytes, START
    )
    evidence = Evidence((artifact,) if size_bytes else ())
    step = violation(frame(index=index))
    return ViolationEvent(step, Scene("gate", "gate"), CODE, PROVENANCE, evidence)


def health(detail: str) -> HealthLetter:
    return HealthLetter(
        HealthEvent(HealthKind.STREAM_GAP, ok=True, at=START, detail=detail)
    )


def test_an_event_is_delivered_when_its_number_comes_back() -> None:
    box = Mailbox()
    sender = threading.Thread(target=box.deliver, args=(event(),))
    sender.start()
    letters, more = box.take(0, 10)
    assert sender.is_alive()

    assert box.take(letters[0][0], 0) == ([], False)
    sender.join(10)

    assert not sender.is_alive()
    assert not more


def test_what_was_not_acknowledged_is_handed_out_again() -> None:
    box = Mailbox()
    box.post(health("a"))
    box.post(health("b"))
    first, _ = box.take(0, 0)

    assert box.take(0, 0)[0] == first
    assert box.take(first[0][0], 0)[0] == first[1:]


def test_an_event_that_nobody_takes_is_refused_and_kept_once() -> None:
    box, step = Mailbox(patience_s=0.01), event()
    for _ in range(3):
        with pytest.raises(SinkUnavailableError, match="nobody took the event"):
            box.deliver(step)

    letters, _ = box.take(0, 0)

    assert len(letters) == 1
    box.take(letters[0][0], 0)
    assert box.wait_until_heard(0)


def test_a_memory_replaces_the_camera_s_earlier_one_and_goes_behind_its_events() -> (
    None
):
    box = Mailbox(patience_s=0.01)
    box.post(MemoryLetter("gate", CameraMemory(b"old")))
    box.post(MemoryLetter("yard", CameraMemory(b"yard")))
    with pytest.raises(SinkUnavailableError):
        box.deliver(event())
    box.post(MemoryLetter("gate", CameraMemory(b"new")))

    letters = [letter for _, letter in box.take(0, 0)[0]]

    assert letters[0] == MemoryLetter("yard", CameraMemory(b"yard"))
    assert isinstance(letters[1], EventLetter)
    assert letters[2:] == [MemoryLetter("gate", CameraMemory(b"new"))]


def test_a_delivery_is_of_bounded_size_and_says_that_there_is_more() -> None:
    box = Mailbox()
    large = event(size_bytes=40 << 20).evidence
    for k in range(3):
        box.post(FilesLetter(f"event-{k}", large))

    first, more = box.take(0, 0)
    assert (len(first), more) == (1, True)
    second, more = box.take(first[-1][0], 0)
    third, last = box.take(second[-1][0], 0)

    assert (len(second), more, len(third), last) == (1, True, 1, False)


def test_news_that_nobody_hears_take_bounded_room() -> None:
    box = Mailbox()
    for k in range(1_200):
        box.post(health(str(k)))

    letters = [letter for _, letter in box.take(0, 0)[0]]

    assert len(letters) == 1_000
    assert letters[-1] == health("1199")


def test_it_names_the_events_whose_files_are_still_needed() -> None:
    box = Mailbox(patience_s=0.01)
    step = event()
    with pytest.raises(SinkUnavailableError):
        box.deliver(replace(step, violation=replace(step.violation, event_id="a")))
    box.post(FilesLetter("b", Evidence()))
    box.post(health("c"))

    assert box.events_waiting() == {"a", "b"}
