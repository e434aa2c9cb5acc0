"""Compiled reads of the same words of many objects, and what they point to among objects already known."""

from __future__ import annotations

import numpy as np

from gdbext.golang.kernels import EIGHT, find_word, look_up, read64
from gdbext.target.compiled import Library, helper
from gdbext.target.kernels import SOME, stopped

library = Library(__name__)


@library.kernel("control u64[] u64[] u64[] u64[] u64[] u64[,] -> i64")
def columns(control, starts, ends, hosts, addresses, offsets, out):  # type: ignore[no-untyped-def]
    """The words at ``addresses[i] + offsets[j]`` into ``out[i, j]``. Returns how many could not be read (left 0)."""
    unreadable, segment = 0, -1
    for i in range(len(addresses)):
        if i & SOME == 0 and stopped(control):
            return unreadable
        for j in range(len(offsets)):
            word, segment = read64(starts, ends, hosts, addresses[i] + offsets[j], segment)
            if segment < 0:
                unreadable += 1
            else:
                out[i, j] = word
    return unreadable


@library.kernel("control u64[] u64 i32[]")
def fill_buckets(control, values, shift, start):  # type: ignore[no-untyped-def]
    """Sorted ``values`` from ``start[k]`` (zeros) to ``start[k + 1]`` have ``(value - values[0]) >> shift`` k."""
    for i in range(len(values)):
        if i & SOME == 0 and stopped(control):
            return
        start[np.int64((values[i] - values[0]) >> shift) + 1] += 1
    for k in range(1, len(start)):
        start[k] += start[k - 1]


@library.kernel("control u64[] i32[] u64 u64[] i32[]")
def index_in(control, values, start, shift, wanted, out):  # type: ignore[no-untyped-def]
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
def index_near(values, wanted, last):  # type: ignore[no-untyped-def]
    """As ``find_word``; ``last`` and its neighbours are tried first: a child often lies beside its parent."""
    for near in range(max(last - 1, 0), min(last + 2, len(values))):
        if values[near] == wanted:
            return near
    return find_word(values, wanted)


@library.kernel("control u64[] u64[] u64[] u64 i64[] u64[] u64[] u8[] u64[] u8[] i32[]")
def parents(  # type: ignore[no-untyped-def]
    control, starts, ends, hosts, offset, mine, addresses, words, kinds, known, parent_kind, parent
):
    """The parent's interface at ``addresses[i] + offset``, of context ``mine[i]``: what kind it is of by the sorted
    ``words``, and its index in the sorted ``known``. Others stay as they are."""
    segment, word, last = -1, -1, -1
    for i in range(len(addresses)):
        if i & SOME == 0 and stopped(control):
            return
        itab, segment = read64(starts, ends, hosts, addresses[i] + offset, segment)
        if segment < 0:
            continue
        word = index_near(words, itab, word)
        if word < 0:
            continue
        parent_kind[mine[i]] = kinds[word]
        data, segment = read64(starts, ends, hosts, addresses[i] + offset + EIGHT, segment)
        if segment < 0:
            continue
        if last < 0 or known[last] != data:
            last = index_near(known, data, mine[i])
        parent[mine[i]] = last


@library.kernel("control u64[] u64[] u64[] u64[] u64[] bool[]")
def words_among(control, starts, ends, hosts, addresses, allowed, out):  # type: ignore[no-untyped-def]
    """Whether the word at each address is one of the sorted ``allowed``; one that cannot be read counts as 0."""
    segment = -1
    for i in range(len(addresses)):
        if i & SOME == 0 and stopped(control):
            return
        word, segment = read64(starts, ends, hosts, addresses[i], segment)
        out[i] = find_word(allowed, word) >= 0


@library.kernel("control u64[] u64[] u64[] u64[] u64[] i64[] i64[] u8[] u64 u64[] u8[] u64[] -> i64")
def slots_with(  # type: ignore[no-untyped-def]
    control, starts, ends, hosts, base, elemsize, nelems, first, state, offset, values, table, out
):
    """The addresses of the allocated slots of some spans whose word at ``offset`` is among the sorted ``values``.

    Returns how many there are, which may be more than ``out`` has room for.
    """
    count, segment = 0, -1
    for i in range(len(base)):
        for slot in range(nelems[i]):
            if slot & SOME == 0 and stopped(control):
                return count
            if state[first[i] + slot] == 0:
                continue
            at = base[i] + np.uint64(slot) * elemsize[i]
            word, segment = read64(starts, ends, hosts, at + offset, segment)
            if segment >= 0 and look_up(table, values, word) >= 0:
                if count < len(out):
                    out[count] = at
                count += 1
    return count
