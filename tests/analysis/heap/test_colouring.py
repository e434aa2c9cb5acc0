"""Colours that flow from groups, on made heaps against networkx."""

from __future__ import annotations

import networkx
import numpy as np
from hypothesis import given as drawing, settings, strategies as st

from gdbext.analysis.heap import colouring
from gdbext.analysis.heap.colouring import SHARED
from tests.analysis.heap.madegraph import Graph, graphs
from tests.analysis.heap.test_marking import below, ids_of, marking, words


@settings(max_examples=40, deadline=None)
@drawing(graphs(), st.data())
def test_colours(drawn: tuple[Graph, list[int]], data: st.DataObject) -> None:
    graph, free = drawn
    numbers = st.integers(0, len(graph.at) - 1)
    seeds = data.draw(st.lists(st.tuples(numbers, st.integers(1, 3)), max_size=6))
    found = marking(graph)
    found.mark(words(graph, free))
    given = words(graph, [one for one, _ in seeds]), np.array([colour for _, colour in seeds], np.int32)
    colours = colouring.coloured(found, *given)
    rest = graph.graph.subgraph(set(graph.graph) - below(graph, free))
    given_: dict[int, set[int]] = {one: set() for one in rest}
    for one, colour in seeds:
        for each in {one, *networkx.descendants(rest, one)} if one in rest else ():
            given_[each].add(colour)
    expected = {one: next(iter(some)) if len(some) == 1 else SHARED for one, some in given_.items() if some}
    slots = ids_of(graph, found)
    assert {one: int(colours[slots[one]]) for one in graph.graph if colours[slots[one]]} == expected
    counts = colouring.counts(found, *given, 3)
    assert sum(one.objects for one in counts) == len({slots[one] for one in expected})
    assert [one.objects for one in counts] == [
        len({slots[one] for one, colour in expected.items() if colour == wanted}) for wanted in (1, 2, 3, SHARED)
    ]
