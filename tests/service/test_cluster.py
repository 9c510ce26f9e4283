"""Needs the extra `ray`: a cluster of three nodes on this machine loses one of them."""

import json
import math
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner
from typing_extensions import override

from tests.benchmarks.soak_rig import CameraBank, Plan, write_site
from tests.benchmarks.soak_street import read_truth, write_film
from tests.service.rtsp import why_no_server
from vision.bootstrap.cluster import watch_cluster
from vision.bootstrap.desk import Onlookers
from vision.cli import evidence
from vision.config.home import VARIABLE, Home
from vision.config.site import load_site
from vision.core.clock import SystemClock
from vision.core.events import ViolationEvent

ray = pytest.importorskip("ray", reason="needs the extra `ray`")
cluster_utils = pytest.importorskip("ray.cluster_utils", reason="needs the extra `ray`")

pytestmark = [
    pytest.mark.ray,
    pytest.mark.rtsp,
    pytest.mark.slow,
    pytest.mark.timeout(540),
    pytest.mark.filterwarnings("default"),  # Ray's own
    pytest.mark.skipif(why_no_server() is not None, reason="no RTSP server here"),
]

CAMERAS = 6
STREET = read_truth()
KILL_S = 40.0  # a car stands since 11.5 s and opens an event at about 70 s
KNOWN_S = 15.0  # by then the desk has been told what a camera remembers


class Run(threading.Thread):
    """A cluster run and all that it tells."""

    def __init__(self, site: Path, home: Home, address: str) -> None:
        super().__init__(daemon=True)
        self._site, self._home, self._address = site, home, address
        self.stop = threading.Event()
        self.events: list[ViolationEvent] = []
        self.seen: dict[str, tuple[int, float]] = {}
        self.error: BaseException | None = None

    @override
    def run(self) -> None:
        try:
            watch_cluster(
                load_site(self._site),
                self._home,
                self._address,
                stop=self.stop,
                onlookers=Onlookers(self.events.append, self._saw),
            )
        except BaseException as error:  # noqa: BLE001 the test raises it
            self.error = error

    def until(self, done: Callable[[], object], within_s: float) -> None:
        ends_s = time.monotonic() + within_s
        while not done():
            assert self.error is None, self.error
            assert time.monotonic() < ends_s, (self.seen, self.events)
            time.sleep(0.1)

    def _saw(self, camera_id: str, pictures: int, media_time_s: float) -> None:
        del media_time_s
        if self.seen.get(camera_id, (0, 0.0))[0] != pictures:
            self.seen[camera_id] = (pictures, time.monotonic())


@pytest.fixture
def cluster() -> Iterator[tuple[Any, list[Any]]]:
    nodes = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    workers = [nodes.add_node(num_cpus=1) for _ in range(2)]
    yield nodes, workers
    ray.shutdown()
    nodes.shutdown()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def messages(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_killed_node_loses_no_event_doubles_none_and_dwell_goes_on(
    cluster: tuple[Any, list[Any]],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    film = write_film(tmp_path / "street.h264", (704, 396))
    with ExitStack() as stack:
        bank = CameraBank(film, CAMERAS, going_on=True)
        stack.callback(bank.stop)
        began_at, began_s = SystemClock().now(), time.monotonic()
        metrics_port = free_port()
        plan = Plan([bank.port] * CAMERAS, STREET, 2.0, "onnx", 512, metrics_port)
        site = write_site(tmp_path, plan)
        home = Home(tmp_path / "home")
        home.prepare()
        nodes, workers = cluster
        run = Run(site, home, nodes.address)
        stack.callback(run.join, 60)
        stack.callback(run.stop.set)
        run.start()
        run.until(lambda: len(run.seen) == CAMERAS, 200)
        car = car_to_kill_at(time.monotonic() - began_s)
        while time.monotonic() < began_s + car * STREET.length_s + KILL_S:
            time.sleep(0.1)

        check_status(f"http://127.0.0.1:{metrics_port}")
        killed_at, killed_s = SystemClock().now(), time.monotonic()
        nodes.remove_node(workers[0], allow_graceful=False)
        run.until(lambda: all(at > killed_s + 3 for _, at in run.seen.values()), 60)
        record_property("watched_again_s", time.monotonic() - killed_s)
        everywhere = {(f"cam{k}", car) for k in range(CAMERAS)}
        run.until(lambda: everywhere <= parked(run.events, began_at).keys(), 90)

    assert run.error is None
    told = messages(tmp_path / "events.jsonl")
    ids = Counter(one["id"] for one in told)
    assert max(ids.values()) == 1
    cars = parked(run.events, began_at)
    assert {len(events) for events in cars.values()} == {1}
    assert all(max(cars[one].values()) < killed_at for one in everywhere)
    opened = [one for one in told if one["type"].endswith("violation.opened.v1")]
    lost = [one for one in told if "watch_lost" in one["type"]]
    again = {one["data"]["camera_id"] for one in lost if one["data"]["ok"]}
    assert len(again) == CAMERAS // 3
    monkeypatch.setenv(VARIABLE, str(home.root))
    check_evidence(home, [one["data"]["event_id"] for one in opened])


def car_to_kill_at(seen_s: float) -> int:
    """Return the first car that all cameras see for long enough before the kill.

    The film comes round, and each time another car parks: to a machine that takes a
    minute and a half to start, the second has come when the first one's events are out.

    Args:
        seen_s: when the last camera was seen, seconds since the film began.
    """
    late_s = seen_s + KNOWN_S - KILL_S
    return max(0, math.ceil(late_s / STREET.length_s))


@pytest.mark.parametrize(
    ("seen_s", "car"), [(5, 0), (25, 0), (26, 1), (110, 1), (118, 2)]
)
def test_a_slow_start_puts_the_kill_off_to_a_later_car(seen_s: float, car: int) -> None:
    assert car_to_kill_at(seen_s) == car


def check_status(address: str) -> None:
    """See that a cluster run tells how it is doing."""
    metrics = httpx.get(f"{address}/metrics").text
    for one in ("frames_analysed_total", "camera_frames_in_total"):
        assert f'{one}{{camera="cam5"}}' in metrics
    why = httpx.get(f"{address}/cameras/cam0/candidates").json()
    assert why["camera_id"] == "cam0"


def check_evidence(home: Home, event_ids: list[str]) -> None:
    """See that what the nodes sealed verifies here, and a changed byte is found."""
    assert not list(home.keys.glob("*.key.pem"))
    for what in (*event_ids, "--all"):
        assert verify(what) == (0, "whole.\n")
    picture = next(home.evidence.glob("*/001-wide_deciding.jpg"))
    picture.write_bytes(picture.read_bytes()[:-1] + b"\0")
    for what in (picture.parent.name, "--all"):
        assert verify(what) == (6, "bytes\n")


def verify(what: str) -> tuple[int, str]:
    done = CliRunner().invoke(evidence.app, ["verify", what])
    return done.exit_code, done.output.rpartition(" ")[2]


def parked(
    events: list[ViolationEvent], began_at: datetime
) -> dict[tuple[str, int], dict[str, datetime]]:
    """Return, by camera and car, the parking events by id, with when each started."""
    cars: dict[tuple[str, int], dict[str, datetime]] = defaultdict(dict)
    for one in events:
        step = one.violation
        if step.slug == "illegal_parking":
            since_s = (step.started_at - began_at).total_seconds()
            car = int(since_s // STREET.length_s)
            cars[one.scene.camera_id, car][step.event_id] = step.started_at
    return cars
