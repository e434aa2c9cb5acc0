"""Which objects the memory profile sampled, and the stacks that allocated them: of many addresses at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, field

from gdbext.analysis.heap.allocsite import hidden, sampled_slots, stack_of
from gdbext.golang.runtime import mprof

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.symtab import Location, Symtab


LIBRARY = ("context.", "time.")
"""Packages that make objects for others: who called them is of interest."""


@define
class Samples:
    """``bucket``: of each sampled slot, by the slots' ids in order."""

    program: Program
    symtab: Symtab
    heap: Heap
    id: I64 = field(repr=False)
    bucket: U64 = field(repr=False)

    @classmethod
    def of(cls, program: Program, symtab: Symtab, heap: Heap, specials: Specials) -> Samples:
        """Of a program. Raises MissingField."""
        return cls(program, symtab, heap, *sampled_slots(program, heap, specials))

    def buckets(self, addresses: U64) -> U64:
        """The bucket of the object at each address; 0: not sampled, or no object."""
        if not len(self.id):
            return np.zeros(len(addresses), np.uint64)
        ids = self.heap.ids(addresses)
        at = np.minimum(np.searchsorted(self.id, ids), len(self.id) - 1)
        return np.where((ids >= 0) & (self.id[at] == ids), self.bucket[at], 0).astype(np.uint64)

    def stacks(self, buckets: U64) -> dict[int, Sequence[Location]]:
        """Of each bucket: innermost first, from the first function on that is neither the allocator's nor of LIBRARY;
        none where it cannot be read."""
        distinct = np.unique(buckets[buckets != 0])
        found = mprof.stacks(self.program, distinct).pcs
        pairs = zip(distinct.tolist(), found, strict=True)
        return {bucket: outside(stack_of(self.symtab, pcs or ())) for bucket, pcs in pairs}


def outside(stack: Sequence[Location]) -> Sequence[Location]:
    """A stack without the allocator and what it was called by in LIBRARY; the whole one where there is nothing else."""
    stack = stack[hidden(stack) :]
    return stack[next((at for at, one in enumerate(stack) if not one.function.startswith(LIBRARY)), 0) :]
