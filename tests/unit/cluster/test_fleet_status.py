"""What a cluster run tells of its cameras."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from tests.fakes import ManualClock
from vision.bootstrap.fleet_status import FleetStatus
from vision.cluster.post import Sight


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


def test_a_camera_s_record_is_read_when_somebody_asks(tmp_path: Path) -> None:
    told = FleetStatus(["gate"], tmp_path, ManualClock()).told(CollectorRegistry())

    assert told.why["gate"]() is None
    (tmp_path / "gate.json").write_bytes(b"{}")
    assert told.why["gate"]() == b"{}"
