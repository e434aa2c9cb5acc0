"""What leads to itself: strongly connected components of the live objects, what they retain, a shortest ring each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.dominators import dominators, retained
from gdbext.analysis.heap.kernels import components as kernels, spanning
from gdbext.analysis.heap.kernels.dominators import Tree
from gdbext.compute import ragged
from gdbext.compute.arrays import I32, I64

if TYPE_CHECKING:
    from gdbext.analysis.heap.dominators import Dominators


@frozen
class Cycle:
    """A component. ``first``: its place that the search met first, ``places``: all of them in their order; ``bytes``:
    of these objects.

    ``retained_bytes``, ``retained_objects``: what would become garbage if all of it were gone. ``dominator``: the place
    that every path from roots to it goes through last, the first place of a component for all of that; 0: none.
    """

    first: int
    places: I32 = field(repr=False)
    bytes: int
    retained_bytes: int
    retained_objects: int
    dominator: int


@frozen(eq=False)
class Cycles(Sequence[Cycle]):
    """All components that have more than one object, or one that leads to itself; those that retain the most bytes
    first. ``component``: of each place the first of its component.

    ``places``: of all components, side by side, from ``begins`` to ``ends`` of each. ``dominator``, ``bytes`` and
    ``objects``: of the places of the graph in which each component is one.
    """

    found: Dominators = field(repr=False)
    component: I32 = field(repr=False)
    places: I32 = field(repr=False)
    begins: I64 = field(repr=False)
    ends: I64 = field(repr=False)
    own: I64 = field(repr=False)
    """Bytes of the objects of each."""
    dominator: I32 = field(repr=False)
    bytes: I64 = field(repr=False)
    objects: I32 = field(repr=False)
    ahead: I32 = field(repr=False)
    queue: I32 = field(repr=False)
    """Scratch of ``kernels.shortest``."""

    @classmethod
    def of(cls, found: Dominators) -> Cycles:
        """Of all live objects."""
        tree = found.graph.tree
        component = components(tree)
        ring = np.zeros(len(component), np.bool_)
        kernels.rings(tree, component, ring)
        places = np.flatnonzero(ring[component]).astype(np.int32)
        places = places[np.argsort(component[places], kind="stable")]
        firsts, begins = np.unique(component[places], return_index=True)
        whole = contracted(tree, component) if len(firsts) else Tree(tree.parent[:1], tree.starts[:2], tree.sources[:0])
        dominator, spare = dominators(whole)
        sizes = found.graph.sizes(found.flowed)
        sums, objects = retained(dominator, sizes[: len(dominator)].copy(), spare[0])
        own = np.add.reduceat(sizes[places], begins) if len(firsts) else sums[:0]
        order, ends = np.lexsort((firsts, -sums[firsts])), np.append(begins, len(places))[1:]
        ahead, queue = np.zeros(len(component), np.int32), np.empty(len(component), np.int32)
        rows = begins[order], ends[order], own[order]
        return cls(found, component, places, *rows, dominator, sums, objects, ahead, queue)

    def __len__(self) -> int:
        return len(self.begins)

    @overload
    def __getitem__(self, at: int) -> Cycle: ...
    @overload
    def __getitem__(self, at: slice) -> list[Cycle]: ...
    def __getitem__(self, at: int | slice) -> Cycle | list[Cycle]:
        """Made when it is asked for: there may be a million."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        places = self.places[self.begins[at] : self.ends[at]]
        first = int(places[0])
        sums = int(self.bytes[first]), int(self.objects[first])
        return Cycle(first, places, int(self.own[at]), *sums, int(self.dominator[first]))

    def entrances(self, at: int) -> int:
        """How many places outside a component lead into it: objects, goroutines, variables."""
        tree, places = self.found.graph.tree, self.places[self.begins[at] : self.ends[at]]
        counts = tree.starts[places + 1] - tree.starts[places]
        others = tree.sources[np.repeat(tree.starts[places], counts) + ragged.within(counts)]
        into = np.unique(np.concatenate([tree.parent[places], others]))
        return int(np.count_nonzero(self.component[into] != self.component[places[0]]))

    def shortest(self, first: int) -> list[int]:
        """The places of a shortest ring through a place, from that on."""
        try:
            place, met = kernels.shortest(self.found.graph.tree, self.component, first, self.ahead, self.queue)
        except KeyboardInterrupt:
            self.ahead[:] = 0
            raise
        ring = [first]
        while place not in (0, first):
            ring.append(place)
            place = int(self.ahead[place])
        self.ahead[self.queue[:met]] = 0
        return ring


def components(tree: Tree) -> I32:
    """Of each place the lowest one of those that lead to it and that it leads to."""
    count = len(tree.parent)
    order, below, depth = np.empty(count, np.int32), np.ones(count, np.int32), np.zeros(count, np.int32)
    kernels.endings(tree.parent, below, depth, order)
    component = below
    component[:] = kernels.NONE
    kernels.components(tree, order, depth, component)
    return component


def contracted(tree: Tree, component: I32) -> Tree:
    """The tree where each component is one place, which its other places hang below."""
    count = len(component)
    parent, starts = np.empty(count, np.int32), np.zeros(count + 2, np.int32)
    kernels.contract(tree, component, parent, starts)
    spanning.add_up(starts)
    sources = np.empty(int(starts[-1]), np.int32)
    kernels.contract_edges(tree, component, starts, sources)
    return Tree(parent, starts[:-1], sources)
