from collections.abc import Sequence
from dataclasses import replace
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
from vision.core.detections import Detections
from vision.core.errors import ModelError
from vision.core.events import Code, ViolationEvent
from vision.core.feed import FeedState
from vision.core.frame import Frame
from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Detector
from vision.core.scene import Scene
from vision.core.violations import Slug
from vision.pipeline.camera import Camera, CameraParts
from vision.pipeline.delivery import HeldDelivery
from vision.pipeline.engine import Engine, Pace
from vision.pipeline.metrics import EngineMetrics
from vision.pipeline.reporter import EventListener, Origin, Reporter

ORIGIN = Origin(
    engine_version="1",
    config_sha256="c" * 64,
    model_id="blind/1",
    model_sha256="0" * 64,
    codes={slug: Code("scheme", "0", slug) for slug in Slug},
)


def _camera(feed: ListFeed, *rules: OpensAt) -> Camera:
    parts = CameraParts(
        scene=Scene(feed.camera_id, feed.camera_id),
        feed=feed,
        view=ClearView(),
        tracker=NoTracks(),
        places=NoPlaces(),
        rules=rules,
        evidence=NoEvidence(),
    )
    return Camera(parts, ("car",), list[HealthEvent]().append)


def _engine(
    cameras: Sequence[Camera],
    *,
    sink: ListSink | None = None,
    detector: Detector | None = None,
    batch_max: int = 8,
    on_event: EventListener | None = None,
) -> Engine:
    clock = ManualClock()
    delivery = HeldDelivery(sink or ListSink(), clock)
    reporter = Reporter(delivery, ORIGIN, EngineMetrics(), on_event)
    return Engine(
        cameras,
        detector or CountingDetector(),
        reporter,
        clock=clock,
        pace=Pace(Event(), batch_max),
    )


def _frames(camera_id: str, count: int) -> list[Frame]:
    return [frame(camera_id, i, at_s=float(i)) for i in range(count)]


def test_every_frame_of_every_file_is_analysed_and_the_run_ends() -> None:
    cameras = [_camera(ListFeed(name, _frames(name, 3))) for name in ("a", "b")]

    summary = _engine(cameras).run(Event())

    assert summary.frames == 6
    assert summary.failed == {}


def test_cameras_share_batches_and_none_is_taken_twice_in_one() -> None:
    detector = CountingDetector()
    cameras = [_camera(ListFeed(name, _frames(name, 2))) for name in "abc"]

    _engine(cameras, detector=detector).run(Event())

    assert detector.batches == [["a", "b", "c"], ["a", "b", "c"]]


def test_a_machine_that_is_too_small_serves_all_cameras_in_turn() -> None:
    detector = CountingDetector()
    cameras = [_camera(ListFeed(name, _frames(name, 4))) for name in "abc"]

    _engine(cameras, detector=detector, batch_max=2).run(Event())

    served = [name for batch in detector.batches for name in batch]
    assert [served.count(name) for name in "abc"] == [4, 4, 4]
    assert sorted(served[:3]) == ["a", "b", "c"]


def test_an_event_says_where_it_comes_from() -> None:
    sink, seen = ListSink(), list[ViolationEvent]()

    summary = _engine(
        [_camera(ListFeed("a", _frames("a", 3)), OpensAt(1))],
        sink=sink,
        on_event=seen.append,
    ).run(Event())

    assert summary.steps == 1
    assert seen == sink.events
    assert sink.events[0].provenance.model_id == "blind/1"
    assert sink.events[0].code.scheme == "scheme"


def test_a_file_that_cannot_be_read_is_named_and_disturbs_no_other() -> None:
    broken = ListFeed("b", end=FeedState.FAILED, error="b.mp4: no video in it")

    summary = _engine([_camera(ListFeed("a", _frames("a", 2))), _camera(broken)]).run(
        Event()
    )

    assert summary.frames == 2
    assert summary.failed == {"b": "b.mp4: no video in it"}


def test_events_wait_in_order_while_the_sink_refuses_them() -> None:
    sink = ListSink()
    sink.refusing = True
    seen: list[str] = []

    def relent(event: ViolationEvent) -> None:
        seen.append(event.violation.event_id)
        sink.refusing = len(seen) < 2

    _engine(
        [_camera(ListFeed("a", _frames("a", 3)), OpensAt(0, 1))],
        sink=sink,
        on_event=relent,
    ).run(Event())

    assert [event.violation.event_id for event in sink.events] == seen
    assert [event.ok for event in sink.health] == [True]


def test_held_events_are_bounded_by_stopping_analysis() -> None:
    sink, clock = ListSink(), ManualClock()
    sink.refusing = True
    delivery = HeldDelivery(sink, clock, capacity=2)
    feed = ListFeed("a", _frames("a", 10))
    engine = Engine(
        [_camera(feed, OpensAt(*range(10)))],
        CountingDetector(),
        Reporter(delivery, ORIGIN, EngineMetrics()),
        clock=clock,
        pace=Pace(Event()),
    )
    stop = Event()

    class StopWhenFull(Event):
        @override
        def wait(self, timeout: float | None = None) -> bool:
            del timeout
            stop.set()
            return True

    engine._pace = Pace(StopWhenFull())
    summary = engine.run(stop)

    assert summary.frames == 2
    assert delivery.held == 2


