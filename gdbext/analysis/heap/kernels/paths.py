"""The compiled search for shortest paths: every object that roots reach, breadth first, and from where."""

from __future__ import annotations

import numpy as np

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
)
from gdbext.analysis.heap.kernels.words import Mask, is_pointer, put_mask  # noqa: F401  a declaration names some
from gdbext.compute.functions import inlined
from gdbext.compute.intrinsics import SOME, load64, stopped
from gdbext.compute.library import Library
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it
from gdbext.target.kernels import ONE, Memory  # noqa: F401  a kernel's declaration names some

library = Library(__name__)


@inlined
def reach(objects, address, came, parents, queue, top):
    """Note where an object was reached from, unless that is known. The new end of the queue."""
    number, slot = slot_of(objects, address)
    if number < 0:
        return top
    index = np.int64(objects.spans[number, FIRST] + slot)
    if objects.state[index] & ALLOCATED == 0 or parents[index] != 0:
        return top
    parents[index] = np.int32(came)
    if objects.spans[number, FLAGS] & NOSCAN:
        return top
    queue[top] = entry_of(number, slot)
    return top + 1


@library.kernel("control Objects u64[] i32[] u64[] i64[]")
def reach_roots(control, objects, roots, parents, queue, tops):
    """Note what the words ``roots`` point into: ``parents`` is -1 - the number of one. ``queue``: as long as there are
    slots; ``tops``: how many of its objects were looked into, and how many there are."""
    for i in range(len(roots)):
        if i & SOME == 0 and stopped(control):
            return
        tops[1] = reach(objects, roots[i], -1 - i, parents, queue, tops[1])


@library.kernel("control Memory Objects Described Mask i32[] u64[] i64[] i64")
def reach_more(control, memory, objects, described, mask, parents, queue, tops, most):
    """Look into ``most`` objects more, those first that are nearest to the roots: of each slot that they refer to
    ``parents`` says where a shortest path comes from, 1 + a slot. 0 stays where nothing reaches."""
    at, top = tops[0], tops[1]
    end = at + most
    while at < min(top, end) and not stopped(control):
        span, slot = object_of(objects, queue[at])
        at += 1
        came = np.int64(span[FIRST] + slot) + 1
        small = has_bits(span)
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
    tops[0], tops[1] = at, top


@library.kernel("control i32[] i64[] i32[] i64[]")
def roots(control, parents, ids, known, out):
    """The number of the root with which the path to each of the slots ``ids`` begins, -1 for none. ``known``: a 0 for
    each slot; what was found is noted there, so that no way up is gone twice."""
    for i in range(len(ids)):
        at, steps = ids[i], 0
        while known[at] == 0 and parents[at] > 0 and steps < len(parents):
            if steps & SOME == 0 and stopped(control):
                return
            at = np.int64(parents[at]) - 1
            steps += 1
        found = known[at] if known[at] != 0 else parents[at]
        out[i] = -1 - np.int64(found) if found < 0 else -1
        at = ids[i]
        while steps > 0:
            known[at] = found if found < 0 else np.int32(1)
            at = np.int64(parents[at]) - 1
            steps -= 1
