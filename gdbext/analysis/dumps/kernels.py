"""Which objects of two moments are at the same address, of the same type and size."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.heap.kernels.objects import (  # noqa: F401  a kernel's declaration names some
    ALLOCATED,
    FIRST,
    FLAGS,
    MARKED,
    SIZE,
    Objects,
    counted_as,
    slots_of,
)
from gdbext.compute.intrinsics import SOME, stopped
from gdbext.compute.library import Library

library = Library(__name__)
LIVE = ALLOCATED | MARKED


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
            if one & LIVE != LIVE or other & LIVE != LIVE:
                continue
            row = common_before[counted_as(one, first[FLAGS], texts[0], texts[2])]
            if row >= 0 and row == common_after[counted_as(other, second[FLAGS], texts[1], texts[3])]:
                out[row, 0] += 1
                out[row, 1] += np.int64(first[SIZE])
