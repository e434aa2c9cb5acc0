"""What roots still reach of what each site allocated: by the objects that the memory profile sampled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.heap import memprofile
from gdbext.analysis.heap.allocsite import sampled_slots
from gdbext.analysis.heap.kernels import objects as states
from gdbext.golang.runtime import mprof

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gdbext.analysis.heap.flow import Flowed
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.symtab import Symtab


@frozen
class Reachable:
    """``sampled``: how many reachable objects of a site are known. ``objects``, ``bytes``: what these stand for by the
    profile's rate, an estimate. ``example``: where one of them lies, None of none."""

    sampled: int = 0
    objects: int = 0
    bytes: int = 0
    example: int | None = None

    def __add__(self, other: Reachable) -> Reachable:
        sums = self.sampled + other.sampled, self.objects + other.objects, self.bytes + other.bytes
        return Reachable(*sums, self.example if self.example is not None else other.example)


def reachable(program: Program, symtab: Symtab, specials: Specials, flowed: Flowed) -> Mapping[int, Reachable]:
    """By the address that a profile has of the call (``memprofile.leaf``).

    Raises UnsupportedTarget where the program has no samples, GdbextError.
    """
    rate = memprofile.rate_of(program)
    heap = flowed.laid.heap
    ids, buckets = sampled_slots(program, heap, specials)
    alive = (flowed.state[ids] & states.MARKED) != 0
    address, first, times = np.unique(buckets[alive], return_index=True, return_counts=True)
    known, examples = mprof.stacks(program, address), heap.addresses(ids[alive][first])
    found: dict[int, Reachable] = {}
    rows = zip(known.pcs, known.size.tolist(), times.tolist(), examples.tolist(), strict=True)
    for pcs, size, many, example in rows:
        if pcs:
            leaf = memprofile.leaf(symtab, pcs)
            found[leaf] = found.get(leaf, Reachable()) + Reachable(many, *mprof.scaled(many, size, rate), example)
    return found


__all__ = ["Reachable", "reachable"]
