"""Compiled loops over the Go heap: which slots are allocated, where interface words lie.

Memory is given as in ``target.kernels``: ``starts``, ``ends``, ``hosts``. Spans are parallel arrays sorted by ``base``;
the slots of all spans are numbered through, ``first[i]`` is the number of span i's slot 0. Every length that comes from
target memory is bounded here.
"""

from __future__ import annotations

import numpy as np

from gdbext.target.compiled import Library, helper
from gdbext.target.kernels import SOME, load8, load64, max8, segment_of, stopped, up_to

library = Library(__name__)
PAGE = np.uint64(8192)
INLINE_MARKS = np.uint64(64)  # from the start of the 128-byte block at the end of a Green Tea page (Go 1.25)
INLINE_BLOCK = np.uint64(128)
TABLE = 1 << 16
ZERO, ONE, EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)
CLOSE = np.uint64(1 << 30)  # an executable is smaller
NEXT = np.uint64(0x1FF8)  # bits that are 0 in one word of 1024: time for a look at the control word
STRETCH = np.uint64(1 << 17)  # words searched between two looks


@helper
def read64(starts, ends, hosts, address, last):  # type: ignore[no-untyped-def]
    """(word, segment) at a target address; segment -1 when it cannot be read."""
    found = segment_of(starts, ends, address, last)
    if found < 0 or ends[found] - address < EIGHT:
        return np.uint64(0), -1
    return load64(hosts[found] + (address - starts[found])), found


@helper
def bits8(starts, ends, hosts, bits, byte, last):  # type: ignore[no-untyped-def]
    """(eight bits, segment) of a bitmap in target memory; -1 when unreadable."""
    address = bits + np.uint64(byte)
    found = segment_of(starts, ends, address, last)
    if found < 0:
        return -1, -1
    return np.int64(load8(hosts[found] + (address - starts[found]))), found


@helper
def bit(starts, ends, hosts, bits, index, last):  # type: ignore[no-untyped-def]
    """(0 or 1, segment) of a bitmap in target memory; -1 when unreadable."""
    value, found = bits8(starts, ends, hosts, bits, index >> 3, last)
    return (value >> (index & 7)) & 1 if found >= 0 else -1, found


@library.kernel("control u64[] u64[] u64[] u64[] i64[] i64[] i64[] u64[] u64[] bool[] bool[] u8[] -> i64")
def allocated(  # type: ignore[no-untyped-def]
    control, starts, ends, hosts, base, nelems, first, free_index, alloc_bits, mark_bits, filtered, inline, state
):
    """Set ``state[slot]`` to 1 for allocated slots. Returns how many bitmap bits could not be read.

    A slot is allocated below ``free_index`` or with its alloc bit set; in a span that is not swept yet
    (``filtered``) only if it is marked as well, in gcmarkBits or in the page's inline marks (``inline``).
    """
    unreadable, a, m, n = 0, -1, -1, -1
    for i in range(len(base)):
        marks = base[i] + PAGE - INLINE_BLOCK + INLINE_MARKS
        for byte in range((nelems[i] + 7) >> 3):
            if byte & SOME == 0 and stopped(control):
                return unreadable
            count = min(nelems[i] - 8 * byte, 8)
            below = min(max(free_index[i] - 8 * byte, 0), count)
            taken = (1 << below) - 1
            if below < count:
                value, a = bits8(starts, ends, hosts, alloc_bits[i], byte, a)
                unreadable += count - below if value < 0 else 0
                taken |= max(value, 0)
            if filtered[i] and taken:
                value, m = bits8(starts, ends, hosts, mark_bits[i], byte, m)
                unreadable += count if value < 0 else 0
                if value >= 0 and inline[i]:
                    more, n = bits8(starts, ends, hosts, marks, byte, n)
                    value |= more  # -1, every bit, where they cannot be read
                taken &= value
            for slot in range(count):
                state[first[i] + 8 * byte + slot] = (taken >> slot) & 1
    return unreadable


@library.kernel("control u64[] u64[] u64[] i64[] u64[] bool[] i64[] -> i64")
def survivors(control, starts, ends, hosts, first, alloc_bits, unswept, ids):  # type: ignore[no-untyped-def]
    """How many of the allocated slots ``ids`` (sorted) the last collection found reachable.

    Sweeping makes the mark bits the alloc bits: a slot without one was allocated since. Slots of spans that are not
    swept yet passed as allocated only because they are marked.
    """
    count, segment, span = 0, -1, 0
    for index in ids:
        if stopped(control):
            return count
        while span + 1 < len(first) and first[span + 1] <= index:
            span += 1
        if unswept[span]:
            count += 1
        else:
            value, segment = bit(starts, ends, hosts, alloc_bits[span], index - first[span], segment)
            count += value == 1
    return count


