"""Compiled loops over objects without a type whose first word points to a function's code."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.heap.kernels.meeting import TYPED, Work, entry_of, push  # noqa: F401  a kernel's declaration names one
from gdbext.analysis.heap.kernels.objects import (
    BITS_UP_TO,
    FIRST,
    FITTING,
    FLAGS,
    HEADED,
    HOST,
    LARGE,
    MARKED,
    NOSCAN,
    QUEUED,
    RANK_SHIFT,
    RANKS,
    ROW,
    SIZE,
    TILED,
    ZERO,
    Objects,  # noqa: F401  a kernel's declaration names it
    bits_of,
    rounded,
    slots_of,
)
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, load64, stopped
from gdbext.compute.library import Library
from gdbext.golang.reading.kernels import look_up
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it

library = Library(__name__)
COUNT, SLOT_SIZE, POINTERS, UNSCANNED, COLUMNS = range(5)
"""Columns of what is found of a function's closures: how many, the size of their slots (0: not all are alike), their
pointer bits, whether their spans hold no pointers."""
ONE = np.uint64(1)


@inlined
def is_small(span):
    """Whether the pointer bits of an object are one word, or it has none."""
    return span[SIZE] <= BITS_UP_TO and span[FLAGS] & (HEADED | LARGE) == 0


@inlined
def called(objects, entries, filter_, span, slot):
    """The index of the function whose entry is the first word of a marked object without a type; -1 for others."""
    state = objects.state[np.int64(span[FIRST] + slot)]
    if state & MARKED == 0 or state & RANKS >= TILED << RANK_SHIFT:
        return -1
    word = load64(span[HOST] + slot * span[SIZE])
    if word < entries[0] or word > entries[-1]:
        return -1
    return look_up(filter_, entries, word)


@inlined
def pointers_of(span, slot):
    """The pointer bits of a small object."""
    return ZERO if span[FLAGS] & NOSCAN else bits_of(span, slot)


@library.kernel("control Objects u64[] u8[] i64 i64 u64[,]")
def find(control, objects, entries, filter_, begin, end, found):
    """What the closures of each function (the sorted ``entries``) in spans [begin, end) are like: rows of COLUMNS,
    zeros before."""
    for number in range(begin, end):
        span = objects.spans[number]
        for i in range(slots_of(span) if is_small(span) else 0):
            slot = np.uint64(i)
            if i & SOME == 0 and stopped(control):
                return
            index = called(objects, entries, filter_, span, slot)
            if index < 0:
                continue
            row, bits, noscan = found[index], pointers_of(span, slot), span[FLAGS] & NOSCAN
            if row[COUNT] == 0:
                row[SLOT_SIZE], row[POINTERS], row[UNSCANNED] = span[SIZE], bits, noscan
            elif row[SLOT_SIZE] != span[SIZE] or row[POINTERS] != bits or row[UNSCANNED] != noscan:
                row[SLOT_SIZE] = ZERO
            row[COUNT] += ONE


@library.kernel("control Objects Described Work u64[] u8[] i32[]")
def give_types(control, objects, described, work, entries, filter_, rows):
    """Give closures the type that ``rows`` has for their function (-1: none), and push them to be followed by it.

    An object that has more pointers than its type is only likely of it.
    """
    for number in range(len(objects.spans)):
        span = objects.spans[number]
        for i in range(slots_of(span) if is_small(span) else 0):
            slot = np.uint64(i)
            if i & SOME == 0 and stopped(control):
                return
            index = called(objects, entries, filter_, span, slot)
            row = np.int64(rows[index]) if index >= 0 else -1
            if row < 0 or described.size[row] > span[SIZE]:
                continue
            mask, bits, at = described.mask[row], pointers_of(span, slot), np.int64(span[FIRST] + slot)
            if mask & ~bits != 0:
                continue
            fits = mask == bits and rounded(objects.classes, described.size[row]) == span[SIZE]
            state = (objects.state[at] & ~(RANKS | ROW)) | ((FITTING if fits else TILED) << RANK_SHIFT) | row
            if bits != 0 and described.slots[row] > 0 and work.tops[TYPED] < len(work.typed):
                push(work.typed, work.tops, TYPED, entry_of(number, slot))
                state |= QUEUED
            objects.state[at] = np.int32(state)
