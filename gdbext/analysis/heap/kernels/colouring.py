"""The compiled search for what only one of several groups keeps: colours flow along edges, two that meet become one."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.heap.kernels.marking import (  # noqa: F401  a kernel's declaration names some
    OPAQUE,
    REACHED,
    SECOND,
    WANTED,
    Edges,
    Marks,
)
from gdbext.analysis.heap.kernels.meeting import entry_of, object_of
from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    ALLOCATED,
    FIRST,
    FLAGS,
    HOST,
    NOSCAN,
    SIZE,
    THREE,
    ZERO,
    Objects,
    bits_of,
    has_bits,
    slot_of,
    slots_of,
)
from gdbext.analysis.heap.kernels.words import Mask, is_pointer, put_mask  # noqa: F401  a declaration names some
from gdbext.compute.arrays import I32, I64, U64  # noqa: F401
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, load64, stopped
from gdbext.compute.library import Library
from gdbext.golang.reading.kernels import look_up
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it
from gdbext.target.kernels import ONE, Memory  # noqa: F401  a kernel's declaration names some

library = Library(__name__)
NONE, SHARED = 0, -1
"""Colours that are no group's."""


@inlined
def give(objects, marks, colours, queue, top, address, colour, cuttable):
    """Give what an address points into a colour, unless it is reached without any group. The new end of the queue."""
    number, slot = slot_of(objects, address)
    if number < 0:
        return top
    span = objects.spans[number]
    index = np.int64(span[FIRST] + slot)
    mark, known = marks.of[index], colours[index]
    if mark & REACHED or objects.state[index] & ALLOCATED == 0 or known == colour or known == SHARED:
        return top
    if cuttable and mark & WANTED:
        return top
    colours[index] = np.int32(colour if known == NONE else SHARED)
    if span[FLAGS] & NOSCAN == 0 and mark & OPAQUE == 0:
        queue[top] = entry_of(number, slot)
        top += 1
    return top


@library.kernel("control Memory Objects Described Edges Marks Mask u64[] i32[] i32[] u64[]")
def colour(control, memory, objects, described, edges, marks, mask, words, given, colours, queue):
    """Let what each of ``words`` points into have the colour ``given`` beside it, and all that it refers to.

    ``colours``: of each slot, NONE before. ``queue``: room for twice as many objects as there are slots. Slots that are
    ``WANTED`` have their colours from ``words`` alone, not from an edge that can be cut.
    """
    top = 0
    for i in range(len(words)):
        top = give(objects, marks, colours, queue, top, words[i], given[i], False)
    while top > 0 and not stopped(control):
        top -= 1
        span, slot = object_of(objects, queue[top])
        index = np.int64(span[FIRST] + slot)
        own, small = np.int64(colours[index]), has_bits(span)
        second = 1 if marks.of[index] & SECOND else -1
        if small:
            bits, host, count = bits_of(span, slot), span[HOST] + slot * span[SIZE], np.int64(span[SIZE] >> THREE)
        else:
            bits = ZERO
            host, many = put_mask(memory, described, span, slot, mask)
            count = np.int64(many)
        last = ZERO
        for w in range(count):
            if w & SOME == SOME and stopped(control):
                return
            pointer = bits & ONE if small else is_pointer(mask, np.uint64(w))
            bits >>= ONE
            word = load64(host + (np.uint64(w) << THREE))
            if pointer and word != 0:
                cuttable = w == second or (
                    last != 0 and len(edges.itab) > 0 and look_up(edges.itab_filter, edges.itab, last) >= 0
                )
                top = give(objects, marks, colours, queue, top, word, own, cuttable)
            last = ZERO if pointer else word


@library.kernel("control Objects i32[] i64[,]")
def counts(control, objects, colours, out):
    """Objects and bytes of each colour, in its row of ``out``; of shared ones in the last."""
    for number in range(len(objects.spans)):
        span = objects.spans[number]
        first, size = np.int64(span[FIRST]), np.int64(span[SIZE])
        for i in range(first, first + slots_of(span)):
            if i & SOME == 0 and stopped(control):
                return
            if colours[i] != NONE:
                row = colours[i] if colours[i] > 0 else len(out) - 1
                out[row, 0] += 1
                out[row, 1] += size
