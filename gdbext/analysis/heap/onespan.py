"""One span: what it says of itself, how many objects are in it, and who allocates from it or would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from gdbext.errors import GdbextError
from gdbext.golang.runtime import mcache, mcentral, mheap, mspan
from gdbext.golang.runtime.mheap import IN_USE, Heap
from gdbext.golang.runtime.spancheck import PAGE_SIZE

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

NOWHERE = "in no list"


@frozen
class OneSpan:
    """``record``: the fields of the mspan (``mspan.WHOLE``). ``heap``: this span alone; None where it is in no use, or
    its record is damaged."""

    address: int
    record: Any = field(repr=False)
    heap: Heap | None = field(repr=False)
    swept: str
    held_by: str

    def number(self, name: str) -> int | None:
        """A field, None where this release has none of the name."""
        return int(self.record[name]) if name in self.record.dtype.names else None

    @property
    def end(self) -> int:
        """Where its pages end."""
        return int(self.record["base"]) + self.bytes

    @property
    def bytes(self) -> int:
        """Of its pages."""
        return int(self.record["npages"]) * PAGE_SIZE

    @property
    def live(self) -> int | None:
        """How many of its slots are allocated, dead ones left out."""
        return self.heap.totals()[0] if self.heap is not None else None


def one_span(program: Program, address: int) -> OneSpan | None:
    """The span that holds an address, or that lies there; None for none. Raises MemoryFault, InconsistentRuntime."""
    found = mspan.find(program, address)
    if not found:
        return None
    record = mspan.whole(program, found)
    used = int(record["state"]) == IN_USE
    swept, holder = (mspan.swept(program, record), _holder(program, found)) if used else ("", "")
    return OneSpan(found, record, _alone(program, found) if used else None, swept, holder)


def _alone(program: Program, span: int) -> Heap | None:
    """The heap of this one span."""
    spans = mheap.span_alone(program, span)
    if spans is None:
        return None
    image = program.target.memory.image(mheap.span_ranges(spans) + mheap.span_bitmaps(spans))
    return Heap.over(program, spans, image)


def _holder(program: Program, span: int) -> str:
    """Which P's cache or which central set has it, in words; "" where nobody knows."""
    try:
        cached, central = mcache.caches(program), mcentral.central(program)
    except GdbextError:
        return ""
    for owner in cached.spans.owner[cached.spans.address == span].tolist():
        return f"the cache of P {cached.p[owner]}"
    for kind in central.kind[(central.address == span) & ~central.passed].tolist():
        return f"the central set of {mcentral.SETS[kind].replace('_', ', ')} spans"
    return NOWHERE
