"""How many objects of each span class there are, reachable and not, and the slots they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.analysis.heap.histogram import LIVE, Count
from gdbext.analysis.heap.kernels import objects as states
from gdbext.golang.runtime.sizeclasses import LARGE_CLASSES, SPAN_CLASSES

if TYPE_CHECKING:
    from gdbext.analysis.heap.flow import Flowed
    from gdbext.compute.arrays import I64


@frozen
class OfClass:
    """The objects of one span class. ``elemsize``: bytes of a slot, 0 of large objects; ``slots``: of all its spans."""

    number: int
    elemsize: int
    count: Count
    spans: int
    slots: int

    @property
    def noscan(self) -> bool:
        """Objects without pointers."""
        return self.number % 2 == 1


def by_class(flowed: Flowed, which: int) -> list[OfClass]:
    """The LIVE or DEAD objects, the most bytes first."""
    spans, objects = flowed.laid.heap.spans, _in_each_span(flowed, which)
    of = np.minimum(spans.spanclass, SPAN_CLASSES - 1)
    columns = objects, objects * spans.elemsize.astype(np.int64), np.ones(len(of), np.int64), spans.nelems
    sums = np.zeros((SPAN_CLASSES, len(columns)), np.int64)
    np.add.at(sums, of, np.stack(columns, axis=1))
    sizes = np.zeros(SPAN_CLASSES, np.int64)
    sizes[of] = spans.elemsize
    sizes[:LARGE_CLASSES] = 0
    used = np.flatnonzero(sums[:, 0])
    return [_made(number, int(sizes[number]), *sums[number].tolist()) for number in used[_order(sums[used])].tolist()]


def _in_each_span(flowed: Flowed, which: int) -> I64:
    """How many of its objects are wanted."""
    spans, state = flowed.laid.heap.spans, flowed.state
    wanted = states.ALLOCATED | (states.MARKED if which == LIVE else 0)
    chosen = state & (states.ALLOCATED | states.MARKED) == wanted
    full, found = np.flatnonzero(spans.nelems > 0), np.zeros(len(spans.base), np.int64)
    if len(full):
        found[full] = np.add.reduceat(chosen, spans.first[full], dtype=np.int64)
    return found


def _order(sums: I64) -> I64:
    return np.lexsort((np.arange(len(sums)), -sums[:, 1]))


def _made(number: int, elemsize: int, objects: int, size: int, spans: int, slots: int) -> OfClass:
    return OfClass(number, elemsize, Count(objects, size), spans, slots)
