"""Proof written beside the analysis, never in its way."""

import threading
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from prometheus_client import generate_latest
from typing_extensions import override

from tests.fakes import (
    ClearView,
    CountingDetector,
    ListFeed,
    ListSink,
    ManualClock,
    NoEvidence,
    NoPlaces,
    NoTracks,
    OpensAt,
    frame,
)
from tests.unit.pipeline.test_engine import ORIGIN
from vision.core.detections import Detections
from vision.core.errors import ModelError
from vision.core.evidence import Evidence
from vision.core.frame import Frame
from vision.core.health import HealthEvent
from vision.core.observation import Observation
from vision.core.ports import Writing
from vision.core.scene import Scene
from vision.core.violations import Violation
from vision.pipeline.camera import Camera, CameraParts
from vision.pipeline.delivery import HeldDelivery
from vision.pipeline.engine import Engine, Pace
from vision.pipeline.memory import MemoryFile
from vision.pipeline.metrics import EngineMetrics
from vision.pipeline.proving import ProvingAtOnce, ProvingThread
from vision.pipeline.reporter import Reporter


class StuckDisk(NoEvidence):
    """Evidence whose writing waits until the disk is released."""

    def __init__(self) -> None:
        self.released = Event()
        self.fault: Exception | None = None

    @override
    def capture(self, violation: Violation, observation: Observation) -> Writing:
        del violation, observation
        return self._write

    def _write(self) -> Evidence:
        assert self.released.wait(30)
        if self.fault is not None:
            raise self.fault
        return Evidence()


def _run(
    disk: StuckDisk,
    sink: ListSink,
    *,
    on_frame: Callable[[Frame, Detections], None],
    memory: MemoryFile | None = None,
    capacity: int = 16,
    arrival: Event | None = None,
) -> Engine:
    feed = ListFeed("a", [frame("a", i, at_s=float(i)) for i in range(6)])
    parts = CameraParts(
        scene=Scene("a", "a"),
        feed=feed,
        view=ClearView(),
        tracker=NoTracks(),
        places=NoPlaces(),
        rules=(OpensAt(0, 1, 2),),
        evidence=disk,
        memory=memory,
    )
    arrival = Event() if arrival is None else arrival
    reporter = Reporter(
        HeldDelivery(sink, ManualClock()),
        ORIGIN,
        EngineMetrics(),
        proving=ProvingThread(arrival.set, capacity=capacity),
    )
    return Engine(
        [Camera(parts, ("car",), list[HealthEvent]().append)],
        CountingDetector(),
        reporter,
        clock=ManualClock(),
        pace=Pace(arrival),
        on_frame=on_frame,
    )


def test_analysis_goes_on_while_the_disk_is_stuck_and_events_keep_their_order() -> None:
    disk, sink = StuckDisk(), ListSink()
    before: list[int] = []

    def look(at: Frame, _: Detections) -> None:
        if at.index == 5:
            before.append(len(sink.events))
            disk.released.set()

    engine = _run(disk, sink, on_frame=look)
    summary = engine.run(Event())

    assert (summary.frames, summary.steps) == (6, 3)
    assert before == [0]
    ids = [event.violation.event_id for event in sink.events]
    assert ids == ["event-a-0", "event-a-1", "event-a-2"]


def test_nothing_is_remembered_before_its_event_is_safe(tmp_path: Path) -> None:
    disk, sink = StuckDisk(), ListSink()
    path = tmp_path / "a.json"
    clock = ManualClock()
    memory = MemoryFile(
        path, (), clock=clock, on_health=list[HealthEvent]().append, every_s=0
    )
    there: list[bool] = []

    def look(at: Frame, _: Detections) -> None:
        there.append(path.exists())
        if at.index == 5:
            disk.released.set()

    _run(disk, sink, on_frame=look, memory=memory).run(Event())

    assert there == [False] * 6
    assert path.exists()


