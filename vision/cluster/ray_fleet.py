"""The fleet on Ray (extra `ray`): the only module of this package that knows it."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vision.cluster.placement import Node
from vision.cluster.ports import ClusterError, PostLostError
from vision.cluster.post import Delivery, Order, Post, Watching

logger = logging.getLogger(__name__)

CAMERAS = "cameras"
"""A resource that a node may declare: how many cameras it can carry."""

_NAMESPACE = "streetwarden"
_CONNECT_S = 5.0
_TAKE_S = 1.0  # how long a post waits for news before it says that there are none
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # length 0, type 4, no flags, stream 0
_CALLS = 3  # of a post at once: one that waits, one more, and the request to stop


class RayFleet:
    """The nodes of a Ray cluster; leave it with `close`."""

    def __init__(
        self, address: str, watching: Watching, *, cameras_per_core: float
    ) -> None:
        """Connect.

        Args:
            address: `HOST:PORT` of the cluster's head, or `auto` for one that runs on
                this machine.
            watching: what posts do.
            cameras_per_core: capacity of nodes that declare no `cameras`.

        Raises:
            ClusterError: no Ray, no cluster, or one of another version.
        """
        self._ray = _connected(address)
        self._watching = watching
        self._cameras_per_core = cameras_per_core
        self._waiting: list[Any] = []

    def nodes(self) -> tuple[Node, ...]:
        """Return the nodes that are alive.

        Raises:
            ClusterError: the cluster does not answer any more.
        """
        try:
            listed = self._ray.nodes()
        except Exception as error:
            msg = f"the cluster does not answer any more: {_first_line(error)}"
            raise ClusterError(msg) from error
        found = (self._node(one) for one in listed if one["Alive"])
        return tuple(node for node in found if node.capacity > 0)

    @property
    def cores(self) -> float:
        """CPU cores of all nodes."""
        return float(self._ray.cluster_resources().get("CPU", 0.0))

    def start(self, order: Order, node: Node) -> "RayPost":
        """Start a post on a node; returns before it lives."""
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        actor = (
            self._ray.remote(Post)
            .options(
                # Capacity is ours to count: a node that is too small for what a dead
                # one leaves behind slows evenly instead of leaving cameras unwatched.
                num_cpus=0,
                max_concurrency=_CALLS,
                max_restarts=0,
                scheduling_strategy=strategy(node.node_id, soft=False),
            )
            .remote(self._watching, order)
        )
        return RayPost(self, actor, node)

    def wait(self, timeout_s: float) -> None:
        """Wait until some post has answered, at most so long."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._ray.wait(waiting, num_returns=1, timeout=timeout_s)
        else:
            time.sleep(timeout_s)

    def close(self) -> None:
        """Leave the cluster; posts that still run end with this."""
        self._ray.shutdown()

    def asks(self, answer: Any) -> None:
        """Wait for this answer, too, the next time."""
        self._waiting.append(answer)

    @property
    def ray(self) -> Any:
        """The module."""
        return self._ray

    def _node(self, record: dict[str, Any]) -> Node:
        resources = record["Resources"]
        declared = resources.get(CAMERAS)
        cores = float(resources.get("CPU", 0.0))
        return Node(
            node_id=str(record["NodeID"]),
            name=str(record["NodeManagerHostname"]),
            capacity=cores * self._cameras_per_core
            if declared is None
            else float(declared),
        )


class RayPost:
    """A post in an actor."""

    def __init__(self, fleet: RayFleet, actor: Any, node: Node) -> None:
        """Name the actor."""
        self._fleet = fleet
        self._actor = actor
        self._node = node
        self._answer: Any = None

    def poll(self, heard: int) -> Delivery | None:
        """Return what the post says, or None when it has not answered yet.

        Raises:
            PostLostError: it is gone.
        """
        ray = self._fleet.ray
        if self._answer is None:
            self._answer = self._actor.take.remote(heard, _TAKE_S)
        ready, _ = ray.wait([self._answer], timeout=0)
        if not ready:
            self._fleet.asks(self._answer)
            return None
        answer, self._answer = self._answer, None
        try:
            delivery = ray.get(answer)
        except Exception as error:
            raise PostLostError(self._reason(error)) from error
        assert isinstance(delivery, Delivery)  # noqa: S101 what `take` returns
        return delivery

    def stop(self) -> None:
        """Ask it to end."""
        self._actor.stop.remote()

    def kill(self) -> None:
        """End it at once; it may be gone already."""
        self._fleet.ray.kill(self._actor, no_restart=True)

    def _reason(self, error: Exception) -> str:
        text = str(error)
        if "No module named 'vision'" in text:
            return (
                f"node {self._node.name}: streetwarden is not installed there; "
                "install the same version on every node"
            )
        return f"node {self._node.name}: its process died ({_first_line(error)})"


def _connected(address: str) -> Any:
    try:
        import ray  # noqa: PLC0415 an extra: most installations have no Ray
        import ray.util.scheduling_strategies  # noqa: PLC0415 an extra
    except ImportError as error:
        msg = f"Ray is not installed ({error}); install `streetwarden[ray]`"
        raise ClusterError(msg) from error
    _require_listener(address)
    try:
        with _signals_kept():
            ray.init(
                address=address,
                namespace=_NAMESPACE,
                logging_level=logging.ERROR,
                log_to_driver=False,
            )
    except ConnectionError as error:
        msg = (
            f"no Ray cluster at {address} ({_first_line(error)}); start one with "
            "`ray start --head`, and more nodes with `ray start --address=HOST:PORT`"
        )
        raise ClusterError(msg) from error
    except RuntimeError as error:
        msg = f"the Ray cluster at {address} cannot be used: {_first_line(error)}"
        if "ersion mismatch" in str(error):
            msg = (
                f"the Ray cluster at {address} runs other versions: "
                f"{' '.join(str(error).split())}; install the same Ray and Python on "
                "every node"
            )
        raise ClusterError(msg) from error
    return ray


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Keep the caller's handlers: Ray puts its own in their place."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _require_listener(address: str) -> None:
    """Find out quickly that nobody is there; Ray itself would try for a minute.

    Raises:
        ClusterError: the address is none, or nobody listens.
    """
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal():
        msg = f"--cluster: got {address}, expected HOST:PORT of the head node, or auto"
        raise ClusterError(msg)
    try:
        with socket.create_connection((host, int(port)), timeout=_CONNECT_S) as line:
            speaks = _speaks_grpc(line)
    except (OSError, OverflowError) as error:
        msg = (
            f"no Ray cluster at {address} ({error}); start one with "
            "`ray start --head`, and more nodes with `ray start --address=HOST:PORT`"
        )
        raise ClusterError(msg) from error
    if not speaks:
        msg = (
            f"what listens at {address} is no Ray head; expected the address that "
            "`ray start --head` printed (its port is 6379 unless told otherwise)"
        )
        raise ClusterError(msg)


def _speaks_grpc(line: socket.socket) -> bool:
    """Return whether the other end greets as a gRPC server does (RFC 9113, 3.4)."""
    if os.environ.get("RAY_USE_TLS", "0") not in {"", "0"}:
        return True
    line.sendall(_PREFACE + _SETTINGS)
    answer = b""
    while len(answer) < len(_SETTINGS):
        chunk = line.recv(64)
        if not chunk:
            return False
        answer += chunk
    return answer[3] == _SETTINGS[3]


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
