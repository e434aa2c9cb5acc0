"""Components and rings of made heaps, against networkx."""

from __future__ import annotations

from itertools import pairwise

import networkx
import numpy as np
from hypothesis import given, settings

from gdbext.analysis.heap.cycles import Cycles
from tests.analysis.heap.madegraph import Graph
from tests.analysis.heap.test_dominators import (
    ROOT,
    counted,
    expected,
    grouped,
    named,
    retained,
    rooted,
)


@settings(max_examples=80, deadline=None)
@given(rooted())
def test_components_are_those_of_the_graph(drawn: tuple[Graph, list[list[int]], list[int]]) -> None:
    graph, groups, owned = drawn
    found, whole = grouped(graph, groups, owned), expected(graph, groups, owned)
    names = [named(found, graph, place) for place in range(len(found.graph))]
    sizes = dict(zip(names, found.graph.sizes(found.flowed).tolist(), strict=True))
    cycles = Cycles.of(found)
    truth = [part for part in networkx.strongly_connected_components(whole) if is_ring(whole, part)]
    mine = [{names[place] for place in cycle.places} for cycle in cycles]
    assert sorted(map(sorted, mine)) == sorted(map(sorted, truth))  # type: ignore[type-var]
    assert [cycle.retained_bytes for cycle in cycles] == sorted((c.retained_bytes for c in cycles), reverse=True)
    for at, (cycle, part) in enumerate(zip(cycles, mine, strict=True)):
        gone = retained(whole, part)
        assert (cycle.retained_objects, cycle.retained_bytes) == counted(gone, sizes)
        assert cycle.bytes == sum(sizes[one] for one in part)
        assert cycles.entrances(at) == len({one for one, _ in whole.in_edges(part) if one not in part})
        check_dominator(whole, part, names[cycle.dominator])
        check_ring(whole, part, [names[place] for place in cycles.shortest(cycle.first)])


def is_ring(whole: networkx.DiGraph, part: set[object]) -> bool:
    return len(part) > 1 or any(whole.has_edge(one, one) for one in part)


def check_dominator(whole: networkx.DiGraph, part: set[object], dominator: object) -> None:
    """Without it nothing of the component is reached; its own component counts as one with it."""
    if dominator != ROOT:
        own = next(one for one in networkx.strongly_connected_components(whole) if dominator in one)
        assert part <= retained(whole, own)


def check_ring(whole: networkx.DiGraph, part: set[object], ring: list[object]) -> None:
    """It is one, and no shorter one goes through its first object."""
    assert len(set(ring)) == len(ring) and set(ring) <= part
    assert all(whole.has_edge(one, other) for one, other in pairwise([*ring, ring[0]]))
    before = [one for one in whole.predecessors(ring[0]) if one in part]
    ways = networkx.single_source_shortest_path_length(whole.subgraph(part), ring[0])
    assert len(ring) == 1 + min(ways[one] for one in before)


def test_nothing_leads_to_itself() -> None:
    graph = Graph([16, 16], (), [(0, 0, 1, 0)])
    cycles = Cycles.of(grouped(graph, [[0]]))
    assert len(cycles) == 0 and list(cycles) == [] and cycles[:3] == []


def test_a_ring_of_many_needs_no_recursion() -> None:
    count = 30000
    graph = Graph([16] * count, (), [(i, 0, (i + 1) % count, 8) for i in range(count)])
    cycles = Cycles.of(grouped(graph, [[0], [count // 2]]))
    (cycle,) = cycles
    assert len(cycle.places) == cycle.retained_objects == count and cycle.dominator == 0
    assert len(cycles.shortest(cycle.first)) == count


def test_scratch_is_left_as_it_was() -> None:
    graph = Graph([16, 16, 24], (), [(0, 0, 1, 0), (1, 0, 0, 0), (1, 1, 2, 0), (2, 0, 1, 0), (2, 2, 2, 0)])
    cycles = Cycles.of(grouped(graph, [[0]]))
    rings = [cycles.shortest(cycle.first) for cycle in cycles]
    assert rings == [cycles.shortest(cycle.first) for cycle in cycles] and not np.any(cycles.ahead)
