"""Free pages that a P has put aside (runtime/mpagecache.go): the heap's bitmap says that they are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.golang.reading.declarations import UINT, declare
from gdbext.golang.runtime.mcache import MOST_PS
from gdbext.golang.runtime.spancheck import PAGE_SIZE

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program

P = declare(
    "runtime.p",
    base=UINT("pcache.base"),
    free=UINT("pcache.cache"),
    given_back=UINT("pcache.scav"),
)
PAGES = 64
"""Of a cache: a bit each."""


def cached_pages(program: Program) -> tuple[U64, U64]:
    """(free, free and given back to the operating system): [start, end) ranges, a page each, as arrays (n, 2).

    Raises MissingSymbol, MissingField, MemoryFault, InconsistentRuntime.
    """
    pointers = program.slice_words(program.symbol("runtime.allp"), MOST_PS)
    rows, fine = program.records(P, pointers)
    rows = rows[fine & (rows["base"] != 0)]
    return _pages(rows["base"], rows["free"]), _pages(rows["base"], rows["free"] & rows["given_back"])


def _pages(base: U64, bits: U64) -> U64:
    number = np.arange(PAGES, dtype=np.uint64)
    chosen = (bits[:, None] >> number) & np.uint64(1) != 0
    starts = (base[:, None] + number * np.uint64(PAGE_SIZE))[chosen]
    return np.stack([starts, starts + np.uint64(PAGE_SIZE)], axis=1)


__all__ = ["cached_pages"]
