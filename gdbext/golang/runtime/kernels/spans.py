"""Compiled loops over the spans of the Go heap: which slots are allocated, which slot an address is in.

The slots of all spans are numbered through, ``spans.first[i]`` is the number of span i's slot 0. Every length that
comes from target memory is bounded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, load8, stopped, up_to
from gdbext.compute.library import Library
from gdbext.target.kernels import ONE, Memory, host_of, segment_of  # noqa: F401  a kernel's declaration names some

if TYPE_CHECKING:
    from gdbext.compute.arrays import I32, I64, U8, U64, Bools

library = Library(__name__)
PAGE = np.uint64(8192)
INLINE_MARKS = np.uint64(64)  # from the start of the 128-byte block at the end of a Green Tea page (Go 1.25)
INLINE_BLOCK = np.uint64(128)


class Spans(NamedTuple):
    """In-use spans, sorted by ``base``; parallel arrays."""

    base: U64
    limit: U64
    """The end of the last slot."""
    npages: U64
    elemsize: U64
    nelems: I64
    taken: I64
    """How many slots are taken by the runtime's own count (allocCount): dead ones too while the span is unswept."""
    first: I64
    """The id of slot 0."""
    spanclass: U8
    """Twice the size class, 0 for one large object; odd: without pointers."""
    noscan: Bools
    header: U64
    """Bytes of malloc header before the object in each slot: 0 or 8."""
    freeindex: I64
    alloc_bits: U64
    mark_bits: U64
    unswept: Bools
    large_type: U64
    """Of the one object of a large span, the address of its descriptor (Go 1.22); else 0."""
    pages: I32
    """The span of each page of the heap, -1 for none; empty where the heap is spread too wide for that."""

    @property
    def slots(self) -> int:
        """How many slots all spans have together."""
        return int(self.first[-1] + self.nelems[-1]) if len(self.first) else 0


@helper
def bits8(memory, bits, byte):
    """Eight bits of a bitmap in target memory; -1 when unreadable."""
    host = host_of(memory, bits + np.uint64(byte), ONE)
    return np.int64(load8(host)) if host != 0 else -1


@helper
def is_set(bits, index):
    """A bit of a bitmap of ours."""
    return (bits[index >> 3] >> np.uint8(index & 7)) & np.uint8(1) != 0


@helper
def put8(bits, index, value):
    """Set those of the eight bits from ``index`` on that ``value`` has; the bitmap has a byte to spare."""
    bits[index >> 3] |= np.uint8((value << (index & 7)) & 0xFF)
    bits[(index >> 3) + 1] |= np.uint8(value >> (8 - (index & 7)))


@library.kernel("control Memory Spans bool[] bool[] u8[] -> i64")
def fill_allocated(control, memory, spans, inline, black, allocated):
    """Set the bits of allocated slots. Returns how many bits of the spans' bitmaps could not be read.

    A slot is allocated below ``freeindex`` or with its alloc bit set; in a span that is not swept yet only if it is
    marked as well, in gcmarkBits or in the page's inline marks (``inline``). In ``black`` spans the mark is enough.
    """
    unreadable = 0
    for i in range(len(spans.base)):
        nelems, marks = spans.nelems[i], spans.base[i] + PAGE - INLINE_BLOCK + INLINE_MARKS
        for byte in range((nelems + 7) >> 3):
            if byte & SOME == 0 and stopped(control):
                return unreadable
            count = min(nelems - 8 * byte, 8)
            below = min(max(spans.freeindex[i] - 8 * byte, 0), count)
            taken = (1 << below) - 1
            if below < count:
                value = bits8(memory, spans.alloc_bits[i], byte)
                unreadable += count - below if value < 0 else 0
                taken |= max(value, 0)
            if spans.unswept[i] or black[i]:
                value = bits8(memory, spans.mark_bits[i], byte)
                unreadable += count if value < 0 and spans.unswept[i] else 0
                if value >= 0 and inline[i]:
                    value |= bits8(memory, marks, byte)  # -1, every bit, where they cannot be read
                if not black[i]:
                    taken &= value
                elif value >= 0:
                    taken = value if spans.unswept[i] else taken | value
            put8(allocated, spans.first[i] + 8 * byte, taken & ((1 << count) - 1))
    return unreadable


@library.kernel("control Spans u8[] i64[]")
def count_allocated(control, spans, allocated, out):
    """How many slots of each span are allocated."""
    for i in range(len(spans.base)):
        count = 0
        for slot in range(spans.nelems[i]):
            if slot & SOME == 0 and stopped(control):
                return
            count += is_set(allocated, spans.first[i] + slot)
        out[i] = count


