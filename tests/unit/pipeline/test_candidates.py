import json
import logging
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from prometheus_client import CollectorRegistry, Counter

from tests.fakes import (
    ClearView,
    CountingDetector,
    ListFeed,
    ListSink,
    ManualClock,
    NoEvidence,
    NoTracks,
    frame,
    place,
    violation,
)
from tests.unit.pipeline.test_engine import ORIGIN
from vision.core.detections import Detections
from vision.core.errors import ConfigError
from vision.core.feed import FeedState, FeedStatus
from vision.core.frame import Frame
from vision.core.observation import Observation, ViewState
from vision.core.places import Passes, Place, PlaceState
from vision.core.scene import GeoPoint, Scene
from vision.core.tracks import Track
from vision.core.violations import Candidate, Fact, Lifecycle, Slug, Violation
from vision.pipeline.camera import Camera, CameraParts
from vision.pipeline.candidates import Inquiry, OpenedPlaces, Seen
from vision.pipeline.delivery import HeldDelivery
from vision.pipeline.engine import Engine, Pace
from vision.pipeline.metrics import EngineMetrics
from vision.pipeline.reasons import Timer, reason_text, timer_of
from vision.pipeline.reporter import Reporter
from vision.pipeline.status import StatusServer, Told
from vision.pipeline.why_file import WhyFile, read_record

WAITING = (
    Fact("zone", "kerb"),
    Fact("observed_s", 41.07, "s", ">= 60", holds=False),
    Fact("traffic", "queue", bound="no queue", holds=False),
)


def _car(number: int, *, state: PlaceState = PlaceState.STANDING) -> Place:
    return replace(place(frame()), place_id=f"car-{number}", state=state)


def _seen(*places: Place) -> Seen:
    at = frame()
    return Seen(1, 0.0, at.captured_at, (64, 48), ViewState(), places)


def _step(of: Place, lifecycle: Lifecycle = Lifecycle.OPENED) -> Violation:
    return replace(
        violation(frame(), lifecycle=lifecycle), place=of, event_id=f"e-{of.place_id}"
    )


def _inquiry(seen: Seen | None, *candidates: Place, **more: object) -> Inquiry:
    inquiry = Inquiry(
        scene=Scene("gate", "解放路"),
        status=FeedStatus(FeedState.STREAMING),
        rules=("illegal_parking/1",),
        seen=seen,
        candidates=[
            Candidate("gate", Slug.ILLEGAL_PARKING, "r/1", one, "kerb", WAITING)
            for one in candidates
        ],
        opened=OpenedPlaces(),
    )
    return replace(inquiry, **more)  # type: ignore[arg-type]  # keywords for the fields


class _Standing:
    """A place memory in which one car stands from the first picture on."""

    def update(
        self,
        frame: Frame,
        detections: Detections,
        view: ViewState,
        tracks: Sequence[Track] = (),
    ) -> tuple[Place, ...]:
        del detections, view, tracks
        return (replace(_car(1), last_seen_s=frame.media_time_s),)


class _OpensOnce:
    """A rule that waits, opens at a picture's number, and then has no candidate."""

    name = "opens_once/1"

    def __init__(self, index: int) -> None:
        self._index = index
        self._waiting: list[Candidate] = []

    def observe(self, observation: Observation) -> list[Violation]:
        (car,) = observation.places
        self._waiting = []
        if observation.frame.index < self._index:
            self._waiting = [
                Candidate("gate", Slug.ILLEGAL_PARKING, "r/1", car, None, WAITING)
            ]
        return [_step(car)] if observation.frame.index == self._index else []

    def candidates(self) -> list[Candidate]:
        return self._waiting


def _run(folder: Path, opens_at: int, pictures: int = 4) -> None:
    clock = ManualClock()
    frames = [frame("gate", index, at_s=float(index)) for index in range(pictures)]
    camera = Camera(
        CameraParts(
            scene=Scene("gate", "解放路"),
            feed=ListFeed("gate", frames),
            view=ClearView(),
            tracker=NoTracks(),
            places=_Standing(),
            rules=(_OpensOnce(opens_at),),
            evidence=NoEvidence(),
            why=WhyFile(folder / "gate.json", clock),
        ),
        ("car",),
        lambda _event: None,
    )
    reporter = Reporter(HeldDelivery(ListSink(), clock), ORIGIN, EngineMetrics())
    engine = Engine(
        [camera], CountingDetector(), reporter, clock=clock, pace=Pace(Event())
    )
    engine.run(Event())


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (
            Fact("observed_s", 59.97, "s", ">= 60", holds=False),
            "observed 59.9 s of 60 s",
        ),
        (Fact("observed_s", 61.0, "s", ">= 60", holds=True), "observed 61 s of 60 s"),
        (
            Fact("support", 0.499, "1", ">= 0.5", holds=False),
            "support 0.49 (needs >= 0.5)",
        ),
        (Fact("bareness", 0.2, "1", "< 0.9", holds=True), "bareness 0.2 (< 0.9)"),
        (
            Fact("calendar", "work not in force", bound="in force", holds=False),
            "calendar work not in force (needs in force)",
        ),
        (Fact("passed_vehicles", 6, "1"), "passed vehicles 6"),
        (Fact("baseline", value=True), "baseline yes"),
    ],
)
def test_a_reason_reads_as_a_sentence_and_never_rounds_up(
    fact: Fact, words: str
) -> None:
    assert reason_text(fact) == words


