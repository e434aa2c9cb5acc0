"""Compiled loops over what the Go heap's objects hold: where words lie, and the pairs that they open.

Every length that comes from target memory is bounded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, load64, max8, stopped
from gdbext.compute.library import Library
from gdbext.golang.reading.kernels import look_up
from gdbext.golang.runtime.kernels.spans import Spans, is_set, span_at  # noqa: F401  a kernel's declaration names some
from gdbext.target.kernels import EIGHT, ONE, ZERO, Memory, read64, readable_from, segment_of  # noqa: F401  likewise

if TYPE_CHECKING:
    from gdbext.compute.arrays import U8, U64

library = Library(__name__)
CLOSE = np.uint64(1 << 30)  # an executable is smaller
STRETCH = np.uint64(1 << 17)  # words searched between two looks


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
