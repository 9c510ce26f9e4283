"""What the supervisor needs of a cluster, said without naming one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from prometheus_client.core import Metric

from vision.cluster.placement import Node
from vision.cluster.post import Delivery, Order, Parcel, Sight
from vision.core.errors import ConfigError, VisionError


class ClusterError(ConfigError):
    """The cluster cannot be reached or used."""


class PostLostError(VisionError):
    """A post died, or the node it was on."""


class PostHandle(Protocol):
    """A post somewhere else; used by one thread, never blocks."""

    def poll(self, heard: int) -> Delivery | None:
        """Return what the post says, or None when it has not answered yet.

        Args:
            heard: the last letter that is safe here.

        Raises:
            PostLostError: it is gone.
        """
        ...

    def stop(self) -> None:
        """Ask it to end."""
        ...

    def kill(self) -> None:
        """End it at once; it may be gone already."""
        ...


class Fleet(Protocol):
    """The nodes of a cluster."""

    def nodes(self) -> tuple[Node, ...]:
        """Return the nodes that are alive.

        Raises:
            ClusterError: the cluster does not answer any more.
        """
        ...

    def start(self, order: Order, node: Node) -> PostHandle:
        """Start a post on a node; returns before it lives."""
        ...

    def wait(self, timeout_s: float) -> None:
        """Wait until some post has answered, at most so long."""
        ...


class Keeper(Protocol):
    """Where everything is safe."""

    def order(self, group: str, cameras: tuple[str, ...]) -> Order:
        """Return the order for a group, with what its cameras remember."""
        ...

    def keep(self, parcel: Parcel) -> None:
        """Make a letter durable.

        Raises:
            SinkError: not now; it will be offered again.
        """
        ...

    def saw(self, seen: Mapping[str, Sight]) -> None:
        """Take note of how far cameras are."""
        ...

    def measured(self, group: str, figures: Sequence[Metric]) -> None:
        """Take note of what the post that watches a group measures now."""
        ...

    def watched(self, cameras: tuple[str, ...], *, ok: bool, detail: str) -> None:
        """Take note that cameras are not watched, or are again."""
        ...
