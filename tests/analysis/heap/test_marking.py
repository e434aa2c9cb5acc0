"""A mark that goes on, and colours that flow from groups, on made heaps against networkx."""

from __future__ import annotations

from collections.abc import Iterable

import networkx
import numpy as np
from hypothesis import given, settings, strategies as st

from gdbext.analysis.heap.kernels import colouring
from gdbext.analysis.heap.kernels.marking import EVERY, OPAQUE
from gdbext.analysis.heap.kernels.words import Mask
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


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_colours(drawn: tuple[Graph, list[int]], data: st.DataObject) -> None:
    graph, free = drawn
    numbers = st.integers(0, len(graph.at) - 1)
    seeds = data.draw(st.lists(st.tuples(numbers, st.integers(1, 3)), max_size=6))
    found = marking(graph)
    found.mark(words(graph, free))
    colours = np.zeros(len(found.marks.of), np.int32)
    laid = found.laid
    colouring.colour(
        laid.heap.image.memory, laid.objects, found.table.described, found.edges, found.marks,
        Mask(np.zeros(6, np.uint64)), words(graph, [one for one, _ in seeds]),
        np.array([colour for _, colour in seeds], np.int32), colours, np.empty(2 * len(colours) + 1, np.uint64),
    )  # fmt: skip
    rest = graph.graph.subgraph(set(graph.graph) - below(graph, free))
    given_: dict[int, set[int]] = {one: set() for one in rest}
    for one, colour in seeds:
        for each in {one, *networkx.descendants(rest, one)} if one in rest else ():
            given_[each].add(colour)
    expected = {one: next(iter(some)) if len(some) == 1 else colouring.SHARED for one, some in given_.items() if some}
    slots = ids_of(graph, found)
    assert {one: int(colours[slots[one]]) for one in graph.graph if colours[slots[one]]} == expected
    out = np.zeros((5, 2), np.int64)
    colouring.counts(laid.objects, colours, out)
    assert out[:, 0].sum() == len({slots[one] for one in expected})


def test_ids_are_those_of_paths() -> None:
    graph = Graph([16, 48, 600, 24], (), [(0, 0, 1, 8), (1, 2, 2, 0), (2, 3, 3, 16)])
    assert ids(graph.made.flowed([]), graph.at) == ids_of(graph, marking(graph))
