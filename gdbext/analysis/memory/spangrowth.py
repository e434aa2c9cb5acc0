"""What the heap grows by while its program goes on: its spans by class at two moments, and the runtime's counters."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.errors import InconsistentRuntime, MemoryFault
from gdbext.golang.runtime import mfixalloc, mheap, mstats
from gdbext.golang.runtime.sizeclasses import LARGE_CLASSES, SPAN_CLASSES
from gdbext.golang.runtime.spancheck import PAGE_SIZE, sane

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gdbext.compute.arrays import I64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.mfixalloc import FixAlloc

COUNTERS = ("Mallocs", "Frees", "TotalAlloc", "NumGC")
"""Of runtime.MemStats, those that only grow."""
ATTEMPTS = 5


@frozen(eq=False)
class Sample:
    """The heap at one moment, or of a program that runs within some. By span class: ``spans`` in use, their ``bytes``
    and ``elemsize``. ``took_ns``: what it took to look."""

    spans: I64
    bytes: I64
    elemsize: I64
    counters: Mapping[str, int]
    spanalloc: FixAlloc
    at_ns: int
    took_ns: int


@frozen
class Grown:
    """How many spans of a class there are more, and how many bytes they have. ``number`` -1: spans that are no heap."""

    number: int
    elemsize: int
    spans: int
    bytes: int

    @property
    def noscan(self) -> bool:
        """Objects without pointers."""
        return self.number > 0 and self.number % 2 == 1


def sample(program: Program) -> Sample:
    """The heap as it is. Raises GdbextError where it cannot be read, or changes too fast to be."""
    for attempt in range(ATTEMPTS):
        try:
            return _sample(program)
        except (MemoryFault, InconsistentRuntime):  # allspans has grown meanwhile, and its old array is gone
            if program.target.memory.stable or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _sample(program: Program) -> Sample:
    began = time.monotonic_ns()
    head = program.record(mheap.MHEAP, mheap.mheap(program))
    records, readable = program.records(mheap.MSPAN, mheap.span_pointers(program, head["allspans"]))
    records = records[readable & (records["state"] == mheap.IN_USE)]
    records = records[sane(records, program.arch.top)]
    number = np.minimum(records["spanclass"].astype(np.int64), SPAN_CLASSES - 1)
    spans, size, elemsize = (np.zeros(SPAN_CLASSES, np.int64) for _ in range(3))
    np.add.at(spans, number, 1)
    np.add.at(size, number, records["npages"].astype(np.int64) * PAGE_SIZE)
    elemsize[number] = records["elemsize"].astype(np.int64)
    elemsize[:LARGE_CLASSES] = 0
    stats = mstats.memstats(program)
    counters = {name: stats.value(name) for name in COUNTERS}
    spanalloc, now = mfixalloc.span_alloc(program), time.monotonic_ns()
    return Sample(spans, size, elemsize, counters, spanalloc, now, now - began)


def grown(before: Sample, after: Sample) -> list[Grown]:
    """A row for each class with other spans than before, what has grown most first."""
    spans, size = after.spans - before.spans, after.bytes - before.bytes
    elemsize = np.maximum(before.elemsize, after.elemsize)
    changed = np.flatnonzero((spans != 0) | (size != 0)).tolist()
    rows = [Grown(number, int(elemsize[number]), int(spans[number]), int(size[number])) for number in changed]
    return sorted(rows, key=lambda row: (-row.bytes, row.number))


def counted(before: Sample, after: Sample) -> dict[str, int]:
    """What the runtime has counted meanwhile, by the names of runtime.MemStats."""
    return {name: after.counters[name] - before.counters[name] for name in COUNTERS}
