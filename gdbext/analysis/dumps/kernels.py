"""Which objects of two moments are at the same address, of the same type and size; and what refers to what."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    ALLOCATED,
    BASE,
    FIRST,
    FLAGS,
    HOST,
    MARKED,
    NOSCAN,
    SIZE,
    Objects,
    counted_as,
    header_of,
    slot_of,
    slots_of,
)
from gdbext.analysis.heap.kernels.words import Mask, is_pointer, put_mask  # noqa: F401  a declaration names some
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, load64, stopped
from gdbext.compute.library import Library
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it
from gdbext.target.kernels import EIGHT, Memory  # noqa: F401  a kernel's declaration names some

library = Library(__name__)
LIVE = ALLOCATED | MARKED


@inlined
def row_of_both(one, other, flags, later, texts, common_before, common_after):
    """The row of ``same`` that two slots' states have in common: alive in both moments and of one type; -1 for none.
    ``flags``, ``later``: of their spans."""
    if one & LIVE != LIVE or other & LIVE != LIVE:
        return np.int64(-1)
    row = common_before[counted_as(one, flags, texts[0], texts[2])]
    return row if row == common_after[counted_as(other, later, texts[1], texts[3])] else np.int64(-1)


@library.kernel("control Objects Objects i64[,] i64[] i64[] i64[] i64[,]")
def same(control, before, after, pairs, texts, common_before, common_after, out):
    """Counts objects that are alive in both: rows of ``out`` are objects and bytes.

    ``pairs``: rows (span before, span after) of spans with the same slots. ``common_…``: by where ``tally`` counts an
    object, its row of ``out``, -1 for none. ``texts``: how many types there are before and after, and the rows of a
    string's bytes.
    """
    for number in range(len(pairs)):
        first, second = before.spans[pairs[number, 0]], after.spans[pairs[number, 1]]
        at, behind = np.int64(first[FIRST]), np.int64(second[FIRST])
        for slot in range(slots_of(first)):
            if slot & SOME == 0 and stopped(control):
                return
            one, other = before.state[at + slot], after.state[behind + slot]
            row = row_of_both(one, other, first[FLAGS], second[FLAGS], texts, common_before, common_after)
            if row >= 0:
                out[row, 0] += 1
                out[row, 1] += np.int64(first[SIZE])


@inlined
def is_live(objects, number, slot):
    """Whether there is a reachable object in a span's slot."""
    return objects.state[np.int64(objects.spans[number, FIRST]) + np.int64(slot)] & LIVE == LIVE


@library.kernel("control Memory Objects Described Mask i64[] i64[,] -> i64")
def edges(control, memory, objects, described, mask, at, out):
    """Pointers of reachable objects to objects, from where ``at`` says on: the span, its slot, the object's word.

    Rows of ``out``: where the one begins, how many bytes behind that the pointer is, where the other begins. Returns
    how many; where there are as many as there is room for, ``at`` says where the next one is looked for.
    """
    count, number, slot, word = 0, at[0], at[1], at[2]
    while number < len(objects.spans):
        span = objects.spans[number]
        slots = slots_of(span) if span[FLAGS] & NOSCAN == 0 else 0
        while slot < slots:
            if slot & SOME == 0 and stopped(control):
                return count
            if objects.state[np.int64(span[FIRST]) + slot] & LIVE == LIVE:
                host, words = put_mask(memory, described, span, np.uint64(slot), mask)
                while word < np.int64(words):
                    if word & SOME == 0 and stopped(control):
                        return count
                    if is_pointer(mask, np.uint64(word)):
                        other, there = slot_of(objects, load64(host + np.uint64(word) * EIGHT))
                        if other >= 0 and is_live(objects, other, there):
                            if count == len(out):
                                at[0], at[1], at[2] = number, slot, word
                                return count
                            target = objects.spans[other]
                            out[count, 0] = np.int64(span[BASE] + host - span[HOST])
                            out[count, 1] = 8 * word
                            out[count, 2] = np.int64(target[BASE] + there * target[SIZE] + header_of(target))
                            count += 1
                    word += 1
            word, slot = 0, slot + 1
        slot, number = 0, number + 1
    at[0], at[1], at[2] = number, 0, 0
    return count


@library.kernel("control Objects Objects i64[,] i64[] i64[] i64[] i32[] i32[]")
def carry(control, before, after, pairs, texts, common_before, common_after, since, later):
    """Objects that are alive in both, as ``same`` tells, have in ``later`` what they have in ``since``: a number for
    each slot."""
    for number in range(len(pairs)):
        first, second = before.spans[pairs[number, 0]], after.spans[pairs[number, 1]]
        at, behind = np.int64(first[FIRST]), np.int64(second[FIRST])
        for slot in range(slots_of(first)):
            if slot & SOME == 0 and stopped(control):
                return
            one, other = before.state[at + slot], after.state[behind + slot]
            row = row_of_both(one, other, first[FLAGS], second[FLAGS], texts, common_before, common_after)
            if row >= 0:
                later[behind + slot] = since[at + slot]


@library.kernel("control Objects i64[] i32[] i64[] i64[,]")
def ages(control, objects, texts, since, common, out):
    """Counts reachable objects by type and by ``since``, a number for each slot below the times that there are: row
    ``common`` × times + since of ``out`` has objects and bytes. ``texts``: how many types there are, the row of a
    string's bytes, the times. ``common``: as of ``same``."""
    for number in range(len(objects.spans)):
        span = objects.spans[number]
        at = np.int64(span[FIRST])
        for slot in range(slots_of(span)):
            if slot & SOME == 0 and stopped(control):
                return
            state = objects.state[at + slot]
            if state & LIVE != LIVE:
                continue
            row = common[counted_as(state, span[FLAGS], texts[0], texts[1])]
            if row >= 0:
                out[row * texts[2] + since[at + slot], 0] += 1
                out[row * texts[2] + since[at + slot], 1] += np.int64(span[SIZE])
