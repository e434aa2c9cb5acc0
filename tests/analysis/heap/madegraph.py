"""Objects that point to one another at random, and the same as a graph."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import networkx
from hypothesis import strategies as st

from tests.analysis.heap.madeheap import MadeHeap, marked

Word = tuple[int, int, int, int]
"""The object and the word of it that points, the object it points into, and how far."""


class Graph:
    """Objects of these bytes, up to 512 of any words, larger ones of values of which the second word is no pointer."""

    SIZES = (8, 16, 24, 48, 64, 208, 416, 512, 600, 1032, 9000, 40008)

    def __init__(self, sizes: Sequence[int], noscan: Collection[int], words: Sequence[Word]) -> None:
        self.made = MadeHeap(heap_pages=600)
        made, self.graph = self.made, networkx.DiGraph()
        value = made.struct("main.Value", ("a", made.unsafe), ("n", made.int), ("b", made.unsafe))
        arrays = {size: made.array(value, size // 24) for size in self.SIZES if size > 512}
        self.at, self.sizes = list[int](), sizes
        for number, size in enumerate(sizes):
            mask = [number not in noscan and word % 3 != 1 for word in range(size // 8)]
            self.at.append(made.raw(size, mask, arrays.get(size, 0)))
        said = {(a, word % (sizes[a] // 8)): (b, inside % sizes[b]) for a, word, b, inside in words}
        self.graph.add_nodes_from(range(len(sizes)))
        self.edges = list[tuple[int, int, int]]()
        """Objects by number, with the word that points."""
        for (a, word), (b, inside) in said.items():
            made.world.words(self.at[a] + 8 * word, self.at[b] + inside)
            if a not in noscan and word % 3 != 1:
                self.graph.add_edge(a, b)
                self.edges.append((a, word, b))

    def reachable(self, roots: Collection[int]) -> set[int]:
        found = set(roots).union(*(networkx.descendants(self.graph, root) for root in roots))
        return {self.at[number] for number in found}

    def marked(self, roots: Collection[int]) -> set[int]:
        return marked(self.made.flowed(self.at[root] for root in roots))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, list[int]]:
    sizes = draw(st.lists(st.sampled_from(Graph.SIZES), min_size=1, max_size=14))
    number = st.integers(0, len(sizes) - 1)
    words = draw(st.lists(st.tuples(number, st.integers(0, 6000), number, st.integers(0, 40000)), max_size=40))
    return Graph(sizes, draw(st.sets(number, max_size=3)), words), draw(st.lists(number, max_size=3))