def test_memory_is_written_by_the_thread_that_writes_proof(tmp_path: Path) -> None:
    disk, sink = StuckDisk(), ListSink()
    disk.released.set()
    (tmp_path / "file").touch()
    writers: list[str] = []

    def hear(_: HealthEvent) -> None:  # the folder is a file: every writing fails
        writers.append(threading.current_thread().name)

    memory = MemoryFile(
        tmp_path / "file" / "a.json",
        (),
        clock=ManualClock(),
        on_health=hear,
        every_s=0,
    )

    def look(at: Frame, _: Detections) -> None:
        for _try in range(2000 * (at.index == 4)):
            if engine.registry.get_sample_value("streetwarden_events_unproven") == 0:
                break
            pause.wait(0.01)

    pause = Event()
    engine = _run(disk, sink, on_frame=look, memory=memory)
    engine.run(Event())

    assert writers == ["proof"]


def test_the_decided_steps_that_wait_are_bounded_and_told() -> None:
    disk, sink = StuckDisk(), ListSink()
    seen: list[int] = []
    told: list[str] = []

    class Nap(Event):
        @override
        def wait(self, timeout: float | None = None) -> bool:
            if not told:
                told.append(generate_latest(engine.registry).decode())
                assert seen == [0, 1]
                disk.released.set()
            return super().wait(timeout)

    engine = _run(
        disk,
        sink,
        on_frame=lambda at, _: seen.append(at.index),
        capacity=2,
        arrival=Nap(),
    )
    engine.run(Event())

    assert "streetwarden_events_unproven 2.0" in told[0]
    assert seen == [0, 1, 2, 3, 4, 5]
    assert len(sink.events) == 3


def test_a_fault_in_writing_proof_ends_the_run_and_nothing_is_remembered(
    tmp_path: Path,
) -> None:
    disk, sink = StuckDisk(), ListSink()
    disk.fault = ModelError("a fault of ours")
    disk.released.set()
    path = tmp_path / "a.json"
    memory = MemoryFile(
        path, (), clock=ManualClock(), on_health=list[HealthEvent]().append
    )
    engine = _run(disk, sink, on_frame=lambda *_: None, memory=memory)

    with pytest.raises(ModelError):
        engine.run(Event())

    assert sink.events == []
    assert not path.exists()


def test_a_refusing_sink_is_tried_again_without_the_engine() -> None:
    sink = ListSink()
    sink.refusing = True
    asked: list[int] = []
    again = Event()
    held = HeldDelivery(sink, ManualClock())

    def tend() -> None:
        asked.append(held.held)
        held.flush()
        again.set()

    proving = ProvingThread(Event().set)
    proving.tend(tend)

    assert again.wait(20)
    proving.close(20)
    assert asked


def test_the_analysis_gives_way_while_several_steps_wait_for_their_proof() -> None:
    proving = ProvingThread(lambda: None, give_way_s=60)
    slow, rest, order = Event(), Event(), list[str]()

    def first() -> None:
        assert slow.wait(30)
        order.append("proof")

    def second() -> None:
        assert rest.wait(30)

    proving.add(first)
    proving.add(second)
    opening = threading.Timer(0.2, slow.set)
    opening.start()
    proving.give_way()
    order.append("analysis")
    proving.give_way()  # one alone is no reason to wait
    rest.set()
    opening.join()
    proving.close(30)

    assert order == ["proof", "analysis"]


def test_the_analysis_does_not_give_way_for_ever() -> None:
    proving = ProvingThread(lambda: None, give_way_s=0.01)
    gate = Event()

    def stuck() -> None:
        assert gate.wait(30)

    for _ in range(3):
        proving.add(stuck)
    proving.give_way()
    waiting = proving.waiting
    gate.set()
    proving.close(30)

    assert waiting == 3


class Asked(ProvingAtOnce):
    """Counts how often the analysis gives way."""

    times = 0

    @override
    def give_way(self) -> None:
        self.times += 1


def test_each_turn_of_the_engine_gives_way_first() -> None:
    asked, delivery = Asked(), HeldDelivery(ListSink(), ManualClock())
    reporter = Reporter(delivery, ORIGIN, EngineMetrics(), proving=asked)
    pace = Pace(Event())
    engine = Engine([], CountingDetector(), reporter, clock=ManualClock(), pace=pace)
    engine.run(Event())

    assert asked.times == 1
