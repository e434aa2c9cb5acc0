"""The bytes of spans in use: of live objects, of dead ones that were not swept, and of neither; and what is in RAM.

Neither: free slots, and what is left over at a span's end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.compute.control import CONTROL
from gdbext.compute.ragged import within
from gdbext.golang.runtime.spancheck import PAGE_SIZE

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.target.residency import Residency

TOGETHER = 1 << 18
"""Slots looked at one by one at a time."""


@frozen
class Share:
    """Bytes of one kind, and how many of them are in RAM; ``exact``: whether that is known slot by slot."""

    mapped: int
    resident: int
    exact: bool = True


@frozen
class Slots:
    """What spans in use consist of."""

    live: Share
    dead: Share
    free: Share


def span_ranges(heap: Heap) -> U64:
    """The pages of each span, [start, end): an array (n, 2)."""
    return np.stack([heap.spans.base, heap.spans.base + heap.spans.npages * np.uint64(PAGE_SIZE)], axis=1)


def slots(heap: Heap, residency: Residency) -> Slots:
    """Of all spans."""
    spans, ranges = heap.spans, span_ranges(heap)
    elemsize, mapped = spans.elemsize.astype(np.int64), (ranges[:, 1] - ranges[:, 0]).astype(np.int64)
    resident, live = residency.resident_in(ranges), heap.live * elemsize
    dead = np.where(spans.unswept, np.maximum(spans.taken - heap.live, 0), 0) * elemsize
    in_ram, split = np.minimum(live, resident), resident < mapped
    one_by_one = np.flatnonzero(split & (heap.live > 0) & (spans.nelems > 1))
    in_ram[one_by_one] = _live_in_ram(heap, residency, one_by_one)
    rest = resident - in_ram
    others = np.maximum(mapped - live, 1)
    dead_in_ram = np.minimum(rest * dead // others, dead)
    guessed = bool((split & (dead > 0) & (rest > 0)).any())
    return Slots(
        Share(int(live.sum()), int(in_ram.sum())),
        Share(int(dead.sum()), int(dead_in_ram.sum()), not guessed),
        Share(int((mapped - live - dead).sum()), int((rest - dead_in_ram).sum()), not guessed),
    )


def _live_in_ram(heap: Heap, residency: Residency, rows: I64) -> I64:
    """Of spans that are in RAM in part: which of their live objects are."""
    found = np.zeros(len(rows), np.int64)
    for first, last in _pieces(heap.spans.nelems[rows]):
        CONTROL.check()
        mine = rows[first:last]
        counts = heap.spans.nelems[mine]
        owner = np.repeat(np.arange(first, last), counts)
        number = within(counts)
        ids = heap.spans.first[rows[owner]] + number
        taken = heap.allocated[ids >> 3] >> (ids & 7).astype(np.uint8) & 1 != 0
        size = heap.spans.elemsize[rows[owner]]
        starts = heap.spans.base[rows[owner]] + number.astype(np.uint64) * size
        bytes_ = residency.resident_in(np.stack([starts, starts + size], axis=1)[taken])
        np.add.at(found, owner[taken], bytes_)
    return found


def _pieces(counts: I64) -> Iterator[tuple[int, int]]:
    """[first, last) of spans that have TOGETHER slots; of one at least."""
    ends, first = np.cumsum(counts), 0
    while first < len(counts):
        before = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, before + TOGETHER, "right")), first + 1)
        yield first, last
        first = last
