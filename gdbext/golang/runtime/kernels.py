"""Compiled loops over the Go heap: which slots are allocated, where interface words lie.

The slots of all spans are numbered through, ``spans.first[i]`` is the number of span i's slot 0. Every length that
comes from target memory is bounded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, load8, load64, max8, stopped, up_to
from gdbext.compute.library import Library
from gdbext.golang.reading.kernels import look_up
from gdbext.target.kernels import EIGHT, ONE, Memory, host_of, read64, segment_of  # noqa: F401  a kernel's declaration names some

if TYPE_CHECKING:
    from gdbext.compute.arrays import I32, I64, U8, U64, Bools

library = Library(__name__)
PAGE = np.uint64(8192)
INLINE_MARKS = np.uint64(64)  # from the start of the 128-byte block at the end of a Green Tea page (Go 1.25)
INLINE_BLOCK = np.uint64(128)
ZERO = np.uint64(0)
CLOSE = np.uint64(1 << 30)  # an executable is smaller
STRETCH = np.uint64(1 << 17)  # words searched between two looks


class Spans(NamedTuple):
    """In-use spans, sorted by ``base``; parallel arrays."""

    base: U64
    limit: U64
    """The end of the last slot."""
    npages: U64
    elemsize: U64
    nelems: I64
    first: I64
    """The id of slot 0."""
    noscan: Bools
    header: U64
    """Bytes of malloc header before the object in each slot: 0 or 8."""
    freeindex: I64
    alloc_bits: U64
    mark_bits: U64
    unswept: Bools
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


@library.kernel("control Memory Spans bool[] u8[] -> i64")
def fill_allocated(control, memory, spans, inline, allocated):
    """Set the bits of allocated slots. Returns how many bits of the spans' bitmaps could not be read.

    A slot is allocated below ``freeindex`` or with its alloc bit set; in a span that is not swept yet only if it is
    marked as well, in gcmarkBits or in the page's inline marks (``inline``).
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
            if spans.unswept[i] and taken:
                value = bits8(memory, spans.mark_bits[i], byte)
                unreadable += count if value < 0 else 0
                if value >= 0 and inline[i]:
                    value |= bits8(memory, marks, byte)  # -1, every bit, where they cannot be read
                taken &= value
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


