"""Who can cancel which context: function values that captured it, frames of code that cancels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.golang.reading.words import columns, index_in

if TYPE_CHECKING:
    from gdbext.analysis.contexts.contexts import Contexts
    from gdbext.analysis.goroutines.frameranges import FrameRanges
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.runtime.mheap import Heap

MOST_CAPTURED = 1 << 12
"""Words of a function value that are looked at."""


@frozen(eq=False)
class Places:
    """Which context an address points into."""

    heap: Heap
    contexts: Contexts
    ids: I64
    """The slots of the contexts, in order."""
    index: I64
    """The context of each."""

    @classmethod
    def of(cls, heap: Heap, contexts: Contexts) -> Places:
        """Of the contexts that lie in the heap."""
        ids = heap.ids(contexts.address)
        index = np.flatnonzero(ids >= 0)
        return cls(heap, contexts, ids[index], index)

    def at(self, addresses: U64) -> I64:
        """The context that each address points into, -1 for none."""
        return self.of_slots(self.heap.ids(addresses))

    def of_slots(self, ids: I64) -> I64:
        """The context in each slot, -1 for none."""
        if not len(self.ids):
            return np.full(len(ids), -1, np.int64)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[at] == ids, self.index[at], -1)


def captured(places: Places, closures: I64, deadlines: I64) -> tuple[I64, I64]:
    """(slot, context): what the function values in the slots captured. Of ``deadlines``, sorted slots of the closures
    that timers call, the first captured word is left out."""
    heap = places.heap
    sizes = heap.elemsizes(closures).astype(np.int64)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for size in np.unique(sizes).tolist():
        mine = closures[sizes == size]
        words = columns(heap.image, heap.addresses(mine), range(8, min(size, MOST_CAPTURED), 8))
        context = places.at(words.ravel()).reshape(words.shape)
        if words.shape[1]:
            own = index_in(deadlines.astype(np.uint64), mine.astype(np.uint64)) >= 0
            context[own, 0] = -1
        number, place = np.nonzero(context >= 0)
        found.append((mine[number], context[number, place]))
    slot, context = (np.concatenate(column) for column in zip(*found, strict=True))
    return slot, context


@frozen(eq=False)
class OnStacks:
    """Words of frames that can cancel what they point to: the goroutine's row, the frame's function, the context."""

    row: I64
    function: I64
    context: I64

    @classmethod
    def of(
        cls, places: Places, frames: FrameRanges, words: tuple[I64, U64, U64], functions: I64, closures: U64
    ) -> OnStacks:
        """``words``: (row, where, value) of live words of stacks. ``functions``: indices of those whose code cancels;
        ``closures``: where on stacks the entry of one lies. A word that is in no frame that is known, or in a register,
        counts: its function is -1."""
        row, where, value = words
        context = places.at(value)
        row, where, context = row[context >= 0], where[context >= 0], context[context >= 0]
        function, can = np.append(frames.function, -1), np.append(np.isin(frames.function, functions), True)
        holding = frames.at(closures)
        can[holding[holding >= 0]] = True
        frame = frames.at(where)
        found: Bools = can[frame]
        return cls(row[found], function[frame[found]], context[found])
