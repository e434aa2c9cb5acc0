"""The live objects as a graph of places, numbered depth first: a tree, and the edges beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.analysis.heap.hanging import Hanging
from gdbext.analysis.heap.kernels import spanning as kernels
from gdbext.analysis.heap.kernels.dominators import Tree
from gdbext.analysis.heap.kernels.spanning import DONE, FREE, OWNED, PAIRS, PLACED, UNSEEN
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.analysis.heap.objects import MOST_SLOTS
from gdbext.compute.arrays import I32, I64, U64
from gdbext.errors import InconsistentRuntime

if TYPE_CHECKING:
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.analysis.heap.rootgroups import RootGroups

CHUNK = 1 << 21
"""Edges that are noted in one array."""


@frozen(eq=False)
class Spanning:
    """Place 0 (what holds the roots), groups of roots, objects. ``number``: of each slot its place, 0 or less for none;
    ``order``: of each place its slot, or ``slots`` and its group's number; ``tree``: where edges come from."""

    slots: int
    number: I32 = field(repr=False)
    order: I32 = field(repr=False)
    tree: Tree = field(repr=False)

    @classmethod
    def of(cls, flowed: Flowed, groups: RootGroups, hanging: Hanging | None = None) -> Spanning:
        """Of what the groups reach. ``hanging``: those that objects lead to."""
        laid, slots = flowed.laid, flowed.laid.heap.spans.slots
        number = np.empty(slots, np.int32)
        kernels.begin(laid.objects, number)
        owned = laid.heap.ids(groups.owned)
        owned = owned[owned >= 0]
        owned = owned[number[owned] == UNSEEN]
        number[owned] = OWNED
        given = (hanging if hanging is not None else Hanging.none(len(groups))).given(groups)
        walked, chunks = _walked(flowed, given, number)
        number[owned] = np.maximum(FREE - number[owned], 0)
        places = int(walked.tops[PLACED]) + 1
        starts, sources = _ends(chunks, places)
        return cls(slots, number, walked.order[:places], Tree(walked.parent[:places], starts, sources))

    def __len__(self) -> int:
        return len(self.order)

    def sizes(self, flowed: Flowed, into: I64 | None = None) -> I64:
        """Bytes of the slot in each place, 0 of groups. ``into``: where to write them."""
        found = np.empty(len(self), np.int64) if into is None else into
        found[:] = 0
        kernels.sizes(flowed.laid.objects, self.number, found)
        return found

    def groups(self, count: int) -> I64:
        """The places of the groups, by their numbers."""
        found = np.zeros(count, np.int64)
        places = np.flatnonzero(self.order[1:] >= self.slots) + 1
        found[self.order[places] - self.slots] = places
        return found


def _walked(flowed: Flowed, given: kernels.Given, number: I32) -> tuple[kernels.Spanning, list[U64]]:
    """The search, and its other edges in pieces."""
    laid, mask, groups = flowed.laid, Mask.none(), len(given.owned)
    room = int(np.count_nonzero(number != FREE)) + groups + 1
    tops = np.zeros(kernels.TOPS, np.int64)
    order, parent = np.empty(room, np.int32), np.empty(room, np.int32)
    order[0], parent[0] = laid.heap.spans.slots + groups, 0
    hosts = np.array([number.ctypes.data], np.uint64)
    stack = np.empty((room, kernels.FRAME), np.uint64)  # pages that stay untouched cost nothing
    walked = kernels.Spanning(number, order, parent, np.zeros(groups, np.int32), stack, tops, hosts)
    chunks = list[U64]()
    while not tops[DONE]:
        pairs = np.empty(CHUNK, np.uint64)
        kernels.visit(laid.heap.image.memory, laid.objects, flowed.table.described, mask, walked, given, pairs)
        chunks.append(pairs[: int(tops[PAIRS])])
    return walked, chunks


def _ends(chunks: list[U64], places: int) -> tuple[I32, I32]:
    """Edges by where they lead. ``chunks`` is empty then. Raises InconsistentRuntime."""
    if (edges := places + sum(map(len, chunks))) >= MOST_SLOTS:
        raise InconsistentRuntime(f"{edges:,} pointers to objects: {MOST_SLOTS:,} at most")
    starts = np.zeros(places + 2, np.int32)
    for chunk in chunks:
        kernels.count_ends(chunk, starts)
    kernels.add_up(starts)
    sources = np.empty(int(starts[-1]), np.int32)
    while chunks:
        kernels.fill(chunks.pop(), starts, sources)
    return starts[:-1], sources
