"""The heap's slots laid out for compiled traversals: where each span's bytes and pointer bits lie in our own memory.

runtime/mheap.go, runtime/mbitmap.go: until 512 bytes the pointer bits stand at the span's end (Go 1.22), larger objects
have a malloc header or their span names the type; of chunks of package arena they stand at the end, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.analysis.heap.kernels import objects as kernels
from gdbext.analysis.heap.kernels.objects import BITMAP, HEADED, LARGE, NOSCAN, Objects
from gdbext.compute import parallel
from gdbext.compute.arrays import I32, U64, Bools
from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.program import Program
from gdbext.golang.reading.words import index_in
from gdbext.golang.runtime.kernels.spans import Spans
from gdbext.golang.runtime.mbitmap import arena_bits
from gdbext.golang.runtime.mheap import Heap, bits_in_arenas, inline_marks
from gdbext.golang.runtime.sizeclasses import SIZES, SPAN_CLASSES
from gdbext.golang.runtime.spancheck import PAGE_SIZE
from gdbext.golang.types.flat.kernels import Described
from gdbext.golang.types.flat.table import TypeTable
from gdbext.golang.types.rtype import TYPE
from gdbext.target.image import Image

BITMAP_BYTES = PAGE_SIZE // 64
INLINE_BYTES = 128
SMALL = 512
MOST_SLOTS = (1 << 31) - 2
"""What numbers of 32 bits can stand for, with one to say none."""


@frozen(eq=False)
class Laid:
    """``objects`` for compiled loops. ``unreadable``: bytes of spans that are not there, read as zeros."""

    heap: Heap = field(repr=False)
    objects: Objects = field(repr=False)
    unreadable: int
    owners: Sequence[Any] = field(repr=False)


def lay_out(program: Program, heap: Heap, table: TypeTable) -> Laid:
    """The heap's slots as ``kernels`` want them. Raises MissingField, InconsistentRuntime."""
    spans, owners = heap.placed, list[Any]()
    check_numbers(spans.slots, len(spans.base), len(table))
    hosts, unreadable = _hosts(spans, heap.image, owners)
    flags = _flags(program, spans, table)
    rows = np.zeros((len(spans.base), 8), np.uint64)
    rows[:, kernels.BASE], rows[:, kernels.LIMIT], rows[:, kernels.SIZE] = spans.base, spans.limit, spans.elemsize
    rows[:, kernels.FIRST], rows[:, kernels.HOST], rows[:, kernels.FLAGS] = spans.first, hosts, flags
    rows[:, kernels.DIVIDE] = _dividers(spans)
    rows[:, kernels.BITS] = _bits(program, spans, hosts, owners)
    state = np.zeros(spans.slots, np.int32)
    parallel.split(len(state), lambda first, end: kernels.begin(heap.allocated, state, first, end))
    return Laid(heap, Objects(rows, spans.pages, state, slot_sizes()), unreadable, (heap.image, *owners))


def check_numbers(slots: int, spans: int, types: int) -> None:
    """Raises InconsistentRuntime for more than the numbers that stand for them can tell apart."""
    if slots >= MOST_SLOTS or spans >= MOST_SLOTS or types > kernels.ROW:
        raise InconsistentRuntime(f"{slots:,} slots in {spans:,} spans, {types:,} types: {MOST_SLOTS:,} at most")


def slot_sizes() -> U64:
    """The slot for (index * 8) bytes."""
    sizes = np.array(SIZES, np.uint64)
    wanted = np.arange(0, int(sizes[-1]) + 8, 8, dtype=np.uint64)
    found: U64 = sizes[np.searchsorted(sizes, wanted)]
    return found


def _hosts(spans: Spans, image: Image, owners: list[Any]) -> tuple[U64, int]:
    """Where each span's pages lie in our memory, side by side; where they do not, a copy of what can be read."""
    ends = spans.base + spans.npages * np.uint64(PAGE_SIZE)
    at = np.searchsorted(image.starts, spans.base, "right") - 1
    whole = (at >= 0) & (ends <= image.ends[at]) if len(image.starts) else np.zeros(len(ends), np.bool_)
    hosts = np.where(whole, spans.base - image.starts[at] + image.hosts[at], 0) if len(image.starts) else ends * 0
    unreadable = 0
    for number in np.flatnonzero(~whole).tolist():
        copy, missing = copied(image, int(spans.base[number]), int(ends[number]))
        owners.append(copy)
        hosts[number], unreadable = copy.ctypes.data, unreadable + missing
    return hosts.astype(np.uint64), unreadable


