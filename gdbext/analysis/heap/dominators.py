"""What would become garbage with an object, a goroutine or a variable: dominators, and what they retain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap import cost
from gdbext.analysis.heap.flow import contents
from gdbext.analysis.heap.kernels import dominators as kernels
from gdbext.analysis.heap.kernels.dominators import Scratch, Tree
from gdbext.analysis.heap.rootgroups import RootGroups
from gdbext.analysis.heap.spanning import Spanning
from gdbext.compute.arrays import I32, I64

if TYPE_CHECKING:
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.heap.hanging import Hanging
    from gdbext.analysis.heap.rootnames import RootNames
    from gdbext.golang.runtime.mgcmark import Roots
    from gdbext.golang.runtime.mheap import Heap

BLOCK, STEP = 1 << 10, 1 << 20
"""Places of which the highest value is found first, and that are looked at together: memory that is asked for anew
costs more than what is done with it."""


@frozen(eq=False)
class Dominators:
    """Of each place of a graph. ``dominator``: what every path from roots to it goes through last, 0 for nothing;
    ``bytes``, ``objects``: what it dominates, itself with it."""

    flowed: Flowed = field(repr=False)
    groups: RootGroups = field(repr=False)
    graph: Spanning = field(repr=False)
    dominator: I32 = field(repr=False)
    bytes: I64 = field(repr=False)
    objects: I32 = field(repr=False)

    @classmethod
    def of(cls, flowed: Flowed, groups: RootGroups, hanging: Hanging | None = None) -> Dominators:
        """Of all live objects. ``hanging``: groups of roots that objects lead to."""
        graph = Spanning.of(flowed, groups, hanging)
        dominator, spare = dominators(graph.tree)
        sizes = graph.sizes(flowed, spare[:2].reshape(-1).view(np.int64))
        return cls(flowed, groups, graph, dominator, *retained(dominator, sizes, spare[2]))

    def place(self, id_: int) -> int:
        """That of a slot; 0 where no root reaches it."""
        return max(int(self.graph.number[id_]), 0)

    def id(self, place: int) -> int:
        """The slot in a place; -1 of a group."""
        found = int(self.graph.order[place])
        return found if found < self.graph.slots else -1

    def group(self, place: int) -> int:
        """The group of roots in a place; -1 of an object."""
        return max(int(self.graph.order[place]) - self.graph.slots, -1) if place > 0 else -1

    def largest(self, count: int | None) -> I64:
        """The places of objects that retain the most, the most bytes first; None: of all."""
        order, step = self.graph.order, STEP if count is not None else len(self.graph)
        found = list[I64]()
        for at in range(0, len(order), step):
            places = at + np.flatnonzero(order[at : at + step] < self.graph.slots)
            found.append(highest(self.bytes, places, count))
        return highest(self.bytes, np.concatenate(found), count)

    def of_groups(self, sorts: Sequence[int]) -> I64:
        """The places of groups of roots of some sorts, those that retain the most bytes first."""
        chosen = np.flatnonzero(np.isin(self.groups.sort, sorts))
        return highest(self.bytes, self.graph.groups(len(self.groups))[chosen], None)

    def above(self, places: I64) -> I64:
        """Of some places, no two of them alike, which of them dominates each next: its number among them; -1."""
        label = np.full(len(self.graph), -1, np.int32)
        label[places] = np.arange(len(places), dtype=np.int32)
        kernels.inherit(self.dominator, label)
        found: I64 = label[self.dominator[places]].astype(np.int64)
        return found

    def below(self, place: int, count: int | None = None) -> tuple[I64, int, int]:
        """What an object or a group dominates next: the places of those that retain the most, how many there are, and
        their bytes."""
        places = place + 1 + np.flatnonzero(self.dominator[place + 1 :] == place)
        return highest(self.bytes, places, count), len(places), int(self.bytes[places].sum())


class Known(Protocol):
    """What it is made of, as a Session has it."""

    doing: str

    @property
    def heap(self) -> Heap: ...
    @property
    def live(self) -> Flowed: ...
    @property
    def roots(self) -> Roots: ...
    @property
    def root_names(self) -> RootNames: ...

    def expect(self, what: cost.Cost) -> None: ...


def asked(known: Known) -> Dominators:
    """Of a program's live objects."""
    live, roots = known.live, known.roots
    groups = RootGroups.of(roots, contents(live.laid, live.table, roots.contents), known.root_names)
    known.doing = "searching what dominates"
    known.expect(cost.dominating(known.heap))
    return Dominators.of(live, groups)


def dominators(tree: Tree) -> tuple[I32, I32]:
    """Of each place the nearest that every path from place 0 to it goes through; 0 of that itself. And rows of three
    numbers for each place, memory that is of no more use: to get other costs more than what is done with it."""
    room = np.zeros((4, len(tree.parent)), np.int32)
    semi, above, label, found = room
    above[:] = tree.parent
    kernels.semidominators(tree, Scratch(above, label, found), semi)
    found[:1] = 0
    kernels.dominators(tree.parent, semi, found)
    return found, room[:3]


def retained(dominator: I32, sizes: I64, objects: I32) -> tuple[I64, I32]:
    """Of each place the bytes and the objects it dominates, itself with them; what has no bytes is no object. ``sizes``
    become those bytes, ``objects`` those counts."""
    np.not_equal(sizes, 0, out=objects, casting="unsafe")
    kernels.add_up(dominator, sizes, objects)
    return sizes, objects


def highest(values: I64, places: I64, count: int | None) -> I64:
    """Those of the highest values, in their order; of equals those in the lower places."""
    if count is not None and count < len(places):
        mine = values[places]
        places = places[mine >= _least(mine, count)] if count else places[:0]
    found: I64 = places[np.lexsort((places, -values[places]))][:count]
    return found


def _least(values: I64, count: int) -> int:
    """The lowest of the ``count`` highest values. It is not below the lowest of as many blocks' highest ones, and few
    values are above that."""
    blocks = values[: len(values) // BLOCK * BLOCK].reshape(-1, BLOCK).max(axis=1)
    if len(blocks) > count:
        values = values[values >= np.partition(blocks, len(blocks) - count)[len(blocks) - count]]
    return int(np.partition(values, len(values) - count)[len(values) - count])
