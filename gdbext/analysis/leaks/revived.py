"""What weak pointers can bring back (runtime/mheap.go, internal_weak_runtime_makeStrongFromWeak).

Until a collection finds an object dead, ``Value`` gives it, whether or not anything else refers to it: what it has to
cancel may be called before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.analysis.heap.kernels.objects import MARKED
from gdbext.analysis.heap.marking import Marking

if TYPE_CHECKING:
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.compute.arrays import U64, Bools
    from gdbext.golang.runtime.special import Specials

NONE = np.zeros(0, np.uint64)


def weak(specials: Specials) -> U64:
    """The slots of all objects that weak pointers refer to."""
    return specials.slot[specials.rows("WeakHandle")]


def lives(flowed: Flowed, addresses: U64) -> Bools:
    """Which are reached with registrations."""
    ids = flowed.laid.heap.ids(addresses)
    found: Bools = ids >= 0
    found[found] = flowed.state[ids[found]] & MARKED != 0
    return found


def revived(flowed: Flowed, specials: Specials, itabs: U64 = NONE, functions: U64 = NONE) -> Marking:
    """What those of them lead to that nothing else reaches. ``itabs``, ``functions``: as ``Marking.of`` has them; an
    edge behind one of the itabs is followed where nothing else reaches what it leads to."""
    slots = weak(specials)
    marking = Marking.of(flowed.laid, flowed.table, itabs, functions)
    more, seen = slots[~lives(flowed, slots)], 0
    while len(more):
        marking.mark(more)
        cuts = marking.cuts[seen:]
        more, seen = cuts[~(lives(flowed, cuts) | marking.reached(flowed.laid.heap.ids(cuts)))], seen + len(cuts)
    return marking


__all__ = ["lives", "revived", "weak"]
