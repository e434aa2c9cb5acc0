"""Which of some contexts are garbage."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from gdbext.analysis.contexts.reached import Reached
from tests.analysis.heap.madegraph import Graph


def made() -> tuple[Graph, SimpleNamespace]:
    """Three objects, of which the second refers to the first, and something outside of the heap: as contexts."""
    graph = Graph([48, 48, 48], (), [(1, 0, 0, 8)])
    return graph, SimpleNamespace(address=np.array([*graph.at, 0x50_0000], np.uint64), __len__=lambda self: 4)


def test_what_nothing_reaches_is_garbage() -> None:
    graph, contexts = made()
    reached = Reached.of(contexts, graph.made.flowed([graph.at[1]]))  # type: ignore[arg-type]
    assert reached.mask.tolist() == [True, True, False, True]
    assert reached.known and reached.garbage == 1


def test_an_address_inside_an_object_counts_as_the_object() -> None:
    graph, contexts = made()
    contexts.address[:3] += np.uint64(16)
    reached = Reached.of(contexts, graph.made.flowed([graph.at[2]]))  # type: ignore[arg-type]
    assert reached.mask.tolist() == [False, False, True, True]


def test_where_nobody_knows_all_count_as_reachable() -> None:
    reached = Reached.unknown(np.zeros(3), "why")  # type: ignore[arg-type]  # something of that length
    assert reached.mask.all() and not reached.known and reached.garbage == 0 and reached.notes == ("why",)