@library.kernel("control Memory Spans i64[] -> i64")
def survivors(control, memory, spans, ids):
    """How many of the allocated slots ``ids`` (sorted) the last collection found reachable.

    Sweeping makes the mark bits the alloc bits: a slot without one was allocated since. Slots of spans that are not
    swept yet passed as allocated only because they are marked.
    """
    count, span, first = 0, 0, spans.first
    for index in ids:
        if stopped(control):
            return count
        while span + 1 < len(first) and first[span + 1] <= index:
            span += 1
        if spans.unswept[span]:
            count += 1
        else:
            slot = index - first[span]
            value = bits8(memory, spans.alloc_bits[span], slot >> 3)
            count += value >= 0 and (value >> (slot & 7)) & 1 == 1
    return count


@library.kernel("control u64[] u64[] i32[]")
def fill_pages(control, base, limit, table):
    """The span of each page of the heap; ``table``: -1 everywhere, as long as the heap has pages."""
    for i in range(len(base)):
        if stopped(control):
            return
        first, last = (base[i] - base[0]) // PAGE, (max(limit[i], base[i] + ONE) - ONE - base[0]) // PAGE
        for page in range(first, min(last + ONE, np.uint64(len(table)))):
            table[page] = i


@helper
def span_at(spans, address, last):
    """Index of the span whose slots hold ``address``, or -1; by the table of pages where there is one."""
    base, limit = spans.base, spans.limit
    if len(spans.pages) == 0:
        return segment_of(base, limit, address, last)
    page = (address - base[0]) // PAGE
    if address < base[0] or page >= np.uint64(len(spans.pages)):
        return -1
    found = np.int64(spans.pages[page])
    return found if found >= 0 and base[found] <= address < limit[found] else -1


@library.kernel("control Spans u8[] u64[] i64[]")
def slots_at(control, spans, allocated, addresses, out):
    """The ids of the allocated slots that the addresses point into; -1 where there is none."""
    last = -1
    for i in range(len(addresses)):
        if i & SOME == 0 and stopped(control):
            return
        last = span_at(spans, addresses[i], last)
        out[i] = -1
        if last >= 0:
            slot = spans.first[last] + np.int64((addresses[i] - spans.base[last]) // spans.elemsize[last])
            if is_set(allocated, slot):
                out[i] = slot


@helper
def slot_span(first, index, last):
    """The span of slot ``index``; ``last`` and the one after it are tried first."""
    n = len(first)
    for span in range(last, min(last + 2, n)):
        if first[span] <= index and (span + 1 == n or index < first[span + 1]):
            return span
    return max(up_to(first, index) - 1, 0)


@library.kernel("control Spans i64[] i64[]")
def slot_spans(control, spans, ids, out):
    """The span of each slot id; increasing ids are looked up in passing."""
    span = 0
    for i in range(len(ids)):
        if i & SOME == 0 and stopped(control):
            return
        span = slot_span(spans.first, ids[i], span)
        out[i] = span


@library.kernel("control Spans i64[] u64[]")
def object_addresses(control, spans, ids, out):
    """Where the objects begin (after the malloc header where there is one)."""
    span = 0
    for i in range(len(ids)):
        if i & SOME == 0 and stopped(control):
            return
        span = slot_span(spans.first, ids[i], span)
        slot = np.uint64(ids[i] - spans.first[span])
        out[i] = spans.base[span] + slot * spans.elemsize[span] + spans.header[span]


@library.kernel("control Spans i64[] u8[] u8[]")
def cut_bits(control, spans, start, cuts, bits):
    """Clear the pointer bits that lie behind what ``cuts`` says: a bit for each 64 words, set where an object that goes
    on behind them has no more pointers (runtime/mbitmap.go until Go 1.21, noMorePtrs).

    ``start``: of each span's bits, in bytes, -1 for none; its cuts lie at a 64th of that.
    """
    for i in range(len(start)):
        words = np.int64(spans.elemsize[i]) >> 3
        for slot in range(spans.nelems[i] if start[i] >= 0 else 0):
            if slot & SOME == 0 and stopped(control):
                return
            begin, end = slot * words, slot * words + words
            for group in range(begin >> 6, (end - 1) >> 6):
                if is_set(cuts, (start[i] >> 3) + group):
                    for word in range((group + 1) << 6, end):
                        bits[start[i] + (word >> 3)] &= np.uint8(~(1 << (word & 7)) & 0xFF)
                    break
