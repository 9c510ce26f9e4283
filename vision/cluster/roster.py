"""Which nodes there are, and which of them can be trusted to watch."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from vision.cluster.placement import Node
from vision.core.errors import VisionError

logger = logging.getLogger(__name__)

_SUSPECT_S = 15.0  # by then the cluster knows whether the node is gone
_UNFIT_S = 60.0  # doubled at each further failure
_UNFIT_CAP_S = 900.0


@dataclass(slots=True)
class _Doubt:
    until_s: float
    failures: int
    error: VisionError | None = None


class Roster:
    """The nodes of a run, as they come, go, fall silent and turn out unfit."""

    def __init__(self) -> None:
        """Begin with none."""
        self._alive: dict[str, Node] = {}
        self._doubts: dict[str, _Doubt] = {}
        self._proven = False

    def refresh(self, nodes: Sequence[Node]) -> None:
        """Take the nodes that are alive now."""
        alive = {node.node_id: node for node in nodes}
        for node_id in alive.keys() - self._alive.keys():
            node = alive[node_id]
            logger.info("node %s joins, capacity %g", node.name, node.capacity)
        for node_id in self._alive.keys() - alive.keys():
            logger.warning("node %s is gone", self._alive[node_id].name)
            self._doubts.pop(node_id, None)
        self._alive = alive

    def is_alive(self, node: Node) -> bool:
        """Return whether a node is still there."""
        return node.node_id in self._alive

    @property
    def alive(self) -> tuple[Node, ...]:
        """All nodes that are there."""
        return tuple(self._alive.values())

    def closed(self, now_s: float) -> frozenset[str]:
        """Return the nodes that get no new groups; doubt alone never closes all."""
        shut = {
            node_id: doubt
            for node_id, doubt in self._doubts.items()
            if doubt.until_s > now_s
        }
        if shut.keys() < self._alive.keys():
            return frozenset(shut)
        return frozenset(
            node_id for node_id, doubt in shut.items() if doubt.error is not None
        )

    def suspect(self, node: Node, now_s: float) -> None:
        """Note that a post on a node died or fell silent: perhaps the node did."""
        self._doubts[node.node_id] = _Doubt(now_s + _SUSPECT_S, 1)

    def unfit(self, node: Node, error: VisionError, now_s: float) -> None:
        """Note that a node lacks what it needs to watch.

        Raises:
            VisionError: no node is left, and none has ever watched.
        """
        before = self._doubts.get(node.node_id)
        failures = 1 if before is None else before.failures + 1
        wait_s = min(_UNFIT_CAP_S, _UNFIT_S * 2.0 ** min(failures - 1, 30))
        self._doubts[node.node_id] = _Doubt(now_s + wait_s, failures, error)
        told = f"node {node.name}: {error}"
        if before is None or str(before.error) != str(error):
            logger.error("%s; it watches nothing until that is mended", told)
        if not self._proven and self.closed(now_s) >= self._alive.keys():
            raise type(error)(told) from error

    def fit(self, node: Node) -> None:
        """Note that a node watches."""
        self._proven = True
        self._doubts.pop(node.node_id, None)
