"""What is known of each object: allocated, reachable, of which type and how certain that is; and counts of that."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gdbext.compute.arrays import I32, U64, Rows
from gdbext.compute.functions import helper, inlined
from gdbext.compute.intrinsics import SOME, load8, load64, stopped
from gdbext.compute.library import Library
from gdbext.golang.runtime.kernels.spans import is_set
from gdbext.golang.types.flat.kernels import HCHAN, INSIDE, NODE, TEXT, row_of
from gdbext.target.kernels import EIGHT, ONE, host_of

library = Library(__name__)
ZERO, TWO, THREE = np.uint64(0), np.uint64(2), np.uint64(3)
# Columns of ``Objects.spans``
BASE, LIMIT, SIZE, FIRST, DIVIDE, HOST, BITS, FLAGS = range(8)
# Its flags; above them the span's class, and the row of a large object's type, plus one
NOSCAN, HEADED, LARGE, BITMAP = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(8)
CLASS_SHIFT, CLASS = np.uint64(8), np.uint64(255)
TYPE_SHIFT = np.uint64(32)
# Bits of a state: of a slot, how certain its type is (rank) and the row of that
ALLOCATED, MARKED, QUEUED, RANK_SHIFT, ROW = 1 << 30, 1 << 29, 1 << 28, 25, (1 << 25) - 1
RANKS = 7 << RANK_SHIFT
EXACT, FITTING, TILED, PREFIX = 4, 3, 2, 1
CHAIN = 16
PAGE_BITS = np.uint64(13)
SMALL = np.uint64(32768)
BITS_UP_TO = np.uint64(512)
"""Bytes of the largest objects whose pointer bits fit one word."""


class Objects(NamedTuple):
    """The heap's slots, for many look-ups: a row of eight words for each span, so that one is one cache line."""

    spans: Rows
    pages: I32
    """The span of each page from the first span's on, -1 for none; empty where the heap is spread too wide for that."""
    state: I32
    """Of each slot."""
    classes: U64
    """The size of the slot for an object of (index * 8) bytes without a header."""


@library.kernel("control u8[] i32[] i64 i64")
def begin(control, allocated, state, first, end):
    """The states of slots [first, end) of which nothing is known but whether they are allocated."""
    for i in range(first, end):
        if i & SOME == 0 and stopped(control):
            return
        state[i] = ALLOCATED if is_set(allocated, i) else 0


@inlined
def span_number(objects, address):
    """The span that an address may lie in; -1 for none."""
    if len(objects.pages) == 0:
        return span_below(objects.spans, address)
    page = (address - objects.spans[0, BASE]) >> PAGE_BITS
    return np.int64(objects.pages[page]) if page < np.uint64(len(objects.pages)) else -1


@helper
def span_below(spans, address):
    """The last span that begins at an address or below; -1 for none."""
    low, high = 0, len(spans)
    while low < high:
        middle = (low + high) // 2
        if spans[middle, BASE] <= address:
            low = middle + 1
        else:
            high = middle
    return low - 1


@inlined
def slot_at(span, address):
    """The slot of a span that an address of its slots is in."""
    return ((address - span[BASE]) * span[DIVIDE]) >> TYPE_SHIFT


@inlined
def slot_of(objects, address):
    """(span, slot) that an address points into, allocated or not; span -1 for none."""
    number = span_number(objects, address)
    if number < 0 or not objects.spans[number, BASE] <= address < objects.spans[number, LIMIT]:
        return -1, ZERO
    return number, slot_at(objects.spans[number], address)


