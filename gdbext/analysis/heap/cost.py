"""What a pass over the whole heap takes, known before it begins: a bound of its memory, and about how long."""

from __future__ import annotations

from attrs import frozen

from gdbext.compute import parallel
from gdbext.golang.runtime.mheap import Heap

LONG_SECONDS = 2.0
"""What takes less is not worth a line."""
FOLLOWING_NS, SEARCHING_NS, DOMINATING_NS = 200, 100, 150
"""Of one processor, for each object with pointers: on heaps of 17 and 20 million objects, which no cache holds."""
STATE, QUEUED, PLACED, SPAN = 4, 8, 4, 128
"""Bytes that a pass keeps of each slot, of each object with pointers in a queue, of its place there, and of a span."""
GRAPH, DEEP, EDGE = 60, 40, 12
"""Bytes of dominators: of each object, of each on the way down to one, of each pointer but the first to an object."""
ELSEWHERE = 32 << 20
"""Types, closures and a copy of the program's variables, however small the heap is."""


@frozen
class Cost:
    """``objects``: those with pointers. ``bytes``: at most, beside the core or the copy of the heap's memory."""

    doing: str
    objects: int
    seconds: float
    bytes: int

    @property
    def is_long(self) -> bool:
        return self.seconds > LONG_SECONDS

    def __str__(self) -> str:
        takes = f"about {self.seconds:,.0f} s, at most {self.bytes / 1e6:,.0f} MB of memory"
        return f"{self.doing} {self.objects:,} objects: {takes}"


def following(heap: Heap) -> Cost:
    """Of ``flow.flow``: a queue that is read and one that is written, and the order in which a level is looked at."""
    objects = _pointing(heap)
    seconds = objects * FOLLOWING_NS / 1e9 / parallel.threads()
    each = 3 * QUEUED + PLACED
    return Cost("following the pointers of", objects, seconds, _kept(heap) + objects * each)


def searching(heap: Heap) -> Cost:
    """Of ``paths.Paths``: one queue, in one thread, which holds each object once."""
    objects = _pointing(heap)
    return Cost("searching paths to", objects, objects * SEARCHING_NS / 1e9, _kept(heap) + heap.spans.slots * QUEUED)


def dominating(heap: Heap) -> Cost:
    """Of ``dominators.Dominators``, in one thread: where no way down is longer than half of the objects, and each is
    pointed to twice."""
    objects, pointing = int(heap.live.sum()), _pointing(heap)
    room = _kept(heap) + heap.spans.slots * STATE + objects * (GRAPH + EDGE) + pointing * DEEP // 2
    return Cost("searching what dominates", objects, objects * DOMINATING_NS / 1e9, room)


def _pointing(heap: Heap) -> int:
    return int(heap.live[~heap.spans.noscan].sum())


def _kept(heap: Heap) -> int:
    return heap.spans.slots * STATE + len(heap.spans.base) * SPAN + ELSEWHERE
