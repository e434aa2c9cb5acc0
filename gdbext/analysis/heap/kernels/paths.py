"""The compiled search for shortest paths: every object that roots reach, breadth first, and from where."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.heap.kernels.meeting import object_of
from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    ALLOCATED,
    BASE,
    BITMAP,
    BITS_UP_TO,
    DIVIDE,
    FIRST,
    FLAGS,
    HOST,
    LIMIT,
    NOSCAN,
    SIZE,
    THREE,
    TYPE_SHIFT,
    ZERO,
    Objects,
    bits_of,
    span_number,
)
from gdbext.analysis.heap.kernels.words import Mask, is_pointer, put_mask  # noqa: F401  a declaration names some
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import load64, stopped
from gdbext.compute.library import Library
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it
from gdbext.target.kernels import ONE, Memory  # noqa: F401  a kernel's declaration names some

library = Library(__name__)


@inlined
def place_of(objects, address):
    """(span, slot) of the allocated object that an address points into; span -1 for none."""
    number = span_number(objects, address)
    if number < 0:
        return -1, ZERO
    span = objects.spans[number]
    if address >= span[LIMIT] or address < span[BASE]:
        return -1, ZERO
    slot = ((address - span[BASE]) * span[DIVIDE]) >> TYPE_SHIFT
    return (number, slot) if objects.state[np.int64(span[FIRST] + slot)] & ALLOCATED else (-1, ZERO)


@inlined
def reach(objects, address, came, parents, queue, top):
    """Note where an object was reached from, unless that is known. The new end of the queue."""
    number, slot = place_of(objects, address)
    if number >= 0:
        index = np.int64(objects.spans[number, FIRST] + slot)
        if parents[index] == 0:
            parents[index] = np.int32(came)
            if objects.spans[number, FLAGS] & NOSCAN == 0:
                queue[top] = (np.uint64(number) << TYPE_SHIFT) | slot
                return top + 1
    return top


@library.kernel("control Memory Objects Described Mask u64[] i32[] u64[]")
def reach_all(control, memory, objects, described, mask, roots, parents, queue):
    """Of each slot that the words ``roots`` reach where a shortest path comes from: ``parents`` is 1 + a slot, or
    -1 - the number of a root; 0 stays where nothing reaches. ``queue``: as long as there are slots."""
    top = 0
    for i in range(len(roots)):
        top = reach(objects, roots[i], -1 - i, parents, queue, top)
    at = 0
    while at < top and not stopped(control):
        span, slot = object_of(objects, queue[at])
        at += 1
        came = np.int64(span[FIRST] + slot) + 1
        small = span[FLAGS] & BITMAP and span[SIZE] <= BITS_UP_TO
        if small:
            bits, host, words = bits_of(span, slot), span[HOST] + slot * span[SIZE], span[SIZE] >> THREE
        else:
            bits = ZERO
            host, words = put_mask(memory, described, span, slot, mask)
        for w in range(words):
            pointer = bits & ONE if small else is_pointer(mask, np.uint64(w))
            bits >>= ONE
            word = load64(host + (np.uint64(w) << THREE)) if pointer else ZERO
            if word != 0:
                top = reach(objects, word, came, parents, queue, top)