@inlined
def slots_of(span):
    """How many slots a span has."""
    return np.int64((span[LIMIT] - span[BASE]) // span[SIZE])


@inlined
def header_of(span):
    """Bytes of malloc header before each object."""
    return EIGHT if span[FLAGS] & HEADED else ZERO


@inlined
def has_bits(span):
    """Whether the heap has the pointer bits of each object in one word."""
    return span[FLAGS] & BITMAP and span[SIZE] <= BITS_UP_TO


@inlined
def bit_at(host, bit):
    """A bit of a bitmap in our memory."""
    return (load8(host + (bit >> THREE)) >> (bit & np.uint64(7))) & 1


@inlined
def bits_of(span, slot):
    """The pointer bits of an object of up to 64 words."""
    words = span[SIZE] >> THREE
    first = slot * words
    byte, shift = first >> THREE, first & np.uint64(7)
    last = (((span[LIMIT] - span[BASE]) >> THREE) + np.uint64(7)) >> THREE
    if last >= EIGHT and byte > last - EIGHT:  # nothing is read behind the bitmap
        shift += (byte - (last - EIGHT)) << THREE
        byte = last - EIGHT
    found = load64(span[BITS] + byte) >> shift
    return found & ((ONE << words) - ONE) if words < 64 else found


@inlined
def rounded(classes, size):
    """The slot that an object of ``size`` bytes gets."""
    if size <= SMALL:
        return classes[(size + np.uint64(7)) >> THREE]
    return (size + np.uint64(8191)) & ~np.uint64(8191)


@inlined
def copies(bits, words):
    """How many values of ``words`` words reach up to the last bit."""
    count = 0
    while bits != 0:
        bits = bits >> words if words < 64 else ZERO
        count += 1
    return np.uint64(count)


@inlined
def grade(objects, described, span, slot, offset, row, times):
    """How far an object may be values of a type, ``times`` of which lie at an offset: a rank, 0 for not at all."""
    size, elemsize = described.size[row], span[SIZE]
    if size == 0 or size > elemsize - offset:
        return 0
    if span[FLAGS] & NOSCAN:
        if described.pointers[row] != 0 and described.kind[row] != HCHAN:
            return 0
        whole = offset == 0 and times <= elemsize // size and rounded(objects.classes, size * times) == elemsize
        if described.kind[row] == TEXT:  # of a string that may be a piece of another
            return FITTING if whole else TILED
        if elemsize == 16 and size * times < 16:  # many such share a block (runtime/malloc.go, tiny allocator)
            return TILED
        if offset != 0 and is_tail(objects, span, offset, size, times):
            return TILED
        return FITTING if whole or (offset == 0 and described.kind[row] == HCHAN) else PREFIX
    if described.pointers[row] == 0:
        return PREFIX
    if offset == 0:
        return grade_pointers(objects, described, span, slot, row, times)
    if not is_tail(objects, span, offset, size, times):
        return PREFIX
    rank = grade_pointers(objects, described, span, slot, row, times + offset // size)
    return TILED if rank == FITTING else PREFIX


@inlined
def begun(objects, described, span, row):
    """Whether a single value that fills the slot may be the beginning of a larger one that fits there as well: who
    has a pointer to the inner one alone cannot tell."""
    outer = described.outer[row]
    return outer <= span[SIZE] and rounded(objects.classes, outer) == span[SIZE]


@inlined
def is_tail(objects, span, offset, size, times):
    """Whether values at an offset may be the rest of an array that fills the slot, which a slice has lost the beginning
    of. One value alone may be the last field of anything; so may an array: that is likely at most."""
    if times < TWO or offset % size != 0 or times > (span[SIZE] - offset) // size:
        return False
    return rounded(objects.classes, offset + size * times) == span[SIZE]


@helper
def grade_pointers(objects, described, span, slot, row, times):
    """The same of an object with pointers and values from its beginning on, by what the heap says is a pointer."""
    size, elemsize = described.size[row], span[SIZE]
    if elemsize > BITS_UP_TO:
        return grade_large(objects, described, span, slot, row, times)
    bits, words, mask = bits_of(span, slot), size >> THREE, described.mask[row]
    within = (ONE << words) - ONE if words < 64 else ~ZERO
    if bits & within != mask & within:
        return 0
    tile = described.tile[row]
    if times * size <= elemsize and rounded(objects.classes, size * times) == elemsize:
        total = times * words
        if bits == (tile & ((ONE << total) - ONE) if total < 64 else tile):
            return FITTING
    total = copies(bits, words) * words
    return TILED if bits == (tile & ((ONE << total) - ONE) if total < 64 else tile) else PREFIX


@inlined
def grade_large(objects, described, span, slot, row, times):
    """The same where the heap has bits for objects of more than 64 words (until Go 1.21): all of them are compared."""
    words, mask = span[SIZE] >> THREE, described.gcdata[row]
    each, within = described.size[row] >> THREE, described.pointers[row] >> THREE
    first, tail, reached = slot * words, ZERO, ZERO
    if mask == 0 or each == 0 or span[BITS] == 0:  # 0: its header's type is in no table (Go 1.22, 1.23)
        return PREFIX
    for w in range(words):
        bit, inside = first + np.uint64(w), np.uint64(w) % each
        there = bit_at(span[BITS], bit)
        wanted = bit_at(mask, inside) if inside < within else 0
        if there > wanted:
            return PREFIX if reached >= each else 0
        if there < wanted:  # no more values
            tail = np.uint64(w)
            break
        reached += ONE
    if tail != 0:
        if tail < each:
            return 0
        for w in range(tail, words):
            if bit_at(span[BITS], first + np.uint64(w)):
                return PREFIX
    return FITTING if rounded(objects.classes, described.size[row] * times) == span[SIZE] else TILED


@inlined
def nesting(described, row):
    """How many types a type begins with, each in the one before: what contains another one has more."""
    depth = 0
    while depth < CHAIN and described.first[row] >= 0:
        row, depth = np.int64(described.first[row]), depth + 1
    return depth


@inlined
def better(described, rank, row, old):
    """Whether evidence of ``rank`` for a type outdoes an object's state: of the larger type, then of the one that
    contains the other. All evidence is in one order, so that it does not matter in which it comes."""
    known, before = (old & RANKS) >> RANK_SHIFT, np.int64(old & ROW)
    if rank != known:
        return rank > known
    if row == before or rank == 0:
        return False
    if described.size[row] != described.size[before]:
        return described.size[row] > described.size[before]
    depth, depth_before = nesting(described, row), nesting(described, before)
    return depth > depth_before or (depth == depth_before and row < before)


@inlined
def resolved(memory, described, row, address):
    """The type of a value that only its first byte tells: an entry (1) or an inner node of a sync.Map."""
    if row < 0 or described.kind[row] != NODE:
        return row
    host = host_of(memory, address, ONE)
    if host == 0:
        return -1
    return np.int64(described.elem[row] if load8(host) == 1 else described.own[row])


@inlined
def around(memory, described, row, address, offset):
    """(row, offset) of what lies at an offset into an object: of the whole where it is inside of that."""
    if row < 0 or described.kind[row] != INSIDE:
        return row, offset
    if offset != described.size[row]:
        return np.int64(described.own[row]), offset
    whole = np.int64(described.elem[row])
    if described.first[row] >= 0:
        host = host_of(memory, address + described.length[row], EIGHT)
        if host != 0 and load64(host) != 0:
            whole = np.int64(described.first[row])
    return whole, ZERO


@inlined
def header_row(described, span, slot):
    """The row of the type that an object's malloc header or its span names; -1 for none that is known."""
    if span[FLAGS] & LARGE:
        return np.int64(span[FLAGS] >> TYPE_SHIFT) - 1
    return row_of(described, load64(span[HOST] + slot * span[SIZE]))


@inlined
def counted_as(state, flags, types, text):
    """Where an object is counted: by type, sure or likely, then by span class.

    Where there is a piece of a string nothing was found but such pieces: that is sure.
    """
    rank = (state & RANKS) >> RANK_SHIFT
    if rank >= TILED:
        return 2 * np.int64(state & ROW) + (0 if rank >= FITTING or state & ROW == text else 1)
    return 2 * types + np.int64((flags >> CLASS_SHIFT) & CLASS)


@library.kernel("control Objects i64 i64 i64 i64 i64[,]")
def tally(control, objects, types, text, begin, end, out):
    """Spans [begin, end) by type: rows of ``out`` (., 4) are count and bytes of marked objects, then of the others.

    Each type has two rows, of objects that are certain to be of it and of those that are likely; behind those of all
    ``types`` stand span classes, for objects without a type. ``text``: the row of a string's bytes.
    """
    for number in range(begin, end):
        span = objects.spans[number]
        first = np.int64(span[FIRST])
        for i in range(first, first + slots_of(span)):
            if i & SOME == 0 and stopped(control):
                return
            state = objects.state[i]
            if state & ALLOCATED == 0:
                continue
            row, dead = counted_as(state, span[FLAGS], types, text), 0 if state & MARKED else 2
            out[row, dead] += 1
            out[row, dead + 1] += np.int64(span[SIZE])


@library.kernel("control Objects i64 i64 i64[] u64[] i64[] -> i64")
def instances(control, objects, types, text, counted, address, size):
    """The objects that ``tally`` counts in the sorted rows ``counted``: where they begin, and their bytes, negative for
    those that are not marked. Returns how many, which may be more than there is room for."""
    count = 0
    for number in range(len(objects.spans)):
        span = objects.spans[number]
        first = np.int64(span[FIRST])
        for slot in range(slots_of(span)):
            if slot & SOME == 0 and stopped(control):
                return count
            state = objects.state[first + slot]
            if state & ALLOCATED == 0:
                continue
            row, found = counted_as(state, span[FLAGS], types, text), False
            for one in counted:
                found = found or one == row
            if found:
                if count < len(address):
                    address[count] = span[BASE] + np.uint64(slot) * span[SIZE] + header_of(span)
                    size[count] = np.int64(span[SIZE]) if state & MARKED else -np.int64(span[SIZE])
                count += 1
    return count
