"""Keeps every group of cameras watched, whatever happens to posts and nodes."""

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event

from vision.cluster.placement import Node, place
from vision.cluster.ports import Fleet, Keeper, PostHandle, PostLostError
from vision.cluster.post import Delivery, Outcome, Stage
from vision.cluster.roster import Roster
from vision.core.backoff import Backoff
from vision.core.errors import SinkError
from vision.core.ports import Clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits.

    Attributes:
        silent_s: for a post that has answered before.
        start_s: for the first answer: a process starts, a model is loaded.
        stop_s: for all posts at the end.
        well_s: after which a post's earlier failures are forgotten.
        turn_s: between two looks at everything.
        backoff: before a failed post is started again.
    """

    silent_s: float = 6.0
    start_s: float = 180.0
    stop_s: float = 40.0
    well_s: float = 60.0
    turn_s: float = 0.25
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(slots=True, eq=False)
class _Post:
    """A running post as seen from here."""

    group: str
    node: Node
    handle: PostHandle
    started_s: float
    heard_s: float
    answered: bool = False
    heard: int = 0
    stage: Stage = Stage.BUILDING
    stopping: bool = False


@dataclass(slots=True)
class _Group:
    """What is known of one group of cameras."""

    cameras: tuple[str, ...]
    node_id: str = ""
    post: _Post | None = None
    failures: int = 0
    due_s: float = 0.0
    lost_s: float | None = None
    done: bool = False


class Supervisor:
    """Places groups, hears posts, restarts and moves them; one thread.

    Nothing that a post says counts before `Keeper.keep` has it, and a post that was
    given up is never heard again. So two posts may watch the same camera for a moment
    (a node that was cut off does not know it) and still only one of them is believed.
    """

    def __init__(
        self,
        fleet: Fleet,
        keeper: Keeper,
        groups: Mapping[str, tuple[str, ...]],
        *,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        self._fleet = fleet
        self._keeper = keeper
        self._roster = Roster()
        self._clock = clock
        self._patience = Patience() if patience is None else patience
        self._rng = random.Random(0)  # noqa: S311 jitter, not a secret
        self._groups = {name: _Group(cameras) for name, cameras in groups.items()}
        self._leaving: list[_Post] = []
        self._outcome = Outcome()
        self._turned_s = clock.monotonic_s()

    @property
    def where(self) -> dict[str, str]:
        """Node id by group, of those that are watched now."""
        return {
            name: group.post.node.node_id
            for name, group in self._groups.items()
            if group.post is not None and group.post.stage is Stage.WATCHING
        }

    @property
    def done(self) -> bool:
        """Whether all files have ended and nothing is left to say."""
        return not self._posts() and all(one.done for one in self._groups.values())

    def run(self, stop: Event) -> Outcome:
        """Watch until all files have ended or `stop` is set.

        Returns:
            Counts of all posts that ended as they should.

        Raises:
            ClusterError: the cluster is gone.
            VisionError: no node can watch, and none ever could.
        """
        try:
            while not stop.is_set() and not self.done:
                self.turn()
                self._fleet.wait(self._patience.turn_s)
            self._wind_down()
        finally:
            for post in self._posts():
                post.handle.kill()
        return self._outcome

    def turn(self) -> None:
        """Look at every node and post once and do what is needed."""
        now_s = self._clock.monotonic_s()
        self._roster.refresh(self._fleet.nodes())
        self._hear_all(now_s)
        self._assign(now_s)

    def _wind_down(self) -> None:
        """End every post and hear it to its last letter."""
        for post in self._posts():
            post.stopping = True
            post.handle.stop()
        ends_s = self._clock.monotonic_s() + self._patience.stop_s
        while self._posts():
            now_s = self._clock.monotonic_s()
            if now_s >= ends_s:
                names = ", ".join(post.group for post in self._posts())
                logger.warning("%s: did not end in time; their state is kept", names)
                return
            self._hear_all(now_s)
            self._fleet.wait(self._patience.turn_s)

    def _posts(self) -> list[_Post]:
        current = [one.post for one in self._groups.values() if one.post is not None]
        return [*current, *self._leaving]

    def _hear_all(self, now_s: float) -> None:
        paused = now_s - self._turned_s > self._patience.silent_s / 2
        self._turned_s = now_s
        for post in self._posts():
            if paused:  # this process slept: that is not the posts' silence
                post.heard_s = now_s
            self._hear(post, now_s)

    def _hear(self, post: _Post, now_s: float) -> None:
        if not self._roster.is_alive(post.node):
            self._lose(post, f"node {post.node.name} is gone", now_s, blame=False)
            return
        try:
            delivery = post.handle.poll(post.heard)
        except PostLostError as error:
            self._roster.suspect(post.node, now_s)
            self._lose(post, str(error), now_s, blame=True)
            return
        if delivery is None:
            self._mind_silence(post, now_s)
            return
        post.answered = True
        post.heard_s = now_s
        self._keeper.saw(delivery.seen)
        if delivery.figures and delivery.stage is Stage.WATCHING:
            self._keeper.measured(post.group, delivery.figures)
        if self._keep(post, delivery) and not delivery.more:
            self._advance(post, delivery, now_s)

    def _mind_silence(self, post: _Post, now_s: float) -> None:
        patience = self._patience
        bound_s = patience.silent_s if post.answered else patience.start_s
        if now_s - post.heard_s > bound_s:
            self._roster.suspect(post.node, now_s)
            why = f"node {post.node.name} was silent for {bound_s:g} s"
            self._lose(post, why, now_s, blame=False)

    def _keep(self, post: _Post, delivery: Delivery) -> bool:
        """Make letters durable, in order; return whether all are."""
        for parcel in delivery.parcels:
            if parcel.number <= post.heard:
                continue  # an answer that crossed the acknowledgement
            try:
                self._keeper.keep(parcel)
            except SinkError as error:
                logger.warning("%s waits: %s", post.group, error)
                return False
            post.heard = parcel.number
        return True

    def _advance(self, post: _Post, delivery: Delivery, now_s: float) -> None:
        group = self._groups[post.group]
        was, post.stage = post.stage, delivery.stage
        if delivery.error is not None:
            if was is Stage.BUILDING:
                self._roster.unfit(post.node, delivery.error, now_s)
            why = f"node {post.node.name}: {delivery.error}"
            self._lose(post, why, now_s, blame=True)
        elif post.stage is Stage.WATCHING:
            if was is Stage.BUILDING:
                self._watched(group, post, now_s)
            if now_s - post.started_s > self._patience.well_s:
                group.failures = 0
        elif post.stage >= Stage.RELEASED:
            self._release(group, post)
            if post.stage is Stage.ENDED:
                self._leaving.remove(post)
                self._outcome = self._outcome.plus(delivery.outcome)
                post.handle.kill()

    def _watched(self, group: _Group, post: _Post, now_s: float) -> None:
        self._roster.fit(post.node)
        logger.info("%s is watched on node %s", post.group, post.node.name)
        if group.lost_s is not None:
            detail = (
                f"watched again, on node {post.node.name}, after "
                f"{now_s - group.lost_s:.0f} s"
            )
            self._keeper.watched(group.cameras, ok=True, detail=detail)
            group.lost_s = None

    def _release(self, group: _Group, post: _Post) -> None:
        """Let a group's cameras go on elsewhere while the post seals its clips."""
        if group.post is post:
            group.post = None
            group.done = not post.stopping
            self._leaving.append(post)

    def _lose(self, post: _Post, why: str, now_s: float, *, blame: bool) -> None:
        """Give a post up for good; its group is started again after a while."""
        post.handle.kill()
        group = self._groups[post.group]
        if group.post is not post:
            self._leaving.remove(post)
            logger.warning("%s: %s; its last clips stay there", post.group, why)
            return
        group.post = None
        group.node_id = ""
        if blame:
            group.failures += 1
            wait_s = self._patience.backoff.delay_s(group.failures, self._rng)
            group.due_s = now_s + wait_s
        if group.lost_s is None:
            group.lost_s = now_s
            detail = f"not watched: {why}; another node takes over"
            self._keeper.watched(group.cameras, ok=False, detail=detail)

    def _assign(self, now_s: float) -> None:
        """Start what is not watched and move what is watched in the wrong place."""
        sizes = {
            name: len(group.cameras)
            for name, group in self._groups.items()
            if not group.done
        }
        nodes = {node.node_id: node for node in self._roster.alive}
        current = {name: self._groups[name].node_id for name in sizes}
        closed = self._roster.closed(now_s)
        for name, node_id in place(sizes, nodes.values(), current, closed).items():
            group = self._groups[name]
            group.node_id = node_id
            if group.post is None and now_s >= group.due_s:
                order = self._keeper.order(name, group.cameras)
                handle = self._fleet.start(order, nodes[node_id])
                group.post = _Post(name, nodes[node_id], handle, now_s, now_s)
            elif self._is_misplaced(group):
                self._move(group, nodes[node_id])

    def _is_misplaced(self, group: _Group) -> bool:
        post = group.post
        return (
            post is not None
            and post.stage is Stage.WATCHING
            and not post.stopping
            and post.node.node_id != group.node_id
        )

    def _move(self, group: _Group, node: Node) -> None:
        post = group.post
        if post is not None:
            logger.info("%s moves to node %s", post.group, node.name)
            post.stopping = True
            post.handle.stop()
