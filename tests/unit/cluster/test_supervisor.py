"""The supervisor with nodes and posts that do as they are told."""

import itertools
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from prometheus_client.core import GaugeMetricFamily, Metric
from typing_extensions import override

from tests.fakes import ManualClock
from vision.cluster.mail import MemoryLetter
from vision.cluster.placement import Node
from vision.cluster.ports import PostLostError
from vision.cluster.post import Delivery, Order, Outcome, Parcel, Sight, Stage
from vision.cluster.supervisor import Patience, Supervisor
from vision.core.errors import ModelError, SinkError
from vision.core.memory import CameraMemory

A, B, C = (Node(name, f"node-{name}", 10) for name in "abc")
Groups = Mapping[str, tuple[str, ...]]
GROUPS: Groups = {f"g{k}": (f"cam{k}",) for k in range(3)}


class FakePost:
    """A post that says what it was told to say."""

    def __init__(self, order: Order, node: Node) -> None:
        self.order, self.node = order, node
        self.stage = Stage.WATCHING
        self.error: Exception | None = None
        self.silent = self.stopped = self.killed = False
        self.letters: list[bytes] = []
        self.acknowledged = 0
        self.figures: tuple[Metric, ...] = ()

    def poll(self, heard: int) -> Delivery | None:
        self.acknowledged = heard
        if isinstance(self.error, PostLostError):
            raise self.error
        if self.silent:
            return None
        parcels = tuple(
            Parcel(k + 1, MemoryLetter(self.order.cameras[0], CameraMemory(letter)))
            for k, letter in enumerate(self.letters)
            if k >= heard
        )
        error = self.error if isinstance(self.error, ModelError) else None
        stage = Stage.ENDED if error else self.stage
        figures, outcome = self.figures, Outcome(10, 1)
        return Delivery(stage, parcels, figures=figures, error=error, outcome=outcome)

    def stop(self) -> None:
        self.stopped = True

    def kill(self) -> None:
        self.killed = True


class FakeFleet:
    """Nodes that come and go."""

    def __init__(self, *nodes: Node) -> None:
        self.alive = list(nodes)
        self.posts: list[FakePost] = []
        self.broken: dict[str, Exception] = {}

    def nodes(self) -> tuple[Node, ...]:
        return tuple(self.alive)

    def start(self, order: Order, node: Node) -> FakePost:
        self.posts.append(FakePost(order, node))
        self.posts[-1].error = self.broken.get(node.node_id)
        return self.posts[-1]

    def wait(self, timeout_s: float) -> None:
        del timeout_s

    def of(self, group: str) -> FakePost:
        """Return a group's latest post."""
        return next(one for one in reversed(self.posts) if one.order.group == group)


class FakeKeeper:
    """Keeps memories and remembers what it was told."""

    def __init__(self) -> None:
        self.memories: dict[str, CameraMemory] = {}
        self.kept: list[bytes] = []
        self.news: list[tuple[str, bool, str]] = []
        self.figures: dict[str, list[str]] = {}
        self.refusing = False

    def order(self, group: str, cameras: tuple[str, ...]) -> Order:
        known = {one: self.memories[one] for one in cameras if one in self.memories}
        return Order(group, cameras, known, Path(), "1")

    def keep(self, parcel: Parcel) -> None:
        if self.refusing:
            msg = "disk full"
            raise SinkError(msg)
        assert isinstance(parcel.letter, MemoryLetter)
        self.memories[parcel.letter.camera_id] = parcel.letter.memory
        self.kept.append(parcel.letter.memory.record)

    def saw(self, seen: Mapping[str, Sight]) -> None:
        del seen

    def measured(self, group: str, figures: Sequence[Metric]) -> None:
        self.figures[group] = [one.name for one in figures]

    def watched(self, cameras: tuple[str, ...], *, ok: bool, detail: str) -> None:
        self.news += [(camera, ok, detail) for camera in cameras]


class Run:
    """A supervisor with its fakes."""

    def __init__(self, *nodes: Node, groups: Groups = GROUPS) -> None:
        self.clock = ManualClock()
        self.fleet, self.keeper = FakeFleet(*nodes), FakeKeeper()
        self.supervisor = Supervisor(
            self.fleet, self.keeper, groups, clock=self.clock, patience=Patience()
        )

    def turn(self, times: int = 1, every_s: float = 0.25) -> None:
        for _ in range(times):
            self.supervisor.turn()
            self.clock.advance(every_s)

    def where(self) -> dict[str, str]:
        return self.supervisor.where


def test_every_group_is_watched_and_spread() -> None:
    run = Run(A, B, C)
    run.turn(2)

    assert sorted(run.where().values()) == ["a", "b", "c"]
    assert run.keeper.news == []


def test_a_dead_node_s_cameras_go_on_elsewhere_with_what_they_remembered() -> None:
    run = Run(A, B, C)
    run.turn(2)
    group = next(name for name, node in run.where().items() if node == "c")
    run.fleet.of(group).letters = [b"41 s of 60 s"]
    run.turn()
    run.fleet.alive.remove(C)
    run.turn(2)

    assert set(run.where().values()) == {"a", "b"}
    camera = GROUPS[group][0]
    assert run.fleet.of(group).order.memories == {camera: CameraMemory(b"41 s of 60 s")}
    assert [(who, ok) for who, ok, _ in run.keeper.news] == [
        (camera, False),
        (camera, True),
    ]
    assert "node-c is gone" in run.keeper.news[0][2]


