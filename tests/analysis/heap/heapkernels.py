"""What the traversal's kernels take for granted inside, to be called by tests."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.heap.kernels import objects as kernels
from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    BASE,
    BITMAP,
    BITS_UP_TO,
    FIRST,
    FLAGS,
    LIMIT,
    RANK_SHIFT,
    ROW,
    SIZE,
    Objects,
    bits_of,
)
from gdbext.compute.library import Library
from gdbext.golang.types.flat.kernels import Described  # noqa: F401  a kernel's declaration names it

library = Library(__name__)
grade_of, better_of = kernels.grade, kernels.better


@library.kernel("Objects u64[]")
def all_bits(objects, out):  # type: ignore[no-untyped-def]
    """The pointer bits of the objects of all spans that have them at their ends, by slot."""
    for number in range(len(objects.spans)):
        span = objects.spans[number]
        if span[FLAGS] & BITMAP and span[SIZE] <= BITS_UP_TO:
            for slot in range((span[LIMIT] - span[BASE]) // span[SIZE]):
                out[span[FIRST] + np.uint64(slot)] = bits_of(span, np.uint64(slot))


@library.kernel("Objects Described i64 u64 u64 i64 u64 -> i64")
def graded(objects, described, number, slot, offset, row, times):  # type: ignore[no-untyped-def]
    """How certain it is that an object of span ``number`` is ``times`` values of a type."""
    return np.int64(grade_of(objects, described, objects.spans[number], slot, offset, row, times))


@library.kernel("Described i64[] bool[,]")
def outdo(described, states, out):  # type: ignore[no-untyped-def]
    """Which evidence (rank << RANK_SHIFT | row) is better than which state, as far as states are evidence."""
    for i in range(len(states)):
        for j in range(len(states)):
            out[i, j] = better_of(described, states[i] >> RANK_SHIFT, states[i] & ROW, states[j])