@helper
def note_other(other, kind, data):
    """Add (kind, data) to the open-addressing set ``other`` (n + 1, 2), n a power of two; False when it is full.

    The last row counts what is in it. No object lies at 0, which marks what is free.
    """
    if data == 0:
        return True
    mask, count = np.uint64(len(other) - 2), len(other) - 1
    at = ((data >> np.uint64(3)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(kind)) & mask
    while other[at, 1] != 0:
        if other[at, 1] == data and other[at, 0] == np.uint64(kind):
            return True
        at = (at + ONE) & mask
    if other[count, 0] * np.uint64(2) >= np.uint64(count):
        return False
    other[at, 0], other[at, 1] = np.uint64(kind), data
    other[count, 0] += ONE
    return True


@library.kernel("control Memory Spans i64[] u8[] u64 u64[] u8[] u64[] -> i64")
def slots_with(control, memory, spans, chosen, allocated, offset, values, table, out):
    """Where the allocated slots of the ``chosen`` spans are whose word at ``offset`` is among the sorted ``values``.

    Returns how many there are, which may be more than ``out`` has room for.
    """
    count = 0
    for i in chosen:
        for slot in range(spans.nelems[i]):
            if slot & SOME == 0 and stopped(control):
                return count
            if not is_set(allocated, spans.first[i] + slot):
                continue
            at = spans.base[i] + np.uint64(slot) * spans.elemsize[i]
            word, known = read64(memory, at + offset)
            if known and look_up(table, values, word) >= 0:
                if count < len(out):
                    out[count] = at
                count += 1
    return count


class Wanted(NamedTuple):
    """Words that say of the word behind them what lies there: itabs, type descriptors, functions."""

    words: U64
    """Sorted."""
    table: U8
    """The filter of the words, for ``look_up``."""
    rank: U8
    """Of the type that each word speaks of, an index into ``sizes``."""
    sizes: U64
    """Bytes of the types, growing."""


@helper
def note(spans, allocated, marks, sizes, rank, data, other, last):
    """Record that an interface word pair says: an object of type ``rank`` lies at ``data``.

    At the start of a slot that is large enough the slot's mark becomes at least 1 + rank: of two types the larger one
    wins, as it contains the other at offset 0 (``&timerCtx.cancelCtx``). Anything else goes to ``other``.
    """
    found = span_at(spans, data, last)
    if found < 0:
        return note_other(other, rank, data), last
    elemsize = spans.elemsize[found]
    slot = np.int64((data - spans.base[found]) // elemsize)
    offset = data - spans.base[found] - np.uint64(slot) * elemsize
    index = spans.first[found] + slot
    if not is_set(allocated, index):
        return True, found
    if offset != spans.header[found] or elemsize - offset < sizes[rank]:
        return note_other(other, rank, data), found
    max8(marks + np.uint64(index), np.uint8(1 + rank))
    return True, found


@helper
def clusters(words):
    """(low, width, low, width): two ranges that hold all the sorted ``words``, split at the widest gap between them.

    Itabs and functions of the executable lie low, itabs made at run time high: nearly no other word is in either range.
    Where all lie close together the second range holds none.
    """
    n = len(words)
    if n == 0:
        return ONE, ZERO, ONE, ZERO
    split = 0
    for i in range(1, n):
        if split == 0 or words[i] - words[i - 1] > words[split] - words[split - 1]:
            split = i
    if words[n - 1] - words[0] < CLOSE:
        return words[0], words[n - 1] - words[0], ONE, ZERO
    return words[0], words[split - 1] - words[0], words[split], words[n - 1] - words[split]


@helper
def next_near(host, stop, ranges):
    """Where in our memory the next word in either range is; ``stop`` when none is."""
    low, width, high, height = ranges
    if height == 0 and high == ONE:
        while host < stop and load64(host) - low > width:
            host += EIGHT
    else:
        while host < stop and load64(host) - low > width and load64(host) - high > height:
            host += EIGHT
    return host


@helper
def next_pair(host, stop, ranges, table, words):
    """(where in our memory, index): the next word in [host, stop) that is one of ``words``; ``stop`` when none is."""
    host = next_near(host, stop, ranges)
    while host < stop:
        word = load64(host)
        index = look_up(table, words, word)
        if index >= 0:
            return host, index
        host = next_near(host + EIGHT, stop, ranges)
    return stop, -1


@helper
def taken_until(allocated, slot, end):
    """The first slot from ``slot`` on that is not allocated."""
    while slot < end and is_set(allocated, slot):
        slot += 8 if slot & 7 == 0 and allocated[slot >> 3] == 0xFF else 1
    return min(slot, end)


@helper
def readable_from(starts, at, stop):
    """The next multiple of 8 from ``at`` on where a segment has begun; ``stop`` where none begins before that."""
    following = up_to(starts, at)
    if following == len(starts) or starts[following] >= stop:
        return stop
    return min((starts[following] + EIGHT - ONE) & ~(EIGHT - ONE), stop)


@library.kernel("control Memory Spans u8[] u64 Wanted u64[,] i64 i64 -> i64 i64 i64")
def scan_heap(control, memory, spans, allocated, marks, wanted, other, begin, end):
    """Find every interface word pair whose first word is wanted in the allocated scannable objects.

    Looks into spans [begin, end), at neighbouring objects in one go; several threads may share the marks, a byte for
    each slot, at ``marks`` of our process. Fills them and ``other`` as ``note`` does. Returns (pairs seen, bytes that
    could not be read, pairs that found ``other`` full).
    """
    ranges, starts, ends = clusters(wanted.words), memory.starts, memory.ends
    pairs, unreadable, lost, segment, last, before, word = 0, 0, 0, -1, -1, ZERO, -1
    for i in range(begin, end):
        base, elemsize, first = spans.base[i], spans.elemsize[i], spans.first[i]
        slot, slots = 0, 0 if spans.noscan[i] else spans.nelems[i]
        while slot < slots:
            after = taken_until(allocated, first + slot, first + slots) - first
            at, stop = base + np.uint64(slot) * elemsize, base + np.uint64(after) * elemsize
            slot = after + 1
            while at < stop:
                if stopped(control):
                    return pairs, unreadable, lost
                segment = segment_of(starts, ends, at, segment)
                if segment < 0:
                    there = readable_from(starts, at, stop)
                    unreadable += np.int64(there - at)
                    at = there
                    continue
                host = memory.hosts[segment] + (at - starts[segment])
                count = min((min(stop, ends[segment]) - at) // EIGHT, STRETCH)
                found, index = next_pair(host, host + EIGHT * count, ranges, wanted.table, wanted.words)
                at += max(found - host, ZERO if count else EIGHT)  # a word that the segment's end cuts is skipped
                if index < 0:
                    continue
                if (at - base) % elemsize + EIGHT < elemsize:  # not the last word of its object
                    data, known = read64(memory, at + EIGHT)
                    if known and data == before and index == word:  # siblings name one parent in a row
                        pairs += 1
                    elif known:
                        pairs, before, word = pairs + 1, data, index
                        rank = wanted.rank[index]
                        fine, last = note(spans, allocated, marks, wanted.sizes, rank, data, other, last)
                        lost += not fine
                at += EIGHT
    return pairs, unreadable, lost
