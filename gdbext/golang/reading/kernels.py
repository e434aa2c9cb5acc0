"""Compiled reads of the same words of many objects or of whole ranges, and which of them are among known ones."""

from __future__ import annotations

import numpy as np

from gdbext.compute.functions import helper
from gdbext.compute.intrinsics import SOME, stopped
from gdbext.compute.library import Library
from gdbext.target.kernels import EIGHT, ZERO, Memory, read64  # noqa: F401  a kernel's declaration names some

library = Library(__name__)
TABLE = 1 << 16
CLOSED, RING, UNREADABLE = 0, 1, 2
"""How a linked list ends."""
NEXT = np.uint64(0x1FF8)  # bits that are 0 in one word of 1024: time for a look at the control word


@helper
def find_word(words, value):
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
def look_up(table, words, value):
    """As ``find_word``; ``table`` knows most answers: by (word >> 3) & 0xffff 0 for none, else 1 + the likely index."""
    guess = np.int64(table[(value >> np.uint64(3)) & np.uint64(TABLE - 1)])
    if guess == 0:
        return -1
    return guess - 1 if words[guess - 1] == value else find_word(words, value)


@library.kernel("control Memory u64[] u64[] u64[,] -> i64")
def columns(control, memory, addresses, offsets, out):
    """The words at ``addresses[i] + offsets[j]`` into ``out[i, j]``. Returns how many could not be read (left 0)."""
    unreadable = 0
    for i in range(len(addresses)):
        if i & SOME == 0 and stopped(control):
            return unreadable
        for j in range(len(offsets)):
            word, known = read64(memory, addresses[i] + offsets[j])
            if known:
                out[i, j] = word
            else:
                unreadable += 1
    return unreadable


@library.kernel("control u64[] u64 i32[]")
def fill_buckets(control, values, shift, start):
    """Sorted ``values`` from ``start[k]`` (zeros) to ``start[k + 1]`` have ``(value - values[0]) >> shift`` k."""
    for i in range(len(values)):
        if i & SOME == 0 and stopped(control):
            return
        start[np.int64((values[i] - values[0]) >> shift) + 1] += 1
    for k in range(1, len(start)):
        start[k] += start[k - 1]


@library.kernel("control u64[] i32[] u64 u64[] i32[]")
def index_in(control, values, start, shift, wanted, out):
    """For each of ``wanted`` its index in the sorted ``values``, or -1. ``start``, ``shift``: see ``fill_buckets``."""
    low, high = values[0], values[len(values) - 1]
    for i in range(len(wanted)):
        if i & SOME == 0 and stopped(control):
            return
        if low <= wanted[i] <= high:
            k = np.int64((wanted[i] - low) >> shift)
            found = find_word(values[start[k] : start[k + 1]], wanted[i])
            out[i] = start[k] + found if found >= 0 else -1


@helper
def index_near(values, wanted, last):
    """As ``find_word``; ``last`` and its neighbours are tried first: a child often lies beside its parent."""
    for near in range(max(last - 1, 0), min(last + 2, len(values))):
        if values[near] == wanted:
            return near
    return find_word(values, wanted)


@library.kernel("control Memory u64 i64[] u64[] u64[] u8[] u64[] u8[] i32[]")
def parents(control, memory, offset, mine, addresses, words, kinds, known, parent_kind, parent):
    """The parent's interface at ``addresses[i] + offset``, of context ``mine[i]``: what kind it is of by the sorted
    ``words``, and its index in the sorted ``known``. Others stay as they are."""
    word, last = -1, -1
    for i in range(len(addresses)):
        if i & SOME == 0 and stopped(control):
            return
        itab, fine = read64(memory, addresses[i] + offset)
        word = index_near(words, itab, word) if fine else -1
        if word < 0:
            continue
        parent_kind[mine[i]] = kinds[word]
        data, fine = read64(memory, addresses[i] + offset + EIGHT)
        if not fine:
            continue
        if last < 0 or known[last] != data:
            last = index_near(known, data, mine[i])
        parent[mine[i]] = last


@library.kernel("control Memory u64[] u64[] bool[]")
def words_among(control, memory, addresses, allowed, out):
    """Whether the word at each address is one of the sorted ``allowed``; one that cannot be read counts as 0."""
    for i in range(len(addresses)):
        if i & SOME == 0 and stopped(control):
            return
        word, _ = read64(memory, addresses[i])
        out[i] = find_word(allowed, word) >= 0


@library.kernel("control Memory u64[] u64[] u64[] u8[] u64[,] -> i64")
def scan_ranges(control, memory, begin, end, words, table, out):
    """Interface word pairs in plain ranges (stacks, globals): rows (range, address, word index, data) into ``out``.

    Returns how many there are, which may be more than ``out`` has rows: call again with enough.
    """
    count = 0
    for i in range(len(begin)):
        at = begin[i]
        while at + EIGHT < end[i]:
            if at & NEXT == ZERO and stopped(control):
                return count
            word, known = read64(memory, at)
            if not known:
                break
            index = look_up(table, words, word)
            if index >= 0:
                data, known = read64(memory, at + EIGHT)
                if known:
                    if count < len(out):
                        out[count, 0], out[count, 1] = np.uint64(i), at
                        out[count, 2], out[count, 3] = np.uint64(index), data
                    count += 1
            at += EIGHT
    return count


@library.kernel("control Memory u64[] u64[] u64[] u8[] u64[,] -> i64")
def scan_values(control, memory, begin, end, values, table, out):
    """Words of plain ranges that are in ``values`` (sorted): rows (range, address, value index) into ``out``."""
    count = 0
    for i in range(len(begin)):
        at = begin[i]
        while at < end[i]:
            if at & NEXT == ZERO and stopped(control):
                return count
            word, known = read64(memory, at)
            if not known:
                break
            index = look_up(table, values, word)
            if index >= 0:
                if count < len(out):
                    out[count, 0], out[count, 1], out[count, 2] = np.uint64(i), at, np.uint64(index)
                count += 1
            at += EIGHT
    return count


@library.kernel("control Memory u64[] u64 u64[] i64[] u64[] u8[] -> i64 i64")
def follow(control, memory, heads, offset, out, owner, at, end):
    """The elements of linked lists, each list from ``heads[i]`` on, linked by the word at ``offset``, into ``out``.

    ``owner``: the list of each element. ``end[i]``: CLOSED at a nil link, RING where the list comes back to itself,
    UNREADABLE at an element whose link cannot be read, which is ``at[i]``. Returns (elements, the first list that there
    was not room for to its end).
    """
    count = 0
    for i in range(len(heads)):
        here, turtle, steps, limit = heads[i], ZERO, 0, 1
        end[i] = CLOSED
        while here != ZERO:
            if count & SOME == 0 and stopped(control):
                return count, len(heads)
            if here == turtle:
                end[i] = RING
                break
            if steps == limit:  # Brent's: wait at each power of two
                turtle, steps, limit = here, 0, 2 * limit
            steps += 1
            link, known = read64(memory, here + offset)
            if not known:
                end[i], at[i] = UNREADABLE, here
                break
            if count == len(out):
                return count, i
            out[count], owner[count] = here, i
            count += 1
            here = link
    return count, len(heads)
