"""Which group of cameras is watched on which node: by capacity, with few moves."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A machine that can watch.

    Attributes:
        node_id: of this start of the machine in the cluster.
        name: for people.
        capacity: how much it can carry, in any unit that is the same for all, > 0.
    """

    node_id: str
    name: str
    capacity: float


def groups_of(
    cameras: Sequence[str], cores: float, most: int
) -> dict[str, tuple[str, ...]]:
    """Cut a site's cameras into groups, at least one per core.

    Args:
        cameras: ids, in the site's order; neighbours stay together.
        cores: of all nodes together.
        most: cameras in one group, >= 1.

    Returns:
        Cameras by group name. A group is watched by one process and moves as a whole.
    """
    count = max(1, min(len(cameras), max(round(cores), -(-len(cameras) // most))))
    size, larger = divmod(len(cameras), count)
    groups: dict[str, tuple[str, ...]] = {}
    begin = 0
    for k in range(count):
        end = begin + size + (k < larger)
        groups[f"group-{k:04d}"] = tuple(cameras[begin:end])
        begin = end
    return groups


def place(
    sizes: Mapping[str, int],
    nodes: Collection[Node],
    current: Mapping[str, str],
    closed: Collection[str] = (),
) -> dict[str, str]:
    """Return the node of every group.

    A group stays where it is unless its node is gone or moving it takes load off the
    fullest node without making another as full. The same question has the same answer.

    Args:
        sizes: cameras by group.
        nodes: all that can watch now.
        current: node id by group, as it was; may name nodes that are gone.
        closed: nodes that keep their groups and get no others.

    Returns:
        Node id by group; those are missing for which no node is open.
    """
    ledger = _Ledger(sizes, nodes, closed)
    homeless = []
    for group in sorted(sizes, key=lambda one: (-sizes[one], one)):
        node_id = current.get(group)
        if node_id in ledger.capacity:
            ledger.put(group, str(node_id))
        else:
            homeless.append(group)
    if not ledger.open:
        return ledger.where
    for group in homeless:
        ledger.put(group, ledger.emptiest(sizes[group]))
    while (move := ledger.better()) is not None:
        ledger.put(*move)
    return ledger.where


class _Ledger:
    """Who carries what, while a placement is worked out."""

    def __init__(
        self,
        sizes: Mapping[str, int],
        nodes: Collection[Node],
        closed: Collection[str],
    ) -> None:
        self.capacity = {node.node_id: node.capacity for node in nodes}
        self.open = sorted(self.capacity.keys() - set(closed))
        self.where: dict[str, str] = {}
        self._sizes = sizes
        self._carried = dict.fromkeys(sorted(self.capacity), 0)

    def put(self, group: str, node_id: str) -> None:
        before = self.where.get(group)
        if before is not None:
            self._carried[before] -= self._sizes[group]
        self.where[group] = node_id
        self._carried[node_id] += self._sizes[group]

    def emptiest(self, size: int) -> str:
        return min(self.open, key=lambda node_id: self._load(node_id, size))

    def better(self) -> tuple[str, str] | None:
        """Return the move that helps the fullest node most, or None."""
        fullest = max(self._carried, key=self._load)
        before = self._load(fullest)
        best: tuple[float, str, str] | None = None
        for group, node_id in self.where.items():
            if node_id != fullest:
                continue
            size = self._sizes[group]
            target = self.emptiest(size)
            after = max(self._load(fullest, -size), self._load(target, size))
            if target != fullest and after < before - 1e-9:
                option = (after, group, target)
                best = option if best is None else min(best, option)
        return None if best is None else best[1:]

    def _load(self, node_id: str, more: int = 0) -> float:
        return (self._carried[node_id] + more) / self.capacity[node_id]
