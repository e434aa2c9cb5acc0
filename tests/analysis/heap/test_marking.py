"""A mark that goes on, on made heaps against networkx."""

from __future__ import annotations

from collections.abc import Iterable

import networkx
import numpy as np
from hypothesis import given, settings, strategies as st

from gdbext.analysis.heap.kernels.marking import EVERY, OPAQUE
from gdbext.analysis.heap.marking import Count, Marking
from tests.analysis.heap.madegraph import Graph, graphs
from tests.analysis.heap.test_paths import ids

NONE = np.zeros(0, np.uint64)


def marking(graph: Graph) -> Marking:
    flowed = graph.made.flowed([])
    return Marking.of(flowed.laid, flowed.table, NONE, NONE)


def words(graph: Graph, numbers: Iterable[int]) -> np.ndarray:
    return np.array([graph.at[one] for one in numbers], np.uint64)


def below(graph: Graph, numbers: Iterable[int]) -> set[int]:
    found = set(numbers)
    for one in list(found):
        found |= networkx.descendants(graph.graph, one)
    return found


def reached(graph: Graph, found: Marking) -> set[int]:
    slots = np.array(ids_of(graph, found), np.int64)
    return set(np.flatnonzero(found.reached(slots)).tolist())


def ids_of(graph: Graph, found: Marking) -> list[int]:
    return found.laid.heap.ids(words(graph, range(len(graph.at)))).tolist()


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_a_mark_goes_on_from_where_it_stopped(drawn: tuple[Graph, list[int]], data: st.DataObject) -> None:
    graph, first = drawn
    then = data.draw(st.lists(st.integers(0, len(graph.at) - 1), max_size=4))
    found = marking(graph)
    found.mark(words(graph, first))
    before = reached(graph, found)
    more = found.again(EVERY)
    more.mark(words(graph, then))
    assert before == below(graph, first)
    assert reached(graph, more) == below(graph, [*first, *then])
    assert reached(graph, found) == before
    slots = {slot for slot in ids_of(graph, found) if slot >= 0}
    size = found.laid.heap.elemsizes(np.array(sorted(slots), np.int64))
    held = found.reached(np.array(sorted(slots), np.int64))
    assert found.count() == Count(int(held.sum()), int(size[held].sum()))


@settings(max_examples=30, deadline=None)
@given(graphs(), st.data())
def test_what_is_not_looked_into(drawn: tuple[Graph, list[int]], data: st.DataObject) -> None:
    graph, first = drawn
    closed = data.draw(st.sets(st.integers(0, len(graph.at) - 1), max_size=4))
    found = marking(graph)
    found.flag(np.array([ids_of(graph, found)[one] for one in closed], np.int64), OPAQUE)
    found.mark(words(graph, first))
    open_ = graph.graph.copy()
    open_.remove_edges_from(list(open_.out_edges(closed)))
    assert reached(graph, found) == set(first).union(*(networkx.descendants(open_, one) for one in first))


def test_ids_are_those_of_paths() -> None:
    graph = Graph([16, 48, 600, 24], (), [(0, 0, 1, 8), (1, 2, 2, 0), (2, 3, 3, 16)])
    assert ids(graph.made.flowed([]), graph.at) == ids_of(graph, marking(graph))
