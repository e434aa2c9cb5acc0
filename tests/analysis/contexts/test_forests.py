"""Forests as parent indices against networkx."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from gdbext.analysis.contexts import forests, kernels

I32 = NDArray[np.int32]
graphs = st.integers(1, 30).flatmap(lambda n: st.lists(st.integers(-1, n - 1), min_size=n, max_size=n))


@st.composite
def drawn(draw: st.DrawFn) -> list[int]:
    """Parents in any order of the nodes."""
    n = draw(st.integers(1, 30))
    order = draw(st.permutations(range(n)))
    parent = [-1] * n
    for place, node in enumerate(order):
        above = draw(st.integers(-1, place - 1))
        parent[node] = order[above] if above >= 0 else -1
    return parent


def array(parent: Sequence[int]) -> I32:
    return np.array(parent, np.int32)


def graph(parent: Sequence[int]) -> nx.DiGraph:
    """Edges lead from parents to children."""
    made = nx.DiGraph()
    made.add_nodes_from(range(len(parent)))
    made.add_edges_from((above, node) for node, above in enumerate(parent) if above >= 0)
    return made


@settings(max_examples=60)
@given(graphs)
def test_cut_cycles_cuts_each_once(parent: list[int]) -> None:
    found = array(parent)
    cycles = list(nx.simple_cycles(graph(parent)))
    assert forests.cut_cycles(found) == len(cycles)
    assert nx.is_directed_acyclic_graph(graph(found.tolist()))
    changed = [node for node in range(len(parent)) if found[node] != parent[node]]
    assert sorted(next(i for i, c in enumerate(cycles) if node in c) for node in changed) == list(range(len(cycles)))
    assert all(found[node] == -1 for node in changed)


@settings(max_examples=60)
@given(drawn())
def test_depths_and_order(parent: list[int]) -> None:
    found = forests.depths(array(parent))
    made = graph(parent)
    assert found.tolist() == [len(nx.ancestors(made, node)) for node in range(len(parent))]
    order = forests.top_down(array(parent)).tolist()
    assert sorted(order) == list(range(len(parent)))
    place = {node: at for at, node in enumerate(order)}
    assert all(place[above] < place[node] for above, node in made.edges)


@settings(max_examples=60)
@given(drawn(), st.data())
def test_families_and_what_is_below(parent: list[int], data: st.DataObject) -> None:
    start, children = forests.family(array(parent))
    made = graph(parent)
    for node in range(len(parent)):
        assert children[start[node] : start[node + 1]].tolist() == sorted(made.successors(node))
    root = data.draw(st.integers(0, len(parent) - 1))
    assert set(np.flatnonzero(forests.below(array(parent), root)).tolist()) == nx.descendants(made, root) | {root}


@settings(max_examples=60)
@given(drawn(), st.data())
def test_values_go_down_and_marks_go_up(parent: list[int], data: st.DataObject) -> None:
    n, made = len(parent), graph(parent)
    own = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    order = forests.top_down(array(parent))
    handed = np.array(own, np.uint8)
    kernels.inherit(array(parent), order, handed, 2)
    for node in range(n):
        at = node
        while own[at] == 2 and parent[at] >= 0:
            at = parent[at]
        assert handed[node] == own[at]
    kept = np.array([value == 1 for value in own])
    marked = set(np.flatnonzero(kept).tolist())
    kernels.keep_ancestors(array(parent), order, kept)
    assert set(np.flatnonzero(kept).tolist()) == marked.union(*(nx.ancestors(made, node) for node in marked))


def canonical(made: nx.DiGraph, label: Sequence[int], node: int) -> str:
    """A subtree as text, whatever the order of its children."""
    inner = sorted(canonical(made, label, child) for child in made.successors(node))
    return f"{label[node]}({','.join(inner)})"


@settings(max_examples=60)
@given(drawn(), st.data())
def test_shapes_are_equal_where_families_are(parent: list[int], data: st.DataObject) -> None:
    n, made = len(parent), graph(parent)
    label = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    order = forests.top_down(array(parent))
    shape, sizes = (found.tolist() for found in forests.shapes(array(parent), order, array(label)))
    text = [canonical(made, label, node) for node in range(n)]
    assert sizes == [len(nx.descendants(made, node)) + 1 for node in range(n)]
    assert [[a == b for b in text] for a in text] == [[a == b for b in shape] for a in shape]


def test_a_chain_of_a_million() -> None:
    n = 1_000_000
    for parent in (np.arange(-1, n - 1, dtype=np.int32), np.append(np.arange(1, n), -1).astype(np.int32)):
        assert forests.cut_cycles(parent.copy()) == 0
        depth = forests.depths(parent)
        assert sorted((int(depth[0]), int(depth[-1]))) == [0, n - 1]
        order = forests.top_down(parent)
        _, sizes = forests.shapes(parent, order, np.zeros(n, np.int32))
        assert int(sizes.max()) == n and int(forests.below(parent, int(order[0])).sum()) == n
    ring = np.append(np.arange(1, n), 0).astype(np.int32)
    assert forests.cut_cycles(ring) == 1


def test_nothing() -> None:
    none = array([])
    assert forests.cut_cycles(none) == 0 and len(forests.top_down(none)) == 0
    assert forests.family(none)[0].tolist() == [0]
