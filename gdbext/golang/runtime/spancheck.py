"""Which span records can be believed (runtime/mheap.go): a core's bytes may be anything, and slots become arrays.

A span in use has slots that fit its pages, pages that are mapped, and is what the arena's page table names for its
first and its last page; no two hold the same page. What is otherwise is left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gdbext.errors import MemoryFault, MissingSymbol
from gdbext.target import merge_ranges

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools
    from gdbext.golang.reading.program import Program

PAGE_SIZE = 8192
ARENA_SIZE = 64 << 20
SIZES = ("internal/runtime/gc.SizeClassToSize", "runtime.class_to_size")  # the latter until Go 1.25
CLASSES = 68
LARGEST_SMALL = 32768


def sane(records: NDArray[Any], top: int) -> Bools:
    """Span records that have slots, and whose slots fit in their pages. ``top``: where addresses end."""
    base, pages = (records[name].astype(np.uint64) for name in ("base", "npages"))
    size, count = (records[name].astype(np.uint64) for name in ("elemsize", "nelems"))
    here = (pages > 0) & (pages < top // PAGE_SIZE) & (base > 0) & (base < top) & (base % PAGE_SIZE == 0)
    room = np.where(here, pages, 0).astype(np.uint64) * np.uint64(PAGE_SIZE)
    slots = room // np.maximum(size, np.uint64(1))
    fine: Bools = here & (base + room <= top) & (size > 0) & (count > 0) & (count <= slots)
    return fine


def ends(records: NDArray[Any]) -> U64:
    """Where the pages of sane records end."""
    end: U64 = records["base"].astype(np.uint64) + records["npages"].astype(np.uint64) * np.uint64(PAGE_SIZE)
    return end


def apart(records: NDArray[Any]) -> Bools:
    """Of sane records those that hold no page of another one kept, the lower one first."""
    kept, order = np.ones(len(records), np.bool_), np.argsort(records["base"], kind="stable")
    start, stop = records["base"][order].astype(np.uint64), ends(records)[order]
    if (start[1:] >= stop[:-1]).all():
        return kept
    end = 0
    for row, low, high in zip(order.tolist(), start.tolist(), stop.tolist(), strict=True):
        kept[row] = low >= end
        end = high if low >= end else end
    return kept


def mapped(program: Program, records: NDArray[Any]) -> Bools:
    """Sane records whose pages are mapped; all of them where nobody knows what is."""
    top, known = program.arch.top, program.target.memory.mappings()
    ranges = merge_ranges((one.start, min(one.end, top)) for one in known if one.start < top)
    if not ranges:
        return np.ones(len(records), np.bool_)
    starts, stops = np.array(ranges, np.uint64).T
    at = np.searchsorted(starts, records["base"].astype(np.uint64), "right") - 1
    inside: Bools = (at >= 0) & (ends(records) <= stops[np.maximum(at, 0)])
    return inside


def sized(program: Program, records: NDArray[Any]) -> Bools:
    """Records whose slots are as large as those of their size class; all where the program does not say the sizes."""
    number = (records["spanclass"] >> 1).astype(np.int64)
    sizes = class_sizes(program)
    if sizes is None:
        return np.ones(len(records), np.bool_)
    known = number < CLASSES
    right: Bools = known & ((number == 0) | (sizes[np.where(known, number, 0)] == records["elemsize"]))
    return right


def class_sizes(program: Program) -> U64 | None:
    """The slot size of each size class; None where the program's table is not there or damaged."""
    for name in SIZES:
        try:
            raw = np.frombuffer(program.read(program.symbol(name), 2 * CLASSES), "<u2")
        except (MissingSymbol, MemoryFault):
            continue
        if raw[0] == 0 and (raw[1:] > raw[:-1]).all() and raw[-1] == LARGEST_SMALL:
            return raw.astype(np.uint64)
    return None


def named(program: Program, pointers: U64, records: NDArray[Any], arenas: int, spans: int) -> Bools:
    """Sane records that the page table does not contradict. ``arenas``: mheap_.arenas[0]; ``spans``: its offset."""
    fine = np.ones(len(records), np.bool_)
    for page in (records["base"].astype(np.uint64), ends(records) - np.uint64(PAGE_SIZE)):
        entry = np.uint64(arenas) + np.uint64(8) * arena_indices(program, page)
        arena, known = program.gather(entry, np.dtype("<u8"))
        slot = arena + np.uint64(spans) + np.uint64(8) * (page % np.uint64(ARENA_SIZE) // np.uint64(PAGE_SIZE))
        found, readable = program.gather(slot, np.dtype("<u8"))
        fine &= ~known | (arena != 0) & (~readable | (found == pointers))
    return fine


def arena_indices(program: Program, addresses: U64) -> U64:
    """Which element of mheap_.arenas[0] each address belongs to (runtime/mheap.go, arenaIndex)."""
    found: U64 = (addresses - np.uint64(program.arch.arena_base)) // np.uint64(ARENA_SIZE)
    return found


class Left:
    """Spans in use that are left out, by reason."""

    def __init__(self) -> None:
        self.reasons: dict[str, int] = {}

    def out(self, kept: Bools, reason: str) -> Bools:
        """Count those not kept; the same mask."""
        if count := int(np.count_nonzero(~kept)):
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        return kept

    def notes(self) -> Iterator[str]:
        """A sentence for each reason."""
        for reason, count in self.reasons.items():
            yield f"{count:,} heap spans left out with all that is in them: {reason}"