def test_a_post_that_was_given_up_is_never_heard_again() -> None:
    run = Run(A, B, C)
    run.turn(2)
    cut_off = run.fleet.of("g0")
    cut_off.silent = True
    run.turn(30)
    assert cut_off.killed
    cut_off.silent = False
    cut_off.letters = [b"from beyond"]
    run.turn(10)

    assert run.keeper.kept == []
    assert run.where().keys() == GROUPS.keys()
    assert run.where()["g0"] != cut_off.node.node_id


def test_a_process_that_dies_is_started_on_another_node_with_back_off() -> None:
    run = Run(A, B, C)
    run.turn(2)
    died = run.fleet.of("g0")
    died.error = PostLostError("its process died (killed)")
    run.turn()
    started = len(run.fleet.posts)
    run.turn(1)
    assert len(run.fleet.posts) == started  # not at once
    run.turn(6)

    assert run.where()["g0"] != died.node.node_id
    others = {run.fleet.of(name) for name in ("g1", "g2")}
    assert not any(post.stopped or post.killed for post in others)


def test_a_group_that_keeps_dying_is_tried_ever_more_rarely() -> None:
    run = Run(A, groups={"g0": ("cam0",)})
    starts: list[float] = []
    for _ in range(2_000):
        run.turn()
        if len(run.fleet.posts) > len(starts):
            starts.append(run.clock.monotonic_s())
            run.fleet.posts[-1].error = PostLostError("killed")

    waits = [b - a for a, b in itertools.pairwise(starts)]
    assert waits[0] <= 2
    assert 25 <= waits[-1] <= 62
    assert len(starts) < 25


def test_a_new_node_takes_over_after_the_old_one_let_go() -> None:
    run = Run(A, groups={"g0": ("cam0",), "g1": ("cam1",)})
    run.turn(2)
    run.fleet.alive.append(B)
    run.turn(2)
    moving = next(post for post in run.fleet.posts if post.stopped)
    assert len(run.fleet.posts) == 2  # nobody watches it twice
    moving.letters = [b"its last memory"]
    moving.stage = Stage.RELEASED
    run.turn(2)
    taken = run.fleet.of(moving.order.group)

    assert taken.node is B
    assert list(taken.order.memories.values()) == [CameraMemory(b"its last memory")]
    assert [post for post in run.fleet.posts if post.killed] == []  # seals clips
    moving.letters.append(b"a late clip")
    run.turn()
    ended = moving
    ended.stage = Stage.ENDED
    run.turn()
    assert run.keeper.kept == [b"its last memory", b"a late clip"]
    assert [post for post in run.fleet.posts if post.killed] == [ended]
    assert run.keeper.news == []


def test_a_node_that_lacks_the_model_gets_nothing_while_others_watch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = Run(A, B)
    run.fleet.broken["b"] = ModelError("models/street-n: no such model")
    run.turn(200)

    assert set(run.where().values()) == {"a"}
    assert "node-b: models/street-n: no such model" in caplog.text
    assert len([one for one in run.fleet.posts if one.node is B]) < 5


def test_without_any_fit_node_the_run_ends_with_the_node_s_own_words() -> None:
    run = Run(A)
    run.fleet.broken["a"] = ModelError("models/street-n: no such model")

    with pytest.raises(ModelError, match="node-a: models/street-n: no such model"):
        run.turn(2)


def test_a_letter_that_cannot_be_kept_now_is_offered_again_and_nothing_overtakes() -> (
    None
):
    run = Run(A, groups={"g0": ("cam0",)})
    run.turn(2)
    run.fleet.of("g0").letters = [b"1", b"2"]
    run.keeper.refusing = True
    run.turn(3)
    assert run.fleet.of("g0").acknowledged == 0
    run.keeper.refusing = False
    run.turn(2)

    assert run.keeper.kept == [b"1", b"2"]
    assert run.fleet.of("g0").acknowledged == 2


def test_a_pause_of_the_supervisor_s_own_machine_blames_nobody() -> None:
    run = Run(A, B, C)
    run.turn(2)
    for post in run.fleet.posts:
        post.silent = True
    run.clock.advance(600)
    run.turn(4)

    assert not any(post.killed for post in run.fleet.posts)


def test_files_that_end_end_the_run_with_their_counts() -> None:
    run = Run(A, groups={"g0": ("cam0",), "g1": ("cam1",)})
    run.turn(2)
    for post in run.fleet.posts:
        post.stage = Stage.ENDED

    outcome = run.supervisor.run(threading.Event())

    assert (outcome.frames, outcome.steps) == (20, 2)
    assert len(run.fleet.posts) == 2


def test_stopping_hears_every_post_to_its_end() -> None:
    run = Run(A, B)
    run.turn(2)

    class Stops(threading.Event):
        @override
        def is_set(self) -> bool:
            for post in run.fleet.posts:
                post.letters = [b"last"]
                post.stage = Stage.ENDED
            return True

    run.supervisor.run(Stops())

    assert run.keeper.kept == [b"last"] * 3
    assert all(post.stopped and post.killed for post in run.fleet.posts)


def test_of_a_group_that_moved_on_nothing_is_told_by_the_post_it_left() -> None:
    run = Run(A, B, C)
    run.turn(2)
    for post in run.fleet.posts:
        post.figures = (GaugeMetricFamily("watched", ""),)
    run.fleet.of("g0").stage = Stage.RELEASED
    run.turn()

    assert run.keeper.figures == {"g1": ["watched"], "g2": ["watched"]}