def test_the_timer_shown_is_the_one_with_the_longest_way_to_go() -> None:
    facts = (
        Fact("observed_s", 50.0, "s", ">= 60", holds=False),
        Fact("alone_s", 1.0, "s", ">= 10", holds=False),
        Fact("elapsed_s", 0.0, "s"),
    )

    assert timer_of(facts) == Timer(1.0, 10.0)
    assert timer_of(facts[2:]) is None


def test_every_place_is_a_candidate_or_opened_or_no_concern_of_any_rule() -> None:
    waiting, open_, other = _car(1), _car(2), _car(3)
    seen = _seen(waiting, open_, other)
    opened = OpenedPlaces()
    opened.follow([_step(open_)], seen)

    record = _inquiry(seen, waiting, opened=opened).answer(frame().captured_at)

    assert [one["place"]["place_id"] for one in record["candidates"]] == ["car-1"]
    assert [one["place"]["place_id"] for one in record["opened"]] == ["car-2"]
    assert [one["place_id"] for one in record["unjudged"]] == ["car-3"]
    assert record["candidates"][0]["place"]["box"] == (0.1562, 0.2083, 0.4688, 0.4167)
    assert [one["holds"] for one in record["candidates"][0]["reasons"]] == [
        None,
        False,
        False,
    ]


def test_a_record_is_bounded_and_says_what_it_leaves_out() -> None:
    crowd = [_car(number) for number in range(500)]

    record = _inquiry(_seen(*crowd), *crowd[:300]).answer(frame().captured_at)

    assert len(record["candidates"]) == len(record["unjudged"]) == 200
    assert record["left_out"] == 100
    assert len(json.dumps(record)) < 400_000


def test_trouble_is_told_without_its_password() -> None:
    status = FeedStatus(FeedState.WAITING, last_error="rtsp://a:hunter2@cam/1: refused")

    record = _inquiry(None, status=status).answer(frame().captured_at)

    assert record["trouble"] == "rtsp://***@cam/1: refused"
    assert record["media_time_s"] is None


@pytest.mark.parametrize("how", ["cleared", "dropped", "gone"])
def test_an_event_that_is_over_is_no_longer_told_as_opened(how: str) -> None:
    opened, car = OpenedPlaces(), _car(1)
    opened.follow([_step(car)], _seen(car))
    assert len(opened.records(_seen(car))) == 1

    unproven = (Fact("cannot_verify", value=True), Fact("zone", "none"))
    steps = {
        "cleared": [_step(car, Lifecycle.CLEARED)],
        "dropped": [replace(_step(car, Lifecycle.UPDATED), facts=unproven)],
        "gone": [],
    }
    opened.follow(steps[how], _seen() if how == "gone" else _seen(car))

    assert opened.state() == []


def test_an_event_of_a_place_far_behind_a_vehicle_stays_open() -> None:
    car = replace(
        _car(1),
        geo=GeoPoint(30.5931, 114.3054, accuracy_m=9.6),
        passes=Passes(2, 400.0, 9, 12.0, 6.0, 0.3, (1.9, 1.5)),
    )
    known = {"car-1"}
    opened = OpenedPlaces(known=lambda: known)
    opened.follow([_step(car)], _seen(car))
    opened.follow([], _seen())

    (record,) = opened.records(_seen())
    assert record["place"]["point"]["accuracy_m"] == 9.6
    assert record["place"]["passes"] == 2
    known.clear()
    opened.follow([], _seen())
    assert opened.records(_seen()) == []


def test_what_has_opened_is_known_after_a_restart() -> None:
    before, after, car = OpenedPlaces(), OpenedPlaces(), _car(1)
    before.follow([_step(car)], _seen(car))

    after.restore(json.loads(json.dumps(before.state())))

    (record,) = after.records(_seen(car))
    assert record["event_id"] == "e-car-1"


def test_a_damaged_memory_of_opened_places_is_refused() -> None:
    with pytest.raises((KeyError, TypeError)):
        OpenedPlaces().restore([{"event_id": "e-1"}])


def test_the_file_says_at_the_end_of_a_run_what_is_still_missing(
    tmp_path: Path,
) -> None:
    _run(tmp_path, opens_at=99)

    record = read_record(tmp_path, "gate")
    assert record["pictures"] == 4
    assert record["media_time_s"] == 3.0
    texts = [reason["text"] for reason in record["candidates"][0]["reasons"]]
    assert "observed 41 s of 60 s" in texts
    assert "traffic queue (needs no queue)" in texts


