import pickle
import threading
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from tests.fakes import ManualClock, frame, violation
from tests.unit.sinks.messages import CODE, PROVENANCE
from vision.bootstrap.desk import Desk, Onlookers
from vision.bootstrap.fleet_status import FleetStatus
from vision.bootstrap.node import _lay_out
from vision.bootstrap.received import ReceivedEvidence
from vision.cluster.mail import EventLetter, Mailbox, MemoryLetter, WhyLetter
from vision.cluster.post import Delivery, Log, Order, Outcome, Parcel, Post, Stage
from vision.config.home import Home
from vision.core.errors import ConfigError, ModelError, SinkError, VisionError
from vision.core.events import ViolationEvent
from vision.core.evidence import Artifact, Evidence
from vision.core.memory import CameraMemory, Picture, pack
from vision.core.scene import Scene
from vision.evidence.manifest import Manifest
from vision.evidence.retention import RetentionPolicy
from vision.evidence.store_policy import StorePolicy
from vision.pipeline.memory_disk import read_memory
from vision.pipeline.metrics import EngineMetrics
from vision.sinks.outbox import Outbox

VERSION = version("streetwarden")


def order(**keys: object) -> Order:
    fields = {"group": "g0", "cameras": ("gate",), "memories": {}} | keys
    return Order(folder=Path(), **{"version": VERSION, **fields})  # type: ignore[arg-type]  # cases vary one field


def ended(post: Post) -> Delivery:
    """Hear a post to its end; return its last words."""
    heard = 0
    for _ in range(200):
        said = post.take(heard, 0.05)
        heard = max([heard, *(parcel.number for parcel in said.parcels)])
        if said.stage is Stage.ENDED and not said.parcels:
            return said
    pytest.fail("the post does not end")


def test_a_post_tells_its_stages_and_what_it_did() -> None:
    begun = threading.Event()

    def watching(
        order: Order, mailbox: Mailbox, stop: threading.Event, log: Log
    ) -> Outcome:
        log.reached(Stage.WATCHING)
        log.saw(order.cameras[0], 1.5)
        log.saw(order.cameras[0], 3.5)
        begun.set()
        stop.wait(20)
        mailbox.post(MemoryLetter("gate", CameraMemory(b"last")))
        log.reached(Stage.RELEASED)
        return Outcome(2, 1)

    post = Post(watching, order())
    assert begun.wait(20)
    said = post.take(0, 0)
    post.stop()
    last = ended(post)

    assert said.stage is Stage.WATCHING
    assert (said.seen["gate"].pictures, said.seen["gate"].media_time_s) == (2, 3.5)
    assert (last.error, last.outcome) == (None, Outcome(2, 1))


def test_what_a_post_measures_travels_with_what_it_says_but_not_each_time() -> None:
    def watching(
        order: Order, mailbox: Mailbox, stop: threading.Event, log: Log
    ) -> Outcome:
        del mailbox
        metrics = EngineMetrics()
        metrics.analysed(order.cameras[0], 0.25)
        log.measured_in(metrics.registry)
        log.reached(Stage.WATCHING)
        stop.wait(20)
        return Outcome()

    post = Post(watching, order())
    told = next(filter(None, (post.take(0, 0.05).figures for _ in range(400))))
    again = post.take(0, 0)
    post.stop()

    travelled = pickle.loads(pickle.dumps(told))  # noqa: S301 as Ray does
    assert "streetwarden_frame_age_seconds" in [one.name for one in travelled]
    assert again.figures == ()


def test_an_event_that_waits_to_be_heard_is_heard_while_its_figures_wait_for_it(
    tmp_path: Path,
) -> None:
    busy = threading.Lock()

    class Held(Collector):
        """Counts what is held, and waits for a delivery as the engine's does."""

        @override
        def collect(self) -> Iterator[Metric]:
            with busy:
                yield GaugeMetricFamily("held", "", value=0)

    def watching(
        order: Order, mailbox: Mailbox, stop: threading.Event, log: Log
    ) -> Outcome:
        del order, stop
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Held())
        with busy:
            log.measured_in(registry)
            log.reached(Stage.WATCHING)
            mailbox.deliver(event_with(b"{}", tmp_path))
        return Outcome(steps=1)

    last = ended(Post(watching, order()))

    assert last.error is None
    assert last.outcome.steps == 1


class OddError(ModelError):
    """An error whose class another version may not know."""


@pytest.mark.parametrize(
    ("raised", "family"),
    [
        (OddError("no such model"), ModelError),
        (ConfigError("no such folder"), ConfigError),
        (ZeroDivisionError("by zero"), VisionError),
    ],
)
def test_what_goes_wrong_is_told_as_a_plain_error(
    raised: Exception, family: type[VisionError]
) -> None:
    def watching(*_: object) -> Outcome:
        raise raised

    last = ended(Post(watching, order()))

    assert type(last.error) is family
    assert str(raised) in str(last.error)


def test_another_version_refuses_to_watch() -> None:
    last = ended(Post(lambda *_: Outcome(), order(version="0.0.1")))

    assert isinstance(last.error, ConfigError)
    assert "0.0.1" in str(last.error)
    assert "install the same version on every node" in str(last.error)


@pytest.fixture
def desk(tmp_path: Path) -> "Iterator[tuple[Desk, Home, Outbox]]":
    home = Home(tmp_path / "home")
    home.prepare()
    clock = ManualClock()
    outbox = Outbox(home.outbox, [], clock=clock)
    status = FleetStatus(["gate", "yard"], home.why, clock)
    keeps = RetentionPolicy(quota_bytes=100_000, keep_free=0.0)
    evidence = ReceivedEvidence(
        home.evidence,
        StorePolicy(min_free_bytes=0, retention=keeps),
        outbox=outbox,
        clock=clock,
    )
    desk = Desk(
        home,
        outbox,
        clock=clock,
        onlookers=Onlookers(),
        status=status,
        evidence=evidence,
    )
    yield desk, home, outbox
    outbox.close(1)


