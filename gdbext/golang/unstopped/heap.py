"""The heap of a program that keeps running, copied so that nothing stable is lost.

What tears, and what mends it (measured against a program that collects 500 times a second):

    a span is swept, freed or taken again while its pages are copied    its header is read before and after; where they
                                                                        differ the span is read again, never dropped
    a header read as unswept, then the sweep moves its mark bits        marks filter only where neither the span nor
                                                                        the heap's sweepgen changed meanwhile
    allspans grows: the old array is freed                              the enumeration starts again
    a slot is taken but not initialised yet                             freeIndexForScan instead of freeindex; while
                                                                        marking it stands still (Go 1.25), and what is
                                                                        made is marked once it is initialised
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from gdbext.compute.arrays import U64, Bools
from gdbext.errors import InconsistentRuntime, MemoryFault
from gdbext.golang.reading.declarations import UINT, declare
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime import mheap, spancheck
from gdbext.golang.runtime.kernels.spans import Spans
from gdbext.golang.runtime.mheap import IN_USE, MHEAP, MSPAN, Heap
from gdbext.golang.runtime.spancheck import PAGE_SIZE
from gdbext.target.image import Image

WORK = declare("runtime.workType", cycles=UINT)
IDENTITY = ("base", "npages", "state", "spanclass", "elemsize", "alloc_bits", "mark_bits", "sweepgen")
"""What must not have changed while a span was copied."""
BULK_ROUNDS = 2
ROUNDS = 8
FEW = 16
ATTEMPTS = 5


def collections(program: Program) -> int:
    """How many garbage collections have begun (work.cycles)."""
    return int(program.record(WORK, program.symbol("runtime.work"))["cycles"])


def read_heap(program: Program) -> Heap:
    """A copy of the heap in use. Raises InconsistentRuntime where it changes too fast to be enumerated."""
    for attempt in range(ATTEMPTS):
        try:
            return _Copy(program).heap()
        except (MemoryFault, InconsistentRuntime):
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


@frozen(eq=False)
class _Look:
    """One round: span headers as they were before their pages were copied, and the heap as the copy has it.

    The allocation state is worked out at once: bitmaps of other spans may be gone by the next round.
    """

    pointers: U64
    records: NDArray[Any]
    heap: Heap


@define
class _Copy:
    """A copy under way, look by look."""

    program: Program
    looks: list[_Look] = field(factory=list)
    known: U64 = field(factory=lambda: np.zeros(0, np.uint64))

    def heap(self) -> Heap:
        """Everything at once, what changed and what is new once more, then what still changes a few spans at a time:
        the shorter the copy, the surer it falls between two collections."""
        wanted = self._pointers()
        for _ in range(BULK_ROUNDS):
            changed = self._round(wanted)
            wanted = np.union1d(changed, np.setdiff1d(self._pointers(), self.known))
        for at in range(0, len(wanted), FEW):
            few = wanted[at : at + FEW]
            for _ in range(ROUNDS):
                few = self._round(few)
                if not len(few):
                    break
        return self._assemble()

    def _pointers(self) -> U64:
        head = self.program.record(MHEAP, mheap.mheap(self.program))
        return np.sort(mheap.span_pointers(self.program, head["allspans"]))

    def _sweepgen(self) -> int:
        return int(self.program.record(MHEAP, mheap.mheap(self.program))["sweepgen"])

    def _round(self, wanted: U64) -> U64:
        """Copy spans; returns those that changed meanwhile."""
        sweepgen = self._sweepgen()
        before, readable = self.program.records(MSPAN, wanted)
        in_use = readable & (before["state"] == IN_USE) & spancheck.sane(before, self.program.arch.top)
        in_use[in_use] = spancheck.mapped(self.program, before[in_use])
        found = in_use.copy()
        in_use[found] = spancheck.apart(before[found])
        spans = mheap.spans_of(self.program, before[in_use], sweepgen)
        image = self.program.target.memory.image(mheap.span_ranges(spans) + mheap.span_bitmaps(spans))
        after, still = self.program.records(MSPAN, wanted)
        settled = readable & still & _same(before, after)
        same = settled & (sweepgen == self._sweepgen())
        records = before[in_use]
        records["freeindex"] = np.minimum(records["freeindex"], records["scan_freeindex"])
        # A span that did not stand still must not lose objects to marks that moved: it counts as swept.
        records["sweepgen"] = np.where(same[in_use], records["sweepgen"], sweepgen)
        spans = mheap.spans_of(self.program, records, sweepgen)
        heap = Heap.over(self.program, spans, image, np.isin(spans.base, before["base"][same & in_use]))
        self.looks.append(_Look(wanted[in_use], records, heap))
        self.known = np.union1d(self.known, wanted)
        again: U64 = wanted[readable & ~settled | found & ~in_use]
        return again

    def _assemble(self) -> Heap:
        """Each span as last read, over one image: later copies lie over earlier ones."""
        pointers = np.concatenate([look.pointers for look in self.looks])
        records = np.concatenate([look.records for look in self.looks])
        number = np.repeat(np.arange(len(self.looks)), [len(look.pointers) for look in self.looks])
        kept = _latest(pointers, number)
        kept = kept[_undisputed(records[kept], number[kept])]
        if not len(kept):
            raise InconsistentRuntime("no span in use was found in the running program")
        records, number = records[kept], number[kept]
        order = np.argsort(records["base"], kind="stable")
        spans = mheap.spans_of(self.program, records[order], self._sweepgen())
        number = number[order]
        taken = np.zeros(spans.slots, np.bool_)
        for look, heap in enumerate(one.heap for one in self.looks):
            _take_slots(taken, spans, np.flatnonzero(number == look), heap)
        image = overlay([look.heap.image for look in self.looks])
        allocated = mheap.no_slots(spans)
        allocated[: (spans.slots + 7) >> 3] = np.packbits(taken, bitorder="little")
        return Heap(spans, image, allocated, sum(look.heap.unreadable for look in self.looks))


def _latest(pointers: U64, number: NDArray[Any]) -> NDArray[Any]:
    """Rows of the last look at each span."""
    order = np.lexsort((number, pointers))
    last = np.append(pointers[order][1:] != pointers[order][:-1], True)
    found: NDArray[Any] = order[last]
    return found


def _undisputed(records: NDArray[Any], number: NDArray[Any]) -> Bools:
    """One span for each page: where pages were freed and taken again meanwhile, the span seen later has them."""
    kept = np.ones(len(records), np.bool_)
    order = np.argsort(records["base"], kind="stable")
    end, holder = 0, -1
    starts = records["base"][order].tolist()
    stops = (records["base"] + records["npages"] * np.uint64(PAGE_SIZE))[order].tolist()
    for row, start, stop in zip(order.tolist(), starts, stops, strict=True):
        if start < end and number[row] < number[holder]:
            kept[row] = False
            continue
        if start < end:
            kept[holder] = False
        end, holder = stop, row
    return kept


def _take_slots(taken: Bools, spans: Spans, mine: NDArray[Any], heap: Heap) -> None:
    """Which slots are allocated in the spans that one look settled."""
    known = np.unpackbits(heap.allocated, bitorder="little")
    theirs = np.searchsorted(heap.spans.base, spans.base[mine])
    for index, other in zip(mine.tolist(), theirs.tolist(), strict=True):
        at, count, source = int(spans.first[index]), int(spans.nelems[index]), int(heap.spans.first[other])
        taken[at : at + count] = known[source : source + count]


def _same(before: NDArray[Any], after: NDArray[Any]) -> Bools:
    same = np.ones(len(before), np.bool_)
    for name in IDENTITY:
        same &= before[name] == after[name]
    return same


def overlay(images: list[Image]) -> Image:
    """One image of private copies, later ones over earlier ones."""
    first, rest = images[0], images[1:]
    segments = list(zip(first.starts.tolist(), first.ends.tolist(), first.hosts.tolist(), strict=True))
    for image in rest:
        for start, end, host in zip(image.starts.tolist(), image.ends.tolist(), image.hosts.tolist(), strict=True):
            segments += _lay(segments, start, end, host)
    return Image(segments, images)


def _lay(segments: list[tuple[int, int, int]], start: int, end: int, host: int) -> list[tuple[int, int, int]]:
    """Write a copy over the segments it overlaps; returns the parts that lie in none of them."""
    fresh, at = [], start
    for low, high, under in sorted(segments):
        begin, stop = max(low, at), min(high, end)
        if begin >= stop:
            continue
        ctypes.memmove(under + begin - low, host + begin - start, stop - begin)
        if begin > at:
            fresh.append((at, begin, host + at - start))
        at = stop
    if at < end:
        fresh.append((at, end, host + at - start))
    return fresh
