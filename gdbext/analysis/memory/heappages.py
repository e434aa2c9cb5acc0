"""What the page allocator says of each page of the heap, at one moment or around one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.memory.ranges import minus, union
from gdbext.errors import GdbextError
from gdbext.golang.runtime import mpagealloc

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program


@frozen(eq=False)
class HeapPages:
    """Sorted, disjoint [start, end) ranges, arrays (n, 2): in use by spans, kept for them, given back to the system."""

    used: U64
    idle: U64
    released: U64

    @classmethod
    def of(cls, program: Program) -> HeapPages:
        """As they are now. Raises as ``mpagealloc.free_ranges``."""
        return cls(*mpagealloc.page_sets(program))

    def since(self, earlier: HeapPages) -> HeapPages:
        """What they were between an earlier moment and this one, of a program that runs: in use if they were at either;
        given back only if they were at both, for a page that was in use between can be in RAM and be no waste."""
        used = _both(self.used, earlier.used)
        free = minus(_both(self.idle, self.released, earlier.idle, earlier.released), used)
        released = minus(self.released, _both(used, earlier.idle))
        return HeapPages(used, minus(free, released), released)


def look(program: Program) -> HeapPages | GdbextError:
    """As they are now, or why that is not known."""
    try:
        return HeapPages.of(program)
    except GdbextError as error:
        return error


def between(earlier: HeapPages | GdbextError, later: HeapPages | GdbextError) -> HeapPages | GdbextError:
    """What is known of the time between two looks."""
    if isinstance(earlier, GdbextError) or isinstance(later, GdbextError):
        return later
    return later.since(earlier)


def _both(*sets: U64) -> U64:
    return union(np.concatenate(sets))
