"""Whether the heap's spans and the runtime's own counters say the same: a mismatch is said, and never hidden.

Two counts are compared that the runtime keeps apart: what each span says of its slots (runtime/mheap.go), and what
runtime.MemStats is made of (runtime/mstats.go). Neither is derived from the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.errors import GdbextError
from gdbext.golang.runtime.mcache import Caches, caches
from gdbext.golang.runtime.mstats import MemStats, memstats
from gdbext.golang.runtime.spancheck import PAGE_SIZE

if TYPE_CHECKING:
    from gdbext.compute.arrays import Bools
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mheap import Heap


@frozen(eq=False)
class Counters:
    """What the runtime has counted at one moment."""

    stats: MemStats
    cached: Caches = field(repr=False)

    @classmethod
    def of(cls, program: Program) -> Counters:
        """The counters as they are. Raises MissingSymbol, MissingField, MemoryFault, InconsistentRuntime."""
        cached = caches(program)
        return cls(memstats(program, cached), cached)


def counters(program: Program) -> Counters | str:
    """As they are, or why there are none."""
    try:
        return Counters.of(program)
    except GdbextError as error:
        return str(error)


def notes(heap: Heap, before: Counters, after: Counters) -> list[str]:
    """A sentence for each thing that does not add up; none where all does.

    ``before``, ``after``: the counters before and after the heap was read; the same where the program stands still.
    A program that runs allocates and frees meanwhile: what it is seen to have done explains a difference.
    """
    found = [*_slots(heap, before, after)]
    return found if before is not after else [*found, *_bits(heap, after), *_pages(heap, after)]


def _slots(heap: Heap, before: Counters, after: Counters) -> Iterator[str]:
    """Slots taken, by spans and by counters. A span that is given back or swept just then is counted in one only."""
    spans, stats = heap.spans, after.stats
    taken = int(spans.taken.sum())
    changed = sum(stats.value(name) - before.stats.value(name) for name in ("Mallocs", "Frees"))
    swept = int(spans.nelems[spans.unswept].max(initial=0))
    if abs(taken - stats.slots) > stats.pending_objects + swept + changed:
        held = int((spans.taken * spans.elemsize.astype(np.int64)).sum())
        yield (
            f"the heap's spans hold {taken:,} objects of {held:,} bytes together, by the runtime's own counters there "
            f"are {stats.slots:,} of {stats.value('HeapAlloc'):,} bytes"
        )


def _bits(heap: Heap, counted: Counters) -> Iterator[str]:
    """Slots allocated by freeindex and bitmap, against the span's own count. Stopped in the midst of an allocation the
    two differ by one in a cached span."""
    spans = heap.spans
    off = heap.live - spans.taken
    off[spans.unswept] = np.maximum(off[spans.unswept], 0)  # the dead ones still count
    wrong = np.abs(off) > _is_cached(heap, counted)
    if count := int(np.count_nonzero(wrong)):
        slots = int(np.abs(off[wrong]).sum())
        yield f"{count:,} of {len(off):,} heap spans count other slots than their bitmaps have: {slots:,} slots"


def _is_cached(heap: Heap, counted: Counters) -> Bools:
    return np.isin(heap.spans.base, counted.cached.spans.span["base"].astype(np.uint64))


def _pages(heap: Heap, counted: Counters) -> Iterator[str]:
    """Pages of spans in use, against what is counted as in use."""
    ours, theirs = int(heap.spans.npages.sum()) * PAGE_SIZE, counted.stats.value("HeapInuse")
    if ours != theirs:
        yield f"heap spans in use have {ours:,} bytes of pages, by the runtime's own counters {theirs:,}"
