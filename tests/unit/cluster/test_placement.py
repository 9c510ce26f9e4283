from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.cluster.placement import Node, groups_of, place

A, B, C = (Node(name, name, 10) for name in "abc")


def loads(where: dict[str, str], sizes: dict[str, int]) -> dict[str, int]:
    carried: Counter[str] = Counter()
    for group, node_id in where.items():
        carried[node_id] += sizes[group]
    return dict(carried)


@pytest.mark.parametrize(
    ("cameras", "cores", "most", "sizes"),
    [
        (6, 3, 24, [2, 2, 2]),
        (7, 3, 24, [3, 2, 2]),
        (2, 16, 24, [1, 1]),
        (100, 2, 24, [20, 20, 20, 20, 20]),
        (5, 0, 24, [5]),
    ],
)
def test_there_is_a_group_per_core_and_none_is_too_large(
    cameras: int, cores: float, most: int, sizes: list[int]
) -> None:
    ids = [f"cam{k}" for k in range(cameras)]

    groups = groups_of(ids, cores, most)

    assert [len(one) for one in groups.values()] == sizes
    assert [camera for group in groups.values() for camera in group] == ids


def test_groups_are_spread_by_capacity() -> None:
    sizes = {f"g{k}": 5 for k in range(9)}
    large = Node("large", "large", 20)

    where = place(sizes, [A, large], {})

    assert loads(where, sizes) == {"a": 15, "large": 30}


def test_a_dead_node_costs_moves_of_its_own_groups_only() -> None:
    sizes = {f"g{k}": 2 for k in range(6)}
    before = place(sizes, [A, B, C], {})

    after = place(sizes, [A, B], before)

    assert loads(after, sizes) == {"a": 6, "b": 6}
    moved = {group for group in sizes if before[group] != after[group]}
    assert moved == {group for group in sizes if before[group] == "c"}


def test_a_new_node_takes_its_share_and_nothing_else_moves() -> None:
    sizes = {f"g{k}": 2 for k in range(6)}
    before = place(sizes, [A, B], {})

    after = place(sizes, [A, B, C], before)

    assert loads(after, sizes) == {"a": 4, "b": 4, "c": 4}
    assert sum(before[group] != after[group] for group in sizes) == 2


def test_a_closed_node_keeps_what_it_has_and_gets_no_more() -> None:
    sizes = {f"g{k}": 1 for k in range(4)}

    where = place(sizes, [A, B], {"g0": "a"}, {"a"})

    assert loads(where, sizes) == {"a": 1, "b": 3}


def test_without_an_open_node_only_the_placed_stay_placed() -> None:
    assert place({"g0": 1, "g1": 1}, [A], {"g0": "a"}, {"a"}) == {"g0": "a"}
    assert place({"g0": 1}, [], {}) == {}


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=20),
    capacities=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    current=st.lists(st.integers(0, 6), min_size=20, max_size=20),
)
def test_every_group_has_a_living_node_and_asking_again_moves_nothing(
    sizes: list[int], capacities: list[int], current: list[int]
) -> None:
    groups = {f"g{k}": size for k, size in enumerate(sizes)}
    nodes = [Node(f"n{k}", f"n{k}", size) for k, size in enumerate(capacities)]
    was = {group: f"n{k}" for group, k in zip(groups, current, strict=False)}

    where = place(groups, nodes, was)

    assert where.keys() == groups.keys()
    assert set(where.values()) <= {node.node_id for node in nodes}
    assert place(groups, nodes, where) == where
