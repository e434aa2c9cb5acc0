"""Compiled reads of the same words of many objects, and what they point to among objects already known."""

from __future__ import annotations

import numpy as np

from gdbext.golang.kernels import Spans, find_word, is_set, look_up  # noqa: F401  declarations name the records
from gdbext.target.compiled import Library, helper
from gdbext.target.kernels import EIGHT, SOME, Memory, read64, stopped  # noqa: F401

library = Library(__name__)


@library.kernel("control Memory u64[] u64[] u64[,] -> i64")
def columns(control, memory, addresses, offsets, out):  # type: ignore[no-untyped-def]
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


@library.kernel("control Memory u64 i64[] u64[] u64[] u8[] u64[] u8[] i32[]")
def parents(control, memory, offset, mine, addresses, words, kinds, known, parent_kind, parent):  # type: ignore[no-untyped-def]
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
def words_among(control, memory, addresses, allowed, out):  # type: ignore[no-untyped-def]
    """Whether the word at each address is one of the sorted ``allowed``; one that cannot be read counts as 0."""
    for i in range(len(addresses)):
        if i & SOME == 0 and stopped(control):
            return
        word, _ = read64(memory, addresses[i])
        out[i] = find_word(allowed, word) >= 0


@library.kernel("control Memory Spans i64[] u8[] u64 u64[] u8[] u64[] -> i64")
def slots_with(control, memory, spans, chosen, allocated, offset, values, table, out):  # type: ignore[no-untyped-def]
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