def copied(image: Image, start: int, end: int) -> tuple[NDArray[np.uint8], int]:
    """The bytes from ``start`` to ``end``, zeros where there are none, and how many are missing."""
    copy, there = np.zeros(end - start, np.uint8), 0
    first, last = np.searchsorted(image.ends, start, "right"), np.searchsorted(image.starts, end, "left")
    for low, high in zip(image.starts[first:last].tolist(), image.ends[first:last].tolist(), strict=True):
        low, high = max(low, start), min(high, end)
        copy[low - start : high - start] = np.frombuffer(image.read(low, high - low), np.uint8)
        there += high - low
    return copy, end - start - there


def _flags(program: Program, spans: Spans, table: TypeTable) -> U64:
    """``Objects.spans``' flags."""
    large = (spans.large_type != 0) & (spans.nelems == 1) & ~_user_arenas(spans)
    named = np.where(large & ~spans.noscan, spans.large_type, 0).astype(np.uint64)
    row = _unrolled(program, named, index_in(table.described.address, named), table.described).astype(np.int64)
    kind = np.where(spans.noscan, NOSCAN, np.where(spans.header != 0, HEADED, np.where(large, LARGE, BITMAP)))
    # What claims a class that there is not counts with the last one.
    number = np.minimum(spans.spanclass, SPAN_CLASSES - 1).astype(np.uint64)
    kind = kind.astype(np.uint64) | (number << kernels.CLASS_SHIFT)
    found: U64 = kind | ((row + 1).astype(np.uint64) << np.uint64(32)) * (kind & LARGE != 0)
    return found


def _unrolled(program: Program, named: U64, row: I32, described: Described) -> I32:
    """``row`` with those of types of which the runtime wrote out the pointer bits: a large object names a type that has
    only the size and the pointers of the real one (heapSetType, Go 1.22 and 1.23)."""
    missing = np.unique(named[(named != 0) & (row < 0)])
    records, ok = program.records(TYPE, missing)
    size, pointers = (column[: len(described.address)] for column in (described.size, described.pointers))
    for address, record in zip(missing[ok], records[ok], strict=True):
        alike = np.flatnonzero((size == record["size"]) & (pointers == record["pointer_bytes"]))
        if len(alike) == 1:
            row[named == address] = alike[0]
    return row


def _dividers(spans: Spans) -> U64:
    """What a division by the size of a slot is as a multiplication (mspan.divMul); 0 where there is one slot only.

    It is exact in spans as the runtime makes them. Of one that has more slots than these 0 takes all for the first:
    compiled code relies on it that no slot is behind the last.
    """
    quotient = np.uint64((1 << 32) - 1) // spans.elemsize + np.uint64(1)
    over = quotient * spans.elemsize - np.uint64(1 << 32)
    exact = spans.limit - spans.base <= np.uint64((1 << 32) - 1) // np.maximum(over, np.uint64(1))
    return np.where((spans.nelems > 1) & (exact | (over == 0)), quotient, 0).astype(np.uint64)


def _arena_bits(program: Program, spans: Spans, owners: list[Any]) -> U64:
    """Where copies of the arenas' bits of scannable spans lie in our memory."""
    found = arena_bits(program, spans)
    owners.append(found.bits)
    return np.where(found.start >= 0, found.start + found.bits.ctypes.data, 0).astype(np.uint64)


def _bits(program: Program, spans: Spans, hosts: U64, owners: list[Any]) -> U64:
    """Where the pointer bits of spans lie in our memory; from Go 1.22 only those of small objects have any."""
    if bits_in_arenas(program):
        return _arena_bits(program, spans, owners)
    inline = inline_marks(program, spans)
    size = spans.npages * np.uint64(BITMAP_BYTES)
    tail = size + np.where(inline, INLINE_BYTES, 0).astype(np.uint64)
    at: U64 = hosts + spans.npages * np.uint64(PAGE_SIZE) - tail
    return np.where((spans.elemsize <= SMALL) | _user_arenas(spans), at, 0).astype(np.uint64)


def _user_arenas(spans: Spans) -> Bools:
    """Chunks of package arena: one object each, whose type is a dummy behind it, in front of its bits
    (runtime/arena.go, allocUserArenaChunk)."""
    end = spans.base + spans.npages * np.uint64(PAGE_SIZE)
    found: Bools = (spans.large_type >= spans.limit) & (spans.large_type < end)
    return found