@library.kernel("control u64[] u64[] i32[]")
def fill_pages(control, base, limit, table):  # type: ignore[no-untyped-def]
    """The span of each page of the heap; ``table``: -1 everywhere, as long as the heap has pages."""
    for i in range(len(base)):
        if stopped(control):
            return
        first, last = (base[i] - base[0]) // PAGE, (max(limit[i], base[i] + ONE) - ONE - base[0]) // PAGE
        for page in range(first, min(last + ONE, np.uint64(len(table)))):
            table[page] = i


@helper
def span_at(table, base, limit, address, last):  # type: ignore[no-untyped-def]
    """Index of the span whose slots hold ``address``, or -1; by the table of pages where there is one."""
    if len(table) == 0:
        return segment_of(base, limit, address, last)
    page = (address - base[0]) // PAGE
    if address < base[0] or page >= np.uint64(len(table)):
        return -1
    found = np.int64(table[page])
    return found if found >= 0 and base[found] <= address < limit[found] else -1


@library.kernel("control i32[] u64[] u64[] u64[] i64[] u8[] u64[] i64[]")
def slots_at(control, table, base, limit, elemsize, first, state, addresses, out):  # type: ignore[no-untyped-def]
    """The ids of the allocated slots that the addresses point into; -1 where there is none."""
    last = -1
    for i in range(len(addresses)):
        if i & SOME == 0 and stopped(control):
            return
        last = span_at(table, base, limit, addresses[i], last)
        out[i] = -1
        if last >= 0:
            slot = first[last] + np.int64((addresses[i] - base[last]) // elemsize[last])
            if state[slot] > 0:
                out[i] = slot


@helper
def slot_span(first, index, last):  # type: ignore[no-untyped-def]
    """The span of slot ``index``; ``last`` and the one after it are tried first."""
    n = len(first)
    for span in range(last, min(last + 2, n)):
        if first[span] <= index and (span + 1 == n or index < first[span + 1]):
            return span
    return max(up_to(first, index) - 1, 0)


@library.kernel("control i64[] i64[] i64[]")
def slot_spans(control, first, ids, out):  # type: ignore[no-untyped-def]
    """The span of each slot id; increasing ids are looked up in passing."""
    span = 0
    for i in range(len(ids)):
        if i & SOME == 0 and stopped(control):
            return
        span = slot_span(first, ids[i], span)
        out[i] = span


@library.kernel("control u64[] u64[] u64[] i64[] i64[] u64[]")
def object_addresses(control, base, elemsize, header, first, ids, out):  # type: ignore[no-untyped-def]
    """Where the objects begin (after the malloc header where there is one)."""
    span = 0
    for i in range(len(ids)):
        if i & SOME == 0 and stopped(control):
            return
        span = slot_span(first, ids[i], span)
        out[i] = base[span] + np.uint64(ids[i] - first[span]) * elemsize[span] + header[span]


@helper
def find_word(words, value):  # type: ignore[no-untyped-def]
    """Index of ``value`` in the sorted ``words``, or -1."""
    low, high = 0, len(words)
    while low < high:
        middle = (low + high) // 2
        if words[middle] < value:
            low = middle + 1
        else:
            high = middle
    if low < len(words) and words[low] == value:
        return low
    return -1


@helper
def look_up(table, words, value):  # type: ignore[no-untyped-def]
    """As ``find_word``; ``table`` knows most answers: by (word >> 3) & 0xffff 0 for none, else 1 + the likely index."""
    guess = np.int64(table[(value >> np.uint64(3)) & np.uint64(TABLE - 1)])
    if guess == 0:
        return -1
    return guess - 1 if words[guess - 1] == value else find_word(words, value)


@helper
def note_other(other, kind, data):  # type: ignore[no-untyped-def]
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


@helper
def note(pages, base, limit, elemsize, first, header, state, marks, sizes, kind, data, other, last):  # type: ignore[no-untyped-def]
    """Record that an interface word pair says: an object of type ``kind`` lies at ``data``.

    At the start of a slot that is large enough the slot's state becomes at least 2 + kind: of two kinds the larger type
    wins, as it contains the other at offset 0 (``&timerCtx.cancelCtx``). Anything else goes to ``other``.
    """
    found = span_at(pages, base, limit, data, last)
    if found < 0:
        return note_other(other, kind, data), last
    slot = np.int64((data - base[found]) // elemsize[found])
    offset = data - base[found] - np.uint64(slot) * elemsize[found]
    index = first[found] + slot
    if state[index] == 0:
        return True, found
    if offset != header[found] or elemsize[found] - offset < sizes[kind]:
        return note_other(other, kind, data), found
    if state[index] < 2 + kind:
        max8(marks + np.uint64(index), np.uint8(2 + kind))
    return True, found


@helper
def clusters(words):  # type: ignore[no-untyped-def]
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
def next_near(host, stop, ranges):  # type: ignore[no-untyped-def]
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
def next_pair(host, stop, ranges, table, words):  # type: ignore[no-untyped-def]
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
def taken_until(state, slot, end):  # type: ignore[no-untyped-def]
    """The first slot from ``slot`` on that is not allocated."""
    while slot < end and state[slot] > 0:
        slot += 1
    return slot


@helper
def readable_from(starts, at, stop):  # type: ignore[no-untyped-def]
    """The next multiple of 8 from ``at`` on where a segment has begun; ``stop`` where none begins before that."""
    following = up_to(starts, at)
    if following == len(starts) or starts[following] >= stop:
        return stop
    return min((starts[following] + EIGHT - ONE) & ~(EIGHT - ONE), stop)


@library.kernel(
    "control u64[] u64[] u64[] i32[] u64[] u64[] u64[] i64[] i64[] bool[] u64[] u8[] u64 u64[] u8[] u8[] u64[] u64[,]"
    " i64 i64 -> i64 i64 i64"
)
def scan_heap(  # type: ignore[no-untyped-def]
    control, starts, ends, hosts, pages, base, limit, elemsize, nelems, first, noscan, header, state, marks,
    words, table, kinds, sizes, other, begin, end,
):  # fmt: skip
    """Find every interface word pair whose first word is in ``words`` (sorted) in the allocated scannable objects.

    ``kinds[i]``: the type that ``words[i]`` speaks of, an index into ``sizes`` (bytes, growing); ``table``: the filter
    of the words. Looks into spans [begin, end), at neighbouring objects in one go; several threads may share
    ``state``, which lies at ``marks``. Fills it and ``other`` as ``note`` does. Returns (pairs seen, bytes that could
    not be read, pairs that found ``other`` full).
    """
    ranges = clusters(words)
    pairs, unreadable, lost, segment, last, before, word = 0, 0, 0, -1, -1, ZERO, -1
    for i in range(begin, end):
        slot, slots = 0, 0 if noscan[i] else nelems[i]
        while slot < slots:
            after = taken_until(state, first[i] + slot, first[i] + slots) - first[i]
            at, stop = base[i] + np.uint64(slot) * elemsize[i], base[i] + np.uint64(after) * elemsize[i]
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
                host, count = hosts[segment] + (at - starts[segment]), (min(stop, ends[segment]) - at) // EIGHT
                count = min(count, STRETCH)
                found, index = next_pair(host, host + EIGHT * count, ranges, table, words)
                at += max(found - host, ZERO if count else EIGHT)  # a word that the segment's end cuts is skipped
                if index < 0:
                    continue
                if (at - base[i]) % elemsize[i] + EIGHT < elemsize[i]:  # not the last word of its object
                    data, known = read64(starts, ends, hosts, at + EIGHT, segment)
                    if known >= 0 and data == before and index == word:  # siblings name one parent in a row
                        pairs += 1
                    elif known >= 0:
                        pairs, before, word = pairs + 1, data, index
                        fine, last = note(
                            pages, base, limit, elemsize, first, header, state, marks, sizes, kinds[index],
                            data, other, last,
                        )  # fmt: skip
                        lost += not fine
                at += EIGHT
    return pairs, unreadable, lost


@library.kernel("control u64[] u64[] u64[] u64[] u64[] u64[] u8[] u64[,] -> i64")
def scan_ranges(control, starts, ends, hosts, begin, end, words, table, out):  # type: ignore[no-untyped-def]
    """Interface word pairs in plain ranges (stacks, globals): rows (range, address, word index, data) into ``out``.

    Returns how many there are, which may be more than ``out`` has rows: call again with enough.
    """
    count, segment = 0, -1
    for i in range(len(begin)):
        at = begin[i]
        while at + EIGHT < end[i]:
            if at & NEXT == ZERO and stopped(control):
                return count
            word, segment = read64(starts, ends, hosts, at, segment)
            if segment < 0:
                break
            index = look_up(table, words, word)
            if index >= 0:
                data, segment = read64(starts, ends, hosts, at + EIGHT, segment)
                if segment >= 0:
                    if count < len(out):
                        out[count, 0], out[count, 1] = np.uint64(i), at
                        out[count, 2], out[count, 3] = np.uint64(index), data
                    count += 1
            at += EIGHT
    return count


@library.kernel("control u64[] u64[] u64[] u64[] u64[] u64[] u8[] u64[,] -> i64")
def scan_values(control, starts, ends, hosts, begin, end, values, table, out):  # type: ignore[no-untyped-def]
    """Words of plain ranges that are in ``values`` (sorted): rows (range, address, value index) into ``out``."""
    count, segment = 0, -1
    for i in range(len(begin)):
        at = begin[i]
        while at < end[i]:
            if at & NEXT == ZERO and stopped(control):
                return count
            word, segment = read64(starts, ends, hosts, at, segment)
            if segment < 0:
                break
            index = look_up(table, values, word)
            if index >= 0:
                if count < len(out):
                    out[count, 0], out[count, 1], out[count, 2] = np.uint64(i), at, np.uint64(index)
                count += 1
            at += EIGHT
    return count