def test_an_opened_place_is_no_candidate_any_more(tmp_path: Path) -> None:
    _run(tmp_path, opens_at=2)

    record = read_record(tmp_path, "gate")
    assert record["candidates"] == []
    assert [one["event_id"] for one in record["opened"]] == ["e-car-1"]
    assert record["opened"][0]["place"]["last_seen_s"] == 3.0


def test_it_is_written_at_most_every_two_seconds(tmp_path: Path) -> None:
    clock, asked = ManualClock(), list[int]()
    file = WhyFile(tmp_path / "gate.json", clock)

    def inquire() -> Inquiry:
        asked.append(1)
        return _inquiry(None)

    for _ in range(100):
        file.tick(inquire)
        clock.advance(0.1)

    assert len(asked) == 5
    assert list(tmp_path.iterdir()) == [tmp_path / "gate.json"]


def test_a_folder_that_cannot_be_written_is_told_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "why").write_text("a file, no folder")
    clock = ManualClock()
    file = WhyFile(tmp_path / "why" / "gate.json", clock)

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            file.tick(lambda: _inquiry(None), now=True)

    assert len(caplog.records) == 1
    assert file.latest is not None


def test_a_question_about_an_unknown_camera_names_the_known_ones(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match="run the engine first"):
        read_record(tmp_path, "gate")
    WhyFile(tmp_path / "gate.json", ManualClock()).tick(lambda: _inquiry(None))

    with pytest.raises(ConfigError, match="expected one of gate"):
        read_record(tmp_path, "../gate")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 0}'])
def test_a_damaged_record_is_refused_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / "gate.json").write_text(content)

    with pytest.raises(ConfigError, match="expected a record of version 1"):
        read_record(tmp_path, "gate")


class _Idle:
    """An engine whose latest turn was so long ago."""

    seconds = 0.2

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def idle() -> _Idle:
    return _Idle()


@pytest.fixture(scope="module")
def server(idle: _Idle) -> Iterator[StatusServer]:
    registry = CollectorRegistry()
    Counter("streetwarden_tests", "Tests", registry=registry).inc()
    why = {"gate": lambda: b'{"version":1}', "yard": lambda: None}
    with StatusServer("127.0.0.1", 0, Told(registry, idle, why)) as running:
        yield running


def _get(server: StatusServer, path: str, method: str = "GET") -> tuple[int, str]:
    url = f"http://127.0.0.1:{server.port}{path}"
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 our own loopback server
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/metrics", 200, "streetwarden_tests_total 1.0"),
        ("/healthz", 200, '"status": "ok"'),
        ("/cameras", 200, '["gate", "yard"]'),
        ("/cameras/gate/candidates", 200, '{"version":1}'),
        ("/cameras/gate/candidates?x=1", 200, '{"version":1}'),
        ("/cameras/yard/candidates", 503, "ask again"),
        ("/cameras/cellar/candidates", 404, "expected one of gate, yard"),
        ("/cameras/../../etc/passwd/candidates", 404, "expected /metrics"),
        ("/", 404, "expected /metrics"),
    ],
)
def test_a_running_engine_answers(
    server: StatusServer, path: str, status: int, said: str
) -> None:
    got, body = _get(server, path)

    assert (got, said in body) == (status, True), body


def test_only_reading_is_allowed(server: StatusServer) -> None:
    assert _get(server, "/metrics", "POST")[0] == 501
    assert _get(server, "/metrics", "HEAD") == (200, "")


def test_an_engine_that_hangs_is_told_as_unhealthy(
    server: StatusServer, idle: _Idle
) -> None:
    idle.seconds = 600.0
    status, body = _get(server, "/healthz")
    idle.seconds = 0.2

    assert (status, json.loads(body)["status"]) == (503, "hangs")


def test_clients_that_dawdle_are_bounded_and_block_nobody_for_long() -> None:
    told = Told(CollectorRegistry(), _Idle(), {})
    with StatusServer("127.0.0.1", 0, told) as server:
        address = ("127.0.0.1", server.port)
        with ExitStack() as dawdlers:
            for _ in range(16):
                dawdlers.enter_context(socket.create_connection(address))
            with socket.create_connection(address, timeout=5) as turned_away:
                assert turned_away.recv(1) == b""

        status = 0
        for _ in range(50):  # their threads notice one after the other
            with suppress(OSError):
                status = _get(server, "/healthz")[0]
                break

        assert status == 200


def test_the_port_is_free_when_the_run_has_ended() -> None:
    told = Told(CollectorRegistry(), _Idle(), {})
    with StatusServer("127.0.0.1", 0, told) as first:
        port = first.port

    with StatusServer("127.0.0.1", port, told) as second:
        assert _get(second, "/healthz")[0] == 200


def test_a_machine_that_is_too_small_says_so_and_stays_alive() -> None:
    told = Told(CollectorRegistry(), _Idle(), {}, stretch=lambda: 2.345)
    with StatusServer("127.0.0.1", 0, told) as server:
        status, body = _get(server, "/healthz")

    assert status == 200
    assert '"status": "overloaded"' in body
    assert '"period_stretch": 2.35' in body or '"period_stretch": 2.34' in body
