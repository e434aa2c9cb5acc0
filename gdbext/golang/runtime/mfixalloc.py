"""Where mspans come from: a free list of records of one size (runtime/mfixalloc.go), here mheap_.spanalloc."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.golang.reading import lists
from gdbext.golang.reading.declarations import UINT, declare

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

SPAN_ALLOC = declare(
    "runtime.mheap", size=UINT("spanalloc.size"), list=UINT("spanalloc.list"), inuse=UINT("spanalloc.inuse")
)


@frozen
class FixAlloc:
    """Bytes of records that are in use, and of those that were given back."""

    inuse: int
    free: int


def span_alloc(program: Program) -> FixAlloc:
    """mheap_.spanalloc as it is; of a program that runs, of a moment or two. Raises MissingSymbol, MemoryFault."""
    found = program.record(SPAN_ALLOC, program.symbol("runtime.mheap_"))
    size = int(found["size"])
    free = lists.elements(program, np.array([found["list"]], np.uint64), 0, 8)
    return FixAlloc(int(found["inuse"]), size * len(free.address))
