"""What a cluster run tells of its cameras."""

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes import ManualClock, frame, violation
from vision.bootstrap.fleet_status import FleetStatus
from vision.cluster.post import Sight
from vision.pipeline.metrics import EngineMetrics


def test_pictures_are_counted_over_posts_and_silence_is_told(tmp_path: Path) -> None:
    clock = ManualClock()
    status = FleetStatus(["gate", "yard"], tmp_path, clock)
    registry = CollectorRegistry()
    told = status.told(registry)

    def value(name: str, camera: str) -> float | None:
        return registry.get_sample_value(f"streetwarden_{name}", {"camera": camera})

    for pictures in (3, 5, 5, 2):  # the last by a post on another node
        status.saw({"gate": Sight(pictures, 1.0)})
    clock.advance(30)
    status.saw({})

    assert value("frames_analysed_total", "gate") == 7
    assert value("frames_analysed_total", "yard") == 0
    assert value("camera_silent_seconds", "gate") == 30
    assert value("camera_silent_seconds", "yard") is None
    assert told.idle_s() == 0


def measured(camera: str, *, stretch: float, held: int) -> list[Metric]:
    """Return what an engine with one camera tells."""
    metrics = EngineMetrics()
    metrics.analysed(camera, 0.25)
    metrics.step(camera, violation(frame()))
    metrics.batch("street-n", 1, 0.02)
    return [
        *metrics.registry.collect(),
        GaugeMetricFamily("streetwarden_period_stretch", "", value=stretch),
        GaugeMetricFamily("streetwarden_events_held", "", value=held),
    ]


def test_what_posts_measure_is_told_as_one_engine_tells_it(tmp_path: Path) -> None:
    clock = ManualClock()
    status = FleetStatus(["gate", "yard"], tmp_path, clock)
    registry = CollectorRegistry()
    status.told(registry)
    value = registry.get_sample_value

    status.saw({"gate": Sight(7, 1.0)})
    status.measured("g0", measured("gate", stretch=1.5, held=2))
    status.measured("g1", measured("yard", stretch=1.0, held=1))
    text = generate_latest(registry).decode()

    for camera in ("gate", "yard"):
        assert value("streetwarden_frame_age_seconds_count", {"camera": camera}) == 1
        steps = {"camera": camera, "slug": "illegal_parking", "lifecycle": "opened"}
        assert value("streetwarden_events_total", steps) == 1
    assert value("streetwarden_model_latency_seconds_count", {"model": "street-n"}) == 2
    assert value("streetwarden_period_stretch") == 1.5
    assert value("streetwarden_events_held") == 3
    assert value("streetwarden_frames_analysed_total", {"camera": "gate"}) == 7
    names = [family.name for family in text_string_to_metric_families(text)]
    assert len(names) == len(set(names))

    status.measured("g0", measured("gate", stretch=1.0, held=0))
    assert value("streetwarden_events_held") == 1
    clock.advance(61)
    assert value("streetwarden_events_held") is None


def test_a_camera_s_record_is_read_when_somebody_asks(tmp_path: Path) -> None:
    told = FleetStatus(["gate"], tmp_path, ManualClock()).told(CollectorRegistry())

    assert told.why["gate"]() is None
    (tmp_path / "gate.json").write_bytes(b"{}")
    assert told.why["gate"]() == b"{}"
