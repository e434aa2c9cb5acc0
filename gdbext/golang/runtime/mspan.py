"""One span with all that it says of itself, and spans by state (runtime/mheap.go, mspan)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from gdbext.errors import MemoryFault
from gdbext.golang.reading.declarations import UINT, declare, optional
from gdbext.golang.reading.program import distinct
from gdbext.golang.runtime.heapobject import span_address
from gdbext.golang.runtime.mheap import MHEAP, PIECE, ahead, mheap, span_pointers, sweepgen
from gdbext.golang.runtime.spancheck import PAGE_SIZE

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

WHOLE = declare(
    "runtime.mspan",
    base=UINT("startAddr"),
    npages=UINT,
    limit=UINT,
    elemsize=UINT,
    nelems=UINT,
    spanclass=UINT,
    state=UINT,
    sweepgen=UINT,
    freeindex=UINT,
    scan_freeindex=UINT("freeIndexForScan"),
    taken=UINT("allocCount"),
    before=UINT("allocCountBeforeCache"),
    alloc_cache=UINT("allocCache"),
    alloc_bits=UINT("allocBits"),
    mark_bits=UINT("gcmarkBits"),
    pinner_bits=UINT("pinnerBits"),
    needzero=UINT,
    user_arena=UINT("isUserArenaChunk"),
    specials=UINT,
    large_type=optional(UINT("largeType")),  # Go 1.22
)
STATE = declare("runtime.mspan", npages=UINT, state=UINT)
STATES = ("dead", "in use", "manual")
"""mSpanState in words: manual ones are stacks and what the collector works with."""
SWEPT = {
    -2: "needs sweeping",
    -1: "is being swept",
    0: "swept",
    1: "cached since before the sweep began, needs sweeping",
    3: "swept, then cached",
}
"""By how far its sweepgen is ahead of the heap's (the comment at mspan.sweepgen)."""


@frozen
class State:
    """All spans of a state. ``bytes``: of their pages; None of dead ones, which have none."""

    name: str
    spans: int
    bytes: int | None


def states(program: Program) -> list[State]:
    """How many spans are in each state. Raises InconsistentRuntime, MemoryFault."""
    pointers = distinct(span_pointers(program, program.record(MHEAP, mheap(program))["allspans"]))
    counts, pages = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for at in range(0, len(pointers), PIECE):
        records, readable = program.records(STATE, pointers[at : at + PIECE])
        sane = readable & (records["npages"] < program.arch.top // PAGE_SIZE)
        np.add.at(counts, records["state"][sane], 1)
        np.add.at(pages, records["state"][sane], records["npages"][sane].astype(np.int64))
    seen: list[int] = np.flatnonzero(counts).tolist()
    return [State(state_name(one), int(counts[one]), int(pages[one]) * PAGE_SIZE if one else None) for one in seen]


def state_name(number: int) -> str:
    """An mSpanState in words."""
    return STATES[number] if number < len(STATES) else f"unknown state {number}"


def find(program: Program, address: int) -> int:
    """The mspan whose pages hold ``address``, or that lies there itself; 0 for none.

    Raises MemoryFault and InconsistentRuntime where there is no list of spans.
    """
    if found := _by_pages(program, address):
        return found
    every = span_pointers(program, program.record(MHEAP, mheap(program))["allspans"])
    return address if (every == address).any() else 0


def _by_pages(program: Program, address: int) -> int:
    """By the page table, which goes on naming the spans of pages that were freed."""
    try:
        span = span_address(program, address)
        record = program.record(WHOLE, span)
    except MemoryFault:
        return 0
    start, size = int(record["base"]), int(record["npages"]) * PAGE_SIZE
    return span if record["state"] and start <= address < start + size else 0


def whole(program: Program, span: int) -> Any:
    """All fields of an mspan. Raises MemoryFault."""
    return program.record(WHOLE, span)


def swept(program: Program, record: Any) -> str:
    """Whether a span in use was swept, in words. Raises MemoryFault."""
    by = ahead(int(record["sweepgen"]), sweepgen(program))
    return SWEPT.get(by, f"unknown: {by:+} to the heap's")