def test_a_stop_is_asked_of_all_feeds_before_any_is_waited_for() -> None:
    feeds = [ListFeed(name, _frames(name, 1)) for name in "ab"]

    _engine([_camera(feed) for feed in feeds]).run(Event())

    assert [feed.stops[0] for feed in feeds] == [0, 0]
    assert all(len(feed.stops) == 2 for feed in feeds)


def test_a_failing_model_stops_the_feeds_and_is_told() -> None:
    class Broken(CountingDetector):
        @override
        def detect(self, images: Sequence[Frame]) -> list[Detections]:
            msg = f"blind/1: output is not a detector's ({len(images)} pictures)"
            raise ModelError(msg)

    feed = ListFeed("a", _frames("a", 2))

    with pytest.raises(ModelError):
        _engine([_camera(feed)], detector=Broken()).run(Event())

    assert feed.stops


def test_time_that_runs_back_never_counts_as_time_passed() -> None:
    rule = OpensAt()
    times = [0.0, 2.0, 1.0, 1.5, 3.0]
    frames = [frame("a", i, at_s=at_s) for i, at_s in enumerate(times)]

    _engine([_camera(ListFeed("a", frames), rule)]).run(Event())

    assert rule.dts_s == [0.0, 2.0, 0.0, 0.0, 1.0]


def test_metrics_tell_state_drops_and_events_per_camera() -> None:
    engine = _engine([_camera(ListFeed("a", _frames("a", 2)), OpensAt(0))])

    engine.run(Event())

    text = generate_latest(engine._reporter.metrics.registry).decode()
    assert 'streetwarden_camera_state{camera="a",state="ended"} 1.0' in text
    assert 'streetwarden_frames_analysed_total{camera="a"} 2.0' in text
    assert 'slug="illegal_parking"} 1.0' in text
    assert 'streetwarden_model_batch_size_count{model="blind/1"} 2.0' in text
    assert "streetwarden_events_held 0.0" in text


class LiveFeed(ListFeed):
    """A feed of a camera."""

    live = True


def test_metrics_tell_for_how_long_each_camera_could_see_and_why_not() -> None:
    clock = ManualClock()
    delivery = HeldDelivery(ListSink(), clock)
    engine = Engine(
        [_camera(LiveFeed("a")), _camera(LiveFeed("b")), _camera(ListFeed("film"))],
        CountingDetector(),
        Reporter(delivery, ORIGIN, EngineMetrics()),
        clock=clock,
        pace=Pace(Event()),
    )

    def tell(kind: HealthKind, *, ok: bool) -> None:
        delivery.health(HealthEvent(kind, ok, clock.now(), "", camera_id="a"))

    clock.advance(10)
    tell(HealthKind.VIEW_BLIND, ok=False)
    clock.advance(20.5)
    tell(HealthKind.CAMERA_STALLED, ok=False)  # blind goes on, and counts once
    tell(HealthKind.STREAM_GAP, ok=True)
    clock.advance(30)
    tell(HealthKind.VIEW_BLIND, ok=True)
    clock.advance(40)
    tell(HealthKind.CAMERA_STALLED, ok=True)
    clock.advance(50)

    text = generate_latest(engine.registry).decode()
    assert 'camera_watched_seconds_total{camera="a"} 60.0' in text
    assert 'blind_seconds_total{camera="a",reason="view_blind"} 50.5' in text
    assert 'blind_seconds_total{camera="a",reason="camera_stalled"} 40.0' in text
    assert 'blind_seconds_total{camera="a",reason="camera_moved"} 0.0' in text
    assert 'camera_watched_seconds_total{camera="b"} 150.5' in text
    assert 'seconds_total{camera="film"' not in text


class Recalls:
    """A gate that knows every second picture without looking."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def recall(self, frame: Frame) -> Detections | None:
        return Detections.empty() if frame.index % 2 else None

    def looked(self, frame: Frame, detections: Detections) -> None:
        del detections
        self.told.append(frame.index)


def test_pictures_that_are_known_are_analysed_without_the_detector() -> None:
    detector, gate, rule = CountingDetector(), Recalls(), OpensAt(1, 3)
    camera = _camera(ListFeed("a", _frames("a", 5)), rule)
    camera.parts = replace(camera.parts, gate=gate)
    engine = _engine([camera], detector=detector)

    summary = engine.run(Event())

    assert summary.frames == 5
    assert summary.steps == 2  # a rule sees every picture
    assert len(detector.batches) == 3
    assert gate.told == [0, 2, 4]
    text = generate_latest(engine.registry).decode()
    assert 'streetwarden_frames_unchanged_total{camera="a"} 2.0' in text
    assert "streetwarden_period_stretch 1.0" in text
    assert "streetwarden_overloaded 0.0" in text
