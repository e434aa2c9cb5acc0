"""What each P has put aside to allocate from (runtime/mcache.go): a span of each class, and a block of tiny objects.

What was allocated from a cached span is counted in the span alone (``allocCount`` less ``allocCountBeforeCache``); the
runtime's statistics learn of it when the cache gives the span back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.golang.reading.declarations import BYTES, INT, UINT, declare
from gdbext.golang.runtime.sizeclasses import SPAN_CLASSES

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program

P = declare("runtime.p", id=INT, mcache=UINT)
MCACHE = declare(
    "runtime.mcache",
    tiny=UINT,
    tiny_offset=UINT("tinyoffset"),
    tiny_allocs=UINT("tinyAllocs"),
    alloc=BYTES,
    flush_gen=UINT("flushGen"),
)
CACHED = declare(
    "runtime.mspan",
    base=UINT("startAddr"),
    freeindex=UINT,
    nelems=UINT,
    taken=UINT("allocCount"),
    before=UINT("allocCountBeforeCache"),
    spanclass=UINT,
    elemsize=UINT,
)
MOST_PS = 1 << 16
"""GOMAXPROCS has no bound of its own; a machine has one."""


@frozen(eq=False)
class Caches:
    """The caches of all Ps; parallel arrays, a row for each.

    ``p``: the P's number. ``cache``: fields of its mcache. ``unreadable``: Ps, caches and cached spans that are not.
    """

    p: I64
    address: U64
    cache: NDArray[Any] = field(repr=False)
    spans: Cached
    unreadable: int = 0

    @property
    def tiny_allocs(self) -> int:
        """Objects in tiny blocks that the statistics do not know yet."""
        return int(self.cache["tiny_allocs"].astype(np.uint64).sum())


@frozen(eq=False)
class Cached:
    """The cached spans, by P and class. ``owner``: the row of the cache; ``span``: the fields of the mspan."""

    owner: I64
    address: U64
    span: NDArray[Any] = field(repr=False)

    @property
    def pending(self) -> I64:
        """Objects allocated from each span since it was cached, which the statistics do not know yet."""
        found: I64 = self.span["taken"].astype(np.int64) - self.span["before"].astype(np.int64)
        return found


def caches(program: Program) -> Caches:
    """The caches of a program's Ps. Raises MissingSymbol, MemoryFault, InconsistentRuntime."""
    pointers = program.slice_words(program.symbol("runtime.allp"), MOST_PS)
    ps, fine = program.records(P, pointers)
    mine = np.flatnonzero(fine & (ps["mcache"] != 0))
    address = ps["mcache"][mine].astype(np.uint64)
    cache, readable = program.records(MCACHE, address)
    kept = np.flatnonzero(readable)
    spans, lost = _cached(program, cache[kept])
    unreadable = int(np.count_nonzero(~fine)) + len(mine) - len(kept) + lost
    return Caches(ps["id"][mine][kept].astype(np.int64), address[kept], cache[kept], spans, unreadable)


def _cached(program: Program, cache: NDArray[Any]) -> tuple[Cached, int]:
    """The spans in caches, and how many are no such spans. Where none is cached stands runtime.emptymspan."""
    words = cache.dtype["alloc"].itemsize // 8
    pointers = np.ascontiguousarray(cache["alloc"]).view("<u8").reshape(len(cache), words)[:, :SPAN_CLASSES]
    owner, number = np.nonzero(pointers)
    address = pointers[owner, number].astype(np.uint64)
    span, readable = program.records(CACHED, address)
    sane = (span["spanclass"] == number) & (span["before"] <= span["taken"]) & (span["taken"] <= span["nelems"])
    empty = readable & (span["elemsize"] == 0) & (span["nelems"] == 0)
    kept = np.flatnonzero(readable & ~empty & sane)
    found = Cached(owner[kept].astype(np.int64), address[kept], span[kept])
    return found, len(owner) - len(kept) - int(np.count_nonzero(empty))
