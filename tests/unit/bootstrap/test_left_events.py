"""Open events of a rule or camera that is taken away are told of at the start."""

import json
import logging
from pathlib import Path
from threading import Event

import pytest

from tests.fakes import ManualClock, NoEvidence, frame, violation
from vision.bootstrap.cameras import build_camera
from vision.bootstrap.left import warn_of_cameras
from vision.bootstrap.positions import PositionSources
from vision.bootstrap.surroundings import Surroundings
from vision.config.home import Home
from vision.config.site import SiteSettings
from vision.core.observation import View, ViewState
from vision.pipeline.candidates import OpenedPlaces, Seen

SITE = {
    "site": "quarter",
    "model": {"type": "onnx", "path": "not-loaded"},
    "cameras": [
        {
            "id": "gate",
            "source": {"type": "packets", "url": "rtsp://camera/1"},
            "zones": [
                {
                    "id": "kerb",
                    "kind": "no_parking",
                    "polygon": [[0, 0], [1, 0], [1, 1]],
                }
            ],
        }
    ],
    "rules": [{"type": "illegal_parking"}],
    "sinks": [{"type": "jsonl"}],
}


def _leave(folder: Path, rule: str) -> Home:
    """Leave what an engine with an open event of camera `gate` leaves."""
    at = frame("gate", 1)
    step = violation(at)
    opened = OpenedPlaces()
    view = ViewState(View.CLEAR)
    seen = Seen(1, 1.0, at.captured_at, (320, 192), view, (step.place,))
    opened.follow([step], seen)
    (record,) = opened.state()
    home = Home(folder)
    home.places.mkdir(parents=True)
    memory = {"version": 1, "parts": {"opened": [{**record, "rule": rule}]}}
    (home.places / "gate.json").write_text(json.dumps(memory), encoding="utf-8")
    return home


def _start(folder: Path, rule: str) -> None:
    """Build the camera of the site after an engine that left an open event."""
    home = _leave(folder, rule)
    settings = SiteSettings.model_validate(SITE)
    clock = ManualClock()
    shared = Surroundings(
        settings=settings,
        labels=("car", "person", "garbage"),
        evidence=NoEvidence(),
        home=home,
        clock=clock,
        arrival=Event(),
        on_health=lambda _: None,
        positions=PositionSources(clock=clock),
    )
    build_camera(settings.cameras[0], shared)


def test_an_event_whose_rule_is_gone_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        _start(tmp_path, "garbage_pile/1")

    (line,) = (r.getMessage() for r in caplog.records)
    assert line.startswith("gate: rule garbage_pile/1 no longer watches here")
    assert "events of it are open: 1" in line


def test_an_event_whose_rule_still_watches_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        _start(tmp_path, "illegal_parking/1")

    assert caplog.records == []


def test_an_open_event_of_a_camera_that_is_gone_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = _leave(tmp_path, "illegal_parking/1")

    with caplog.at_level(logging.WARNING):
        warn_of_cameras(home, {"market"})
        warn_of_cameras(home, {"gate"})  # this one is there

    (line,) = (r.getMessage() for r in caplog.records)
    assert line.startswith("camera gate is not in the site, but events of it are open")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"parts": []}', '{"parts": {"opened": []}}']
)
def test_a_memory_without_open_events_is_no_reason_to_warn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    home = _leave(tmp_path, "illegal_parking/1")
    (home.places / "gate.json").write_text(text, encoding="utf-8")

    with caplog.at_level(logging.WARNING):
        warn_of_cameras(home, set())

    assert caplog.records == []