def event_with(payload: bytes, node: Path) -> ViolationEvent:
    at = frame()
    artifact = Artifact(
        "manifest",
        node / "manifest-001.json",
        "manifest-001.json",
        "application/json",
        "ab",
        len(payload),
        at.captured_at,
    )
    scene = Scene("gate", "gate")
    return ViolationEvent(violation(at), scene, CODE, PROVENANCE, Evidence((artifact,)))


def test_an_event_lies_at_the_desk_with_its_files_and_is_kept_once(
    desk: tuple[Desk, Home, Outbox], tmp_path: Path
) -> None:
    keeper, home, outbox = desk
    event_id = event_with(b"", tmp_path).violation.event_id
    text = Manifest(event_id, revision=1, origin={}).to_bytes()
    step = event_with(text, tmp_path / "far away")
    for number in (1, 2):  # decided again after a crash
        keeper.keep(Parcel(number, EventLetter(step), (text,)))

    folder = home.evidence / event_id
    assert (folder / "manifest-001.json").read_bytes() == text
    assert (folder / "manifest.json").read_bytes() == text
    count = outbox.store.query(
        "count", lambda db: db.execute("SELECT count(*) FROM messages").fetchone()[0]
    )
    assert count == 1


def test_a_file_that_the_node_lost_does_not_hold_up_its_event(
    desk: tuple[Desk, Home, Outbox], tmp_path: Path
) -> None:
    keeper, home, outbox = desk
    step = event_with(b"{}", tmp_path / "far away")
    keeper.keep(Parcel(1, EventLetter(step), (None,)))

    assert not (home.evidence / step.violation.event_id).exists()
    assert outbox.store.lane_of(step.violation.event_id) is not None


def test_files_for_which_the_quota_has_no_room_cost_the_files_and_are_told(
    desk: tuple[Desk, Home, Outbox], tmp_path: Path
) -> None:
    keeper, home, outbox = desk
    step = event_with(b"{}", tmp_path / "far away")
    keeper.keep(Parcel(1, EventLetter(step), (bytes(200_000),)))

    kinds = outbox.store.query(
        "list", lambda db: [row[0] for row in db.execute("SELECT kind FROM messages")]
    )
    assert not (home.evidence / step.violation.event_id).exists()
    assert sorted(kinds) == ["health", "violation"]


def test_what_a_camera_remembers_goes_with_its_next_order(
    desk: tuple[Desk, Home, Outbox],
) -> None:
    keeper, home, _ = desk
    memory = pack({"view": Picture(b"a street"), "gate": "41 s of 60 s"})
    keeper.keep(Parcel(1, MemoryLetter("gate", memory)))

    assert keeper.order("g0", ("gate", "yard")).memories == {"gate": memory}
    assert (home.places / "gate.json").read_bytes() == memory.record


def test_a_desk_writes_a_picture_that_travels_with_every_memory_once(
    desk: tuple[Desk, Home, Outbox],
) -> None:
    keeper, home, _ = desk
    street = Picture(b"a street")
    keeper.keep(Parcel(1, MemoryLetter("gate", pack([street, 41]))))
    (before,) = (home.places / "gate.pictures").iterdir()
    written = before.stat()
    keeper.keep(Parcel(2, MemoryLetter("gate", pack([street, 51]))))

    (after,) = (home.places / "gate.pictures").iterdir()
    assert (after, after.stat()) == (before, written)


def test_a_post_finds_the_memories_of_its_order_and_no_others(tmp_path: Path) -> None:
    """Its folder is that of a post before it, which watched other cameras."""
    places = tmp_path / "posts" / "0" / "places"
    memory = pack([Picture(b"a street"), 41])
    _lay_out(places, order(memories={"yard": pack([Picture(b"a yard")])}))

    _lay_out(places, order(memories={"gate": memory}))

    assert read_memory(places / "gate.json") == memory
    assert {file.name for file in places.iterdir()} == {"gate.json", "gate.pictures"}


def test_why_nothing_has_opened_can_be_asked_where_the_run_was_started(
    desk: tuple[Desk, Home, Outbox],
) -> None:
    keeper, home, _ = desk
    keeper.keep(Parcel(1, WhyLetter("gate", b'{"queue": true}')))

    assert (home.why / "gate.json").read_bytes() == b'{"queue": true}'


def test_only_the_latest_word_of_each_kind_travels() -> None:
    mailbox = Mailbox()
    for record in (b"1", b"2"):
        mailbox.post(MemoryLetter("gate", CameraMemory(record)))
        mailbox.post(WhyLetter("gate", record))
        mailbox.post(WhyLetter("yard", record))

    taken, _ = mailbox.take(0, 0)
    assert [letter for _, letter in taken] == [
        MemoryLetter("gate", CameraMemory(b"2")),
        WhyLetter("gate", b"2"),
        WhyLetter("yard", b"2"),
    ]


def test_a_desk_that_cannot_write_says_so_and_is_asked_again(
    desk: tuple[Desk, Home, Outbox],
) -> None:
    keeper, home, _ = desk
    home.places.write_bytes(b"a file where the folder should be")

    with pytest.raises(SinkError, match="cannot be written"):
        keeper.keep(Parcel(1, MemoryLetter("gate", CameraMemory(b"41 s of 60 s"))))
