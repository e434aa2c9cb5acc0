"""The spans in use by class: how many slots they have, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.golang.runtime.sizeclasses import SPAN_CLASSES
from gdbext.golang.runtime.spancheck import PAGE_SIZE

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64
    from gdbext.golang.runtime.mheap import Heap


@frozen
class SpanClass:
    """Spans of one class.

    ``elemsize``: bytes of a slot, 0 of large objects, each of which has a span of its size. ``bytes``: of all pages;
    ``live``, ``free``: slots, ``live_bytes``: of the former. ``unswept``: spans in which the last collection's dead
    objects were not freed yet; those count as free slots.
    """

    number: int
    elemsize: int
    spans: int
    bytes: int
    slots: int
    live: int
    live_bytes: int
    unswept: int

    @property
    def noscan(self) -> bool:
        """Objects without pointers."""
        return self.number % 2 == 1

    @property
    def free(self) -> int:
        """Slots that nothing is in."""
        return self.slots - self.live


@frozen
class Total:
    """All classes together."""

    spans: int
    bytes: int
    slots: int
    live: int
    live_bytes: int
    unswept: int


def by_class(heap: Heap) -> list[SpanClass]:
    """A row for each class that has spans, the most memory first."""
    return sorted(_classes(heap), key=lambda row: (-row.bytes, row.number))


def total(classes: list[SpanClass]) -> Total:
    """The sum of the rows."""
    names = ("spans", "bytes", "slots", "live", "live_bytes", "unswept")
    return Total(*(sum(getattr(one, name) for one in classes) for name in names))


def _classes(heap: Heap) -> Iterator[SpanClass]:
    spans = heap.spans
    sizes = np.zeros(SPAN_CLASSES, np.int64)
    sizes[np.minimum(spans.spanclass, SPAN_CLASSES - 1)] = spans.elemsize
    columns = (
        np.ones(len(spans.base), np.int64),
        spans.npages.astype(np.int64) * PAGE_SIZE,
        spans.nelems,
        heap.live,
        heap.live * spans.elemsize.astype(np.int64),
        spans.unswept,
    )
    sums = [_summed(heap, column).tolist() for column in columns]
    for number, row in enumerate(zip(*sums, strict=True)):
        if row[0]:
            yield SpanClass(number, int(sizes[number]) if number > 1 else 0, *row)


def _summed(heap: Heap, column: NDArray[Any]) -> I64:
    """A column by class. What claims a class that there is not was left out before, or counts with the last one."""
    found = np.zeros(SPAN_CLASSES, np.int64)
    np.add.at(found, np.minimum(heap.spans.spanclass, SPAN_CLASSES - 1), column.astype(np.int64))
    return found
