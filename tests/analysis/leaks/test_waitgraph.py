"""Cycles of a graph, against networkx."""

from __future__ import annotations

import networkx as nx
from hypothesis import given, strategies

from gdbext.analysis.leaks.waitgraph import cycles

NODES = strategies.integers(0, 12)
GRAPHS = strategies.dictionaries(NODES, strategies.lists(NODES, max_size=4, unique=True))


@given(GRAPHS)
def test_one_cycle_of_each_set_that_all_lead_to_each_other(edges: dict[int, list[int]]) -> None:
    graph = nx.DiGraph([(node, other) for node, others in edges.items() for other in others])
    parts = [
        part
        for part in nx.strongly_connected_components(graph)
        if len(part) > 1 or graph.has_edge(min(part), min(part))
    ]
    found = cycles(edges)
    assert sorted(min(part) for part in parts) == sorted(cycle[0] for cycle in found)
    for cycle in found:
        assert len(set(cycle)) == len(cycle)
        assert all(other in edges[node] for node, other in zip(cycle, [*cycle[1:], cycle[0]], strict=True))


def test_one_that_leads_to_itself() -> None:
    assert cycles({1: [1], 2: [1]}) == [[1]]


def test_a_shortest_one() -> None:
    assert cycles({1: [2], 2: [3, 1], 3: [1]}) == [[1, 2]]


def test_a_long_chain_is_followed_without_recursion() -> None:
    many = 100_000
    assert cycles({node: [(node + 1) % many] for node in range(many)}) == [list(range(many))]
    assert cycles({node: [node + 1] for node in range(many)}) == []
