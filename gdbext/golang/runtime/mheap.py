"""The heap: spans, slots, which of them are allocated (runtime/mheap.go, runtime/mbitmap.go, runtime/mgcsweep.go).

Objects have dense ids: the id of a span's slot 0 plus the slot number. Per-object facts are arrays over these ids.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from gdbext.compute.arrays import I64, U64, Bools
from gdbext.errors import InconsistentRuntime, MemoryFault
from gdbext.golang.reading.declarations import BYTES, SLICE, UINT, declare, optional
from gdbext.golang.reading.program import Program, distinct
from gdbext.golang.runtime.kernels import spans as kernels
from gdbext.golang.runtime.kernels.spans import Spans
from gdbext.golang.runtime.spancheck import (
    ARENA_SIZE,
    PAGE_SIZE,
    Left,
    apart,
    arena_indices,
    mapped,
    named,
    sane,
    sized,
)
from gdbext.target import merge_ranges
from gdbext.target.image import Image

MHEAP = declare("runtime.mheap", allspans=SLICE, sweepgen=UINT, arenas=UINT)
MSPAN = declare(
    "runtime.mspan",
    base=UINT("startAddr"),
    npages=UINT,
    freeindex=UINT,
    nelems=UINT,
    taken=UINT("allocCount"),
    scan_freeindex=UINT("freeIndexForScan"),
    alloc_bits=UINT("allocBits"),
    mark_bits=UINT("gcmarkBits"),
    sweepgen=UINT,
    spanclass=UINT,
    state=UINT,
    elemsize=UINT,
    large_type=optional(UINT("largeType")),  # Go 1.22
    user_arena=optional(UINT("isUserArenaChunk")),  # Go 1.20, GOEXPERIMENT=arenas
)
HEAP_ARENA = declare(
    "runtime.heapArena",
    spans=BYTES,
    inline_marks=optional(BYTES("pageUseSpanInlineMarkBits")),  # Go 1.25, Green Tea
    bitmap=optional(BYTES("bitmap", "heapArenaPtrScalar.bitmap")),  # until Go 1.21; 1.22 with noallocheaders
    no_more=optional(BYTES("noMorePtrs", "heapArenaPtrScalar.noMorePtrs")),
)

IN_USE = 1  # mSpanInUse
MIN_HEADER = 512  # larger objects of a size class start with a malloc header where arenas have no bitmap (Go 1.22)
PIECE = 1 << 16
"""Span records read at a time: of a list that is not one nearly nothing is kept."""
UNREADABLE_SLOTS = 1 << 28
"""Slots allowed for where the heap's memory is missing, in a core that is cut off: a byte each."""
CHUNK = 1 << 18
"""Objects asked about at a time: bounds what the intermediate arrays take."""
MOST_PAGES = 1 << 23  # 64 GiB of heap: a table of 32 MiB


@frozen(eq=False)
class Heap:
    """The spans, the memory they lie in, and for each slot whether it is allocated: a bit, and a byte to spare.

    What analyses find out of objects is in arrays of their own.
    ``unreadable``: bits of allocation bitmaps that could not be read.
    """

    spans: Spans
    image: Image = field(repr=False)
    allocated: NDArray[np.uint8] = field(repr=False)
    unreadable: int = 0
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, program: Program) -> Heap:
        """The heap of a stopped target. Raises InconsistentRuntime."""
        spans, notes = read_spans(program)
        image = program.whole_image() or program.target.memory.image(span_ranges(spans) + span_bitmaps(spans))
        return evolve(cls.over(program, spans, image), notes=notes)

    @classmethod
    def over(cls, program: Program, spans: Spans, image: Image, black: Bools | None = None) -> Heap:
        """The allocation state of ``spans`` as ``image`` has it. Raises InconsistentRuntime where it would be huge.

        ``black``: spans whose ``freeindex`` leaves out what was made since marking began, which is born marked.
        """
        check_room(spans.slots, image)
        allocated, none = no_slots(spans), np.zeros(len(spans.base), np.bool_)
        black = none if black is None else black
        inline = inline_marks(program, spans) if (spans.unswept | black).any() else none
        unreadable = kernels.fill_allocated(image.memory, spans, inline, black, allocated)
        return cls(spans, image, allocated, int(unreadable))

    @cached_property
    def placed(self) -> Spans:
        """The spans with the table of their pages: quicker for many addresses anywhere, and as long as the heap."""
        return self.spans._replace(pages=_pages(self.spans.base, self.spans.limit))

    def addresses(self, ids: I64) -> U64:
        """Where the objects begin (after the malloc header where there is one)."""
        spans, out = self.spans, np.empty(len(ids), np.uint64)
        kernels.object_addresses(spans, ids, out)
        return out

    def elemsizes(self, ids: I64) -> U64:
        """The sizes of the slots."""
        out = np.empty(len(ids), np.int64)
        kernels.slot_spans(self.spans, ids, out)
        found: U64 = self.spans.elemsize[out]
        return found

    def ids(self, addresses: U64) -> I64:
        """The ids of the allocated slots that the addresses point into; -1 where there is none."""
        out = np.empty(len(addresses), np.int64)
        kernels.slots_at(self.placed, self.allocated, np.ascontiguousarray(addresses, np.uint64), out)
        return out

    def younger(self, addresses: U64) -> int:
        """How many of the objects (sorted addresses) no collection has seen reachable yet."""
        young = 0
        for at in range(0, len(addresses), CHUNK):
            ids = self.ids(addresses[at : at + CHUNK])
            ids = ids[ids >= 0]
            young += len(ids) - self.survivors(ids)
        return young

    def survivors(self, ids: I64) -> int:
        """How many of the objects (sorted ids) were reachable when the last collection ran."""
        return int(kernels.survivors(self.image.memory, self.spans, ids))

    @cached_property
    def live(self) -> I64:
        """How many slots of each span are allocated."""
        counts = np.zeros(len(self.spans.base), np.int64)
        kernels.count_allocated(self.spans, self.allocated, counts)
        return counts

    def totals(self) -> tuple[int, int]:
        """(objects, bytes) allocated: runtime.MemStats' HeapObjects less tiny packing, HeapAlloc."""
        return int(self.live.sum()), int((self.live * self.spans.elemsize.astype(np.int64)).sum())

    def objects(self) -> I64:
        """The ids of the allocated slots."""
        return np.flatnonzero(np.unpackbits(self.allocated, count=self.spans.slots, bitorder="little"))


def mheap(program: Program) -> int:
    """The address of runtime.mheap_."""
    return program.symbol("runtime.mheap_")


def sweepgen(program: Program) -> int:
    """How often the heap was swept, times two (mheap_.sweepgen); each span has one of its own to compare it with."""
    return int(program.record(MHEAP, mheap(program))["sweepgen"])


def bits_in_arenas(program: Program) -> bool:
    """Whether pointer bits stand in arenas: then objects have no malloc headers."""
    return "bitmap" in program.bound(HEAP_ARENA)


def ahead(span: Any, heap: int) -> Any:
    """How far a span's sweepgen, or an array of them, is ahead of the heap's: both are numbers of 32 bits."""
    return (span - heap + (1 << 31)) % (1 << 32) - (1 << 31)


def check_room(slots: int, image: Image) -> None:
    """Raises InconsistentRuntime for more slots than the memory there is can have."""
    if slots > image.size // 8 + UNREADABLE_SLOTS:
        room = f"{image.size:,} bytes of memory"
        raise InconsistentRuntime(f"the heap claims {slots:,} objects in {room}: their state alone takes as many bytes")


def read_spans(program: Program) -> tuple[Spans, tuple[str, ...]]:
    """Every in-use span, and what is to be said of others. Raises InconsistentRuntime when the list is damaged."""
    head = program.record(MHEAP, mheap(program))
    pointers = distinct(span_pointers(program, head["allspans"]))
    parts = [_in_use(program, pointers[at : at + PIECE]) for at in range(0, max(len(pointers), 1), PIECE)]
    pointers, records = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept, left = believed(program, pointers, records, int(head["arenas"]))
    return spans_of(program, _of(records, kept), int(head["sweepgen"])), tuple(left.notes())


def _in_use(program: Program, pointers: U64) -> tuple[U64, NDArray[Any]]:
    records, ok = program.records(MSPAN, pointers)
    mine = ok & (records["state"] == IN_USE) & ~_set_to_fault(records)
    return pointers[mine], records[mine]


def _set_to_fault(records: NDArray[Any]) -> Bools:
    """Chunks of package arena that were freed: whoever touches them faults, and they do not count (runtime/arena.go,
    isUnusedUserArenaChunk)."""
    if "user_arena" not in (records.dtype.names or ()):
        return np.zeros(len(records), np.bool_)
    found: Bools = (records["user_arena"] != 0) & (records["spanclass"] == 1)
    return found


def believed(program: Program, pointers: U64, records: NDArray[Any], arenas: int) -> tuple[I64, Left]:
    """Rows of the records that contradict neither themselves nor each other nor the heap's own tables."""
    left, spans = Left(), program.bound(HEAP_ARENA).offset("spans")
    rows = np.flatnonzero(left.out(sane(records, program.arch.top), "their slots do not fit their pages"))
    rows = rows[left.out(mapped(program, _of(records, rows)), "their pages are not mapped")]
    rows = rows[left.out(sized(program, _of(records, rows)), "their slots are not of their size class")]
    of_table = named(program, pointers[rows], _of(records, rows), arenas, spans)
    rows = rows[left.out(of_table, "the page table names others")]
    rows = rows[left.out(apart(_of(records, rows)), "they hold pages of others")]
    return rows, left


def _of(records: NDArray[Any], rows: I64) -> NDArray[Any]:
    """Some of the records, in order; mostly all of them, and to copy those takes longer than to look at them."""
    return records if len(rows) == len(records) else records[rows]


def span_pointers(program: Program, allspans: Any) -> U64:
    """The elements of mheap_.allspans. Raises InconsistentRuntime for more than there can be."""
    count, most = int(allspans["len"]), program.most(program.bound(MSPAN).size)
    if count > most or count > int(allspans["cap"]):
        said = f"length {count} and capacity {int(allspans['cap'])}"
        raise InconsistentRuntime(f"mheap_.allspans has {said}; there is memory for {most}")
    return np.frombuffer(program.read(int(allspans["array"]), 8 * count), "<u8") if count else np.zeros(0, np.uint64)


def spans_of(program: Program, records: NDArray[Any], generation: int) -> Spans:
    """In-use span records of a program, whose heap has the sweepgen ``generation``."""
    return make_spans(records, generation, program.arch.top, not bits_in_arenas(program))


def span_alone(program: Program, span: int) -> Spans | None:
    """The span whose mspan lies at an address, as arrays of one; None unless it is in use. Raises MemoryFault."""
    bound = program.bound(MSPAN)
    record = np.frombuffer(program.read(span, bound.size), bound.dtype)
    spans = spans_of(program, record[record["state"] == IN_USE], sweepgen(program))
    return spans if len(spans.base) else None


def make_spans(records: NDArray[Any], sweepgen: int, top: int, headers: bool = True) -> Spans:
    """In-use span records as parallel arrays; compiled code relies on it that they are sane and overlap nowhere."""
    kept = np.flatnonzero(sane(records, top))
    kept = kept[apart(_of(records, kept))]
    records = records.take(kept[np.argsort(records["base"][kept], kind="stable")])
    nelems = records["nelems"].astype(np.int64)
    first = np.concatenate([[0], np.cumsum(nelems)[:-1]]).astype(np.int64) if len(nelems) else nelems
    elemsize = records["elemsize"].astype(np.uint64)
    base = records["base"].astype(np.uint64)
    behind = ahead(records["sweepgen"].astype(np.int64), sweepgen)
    limit = base + elemsize * nelems.astype(np.uint64)
    return Spans(
        base=base,
        limit=limit,
        npages=records["npages"].astype(np.uint64),
        elemsize=elemsize,
        nelems=nelems,
        taken=records["taken"].astype(np.int64),
        first=first,
        spanclass=records["spanclass"].astype(np.uint8),
        noscan=(records["spanclass"] & 1).astype(np.bool_),
        header=_header(records["spanclass"], elemsize) if headers else np.zeros(len(base), np.uint64),
        freeindex=records["freeindex"].astype(np.int64),
        alloc_bits=records["alloc_bits"].astype(np.uint64),
        mark_bits=records["mark_bits"].astype(np.uint64),
        # -2 needs sweeping, -1 is being swept, +1 was cached before the sweep began (runtime/mheap.go, sweepgen)
        unswept=np.isin(behind, (-2, -1, 1)),
        large_type=_large_types(records),
        pages=np.zeros(0, np.int32),
    )


def _large_types(records: NDArray[Any]) -> U64:
    """The types of the only objects of their spans, which have no malloc header (Go 1.22); 0 elsewhere."""
    if "large_type" not in (records.dtype.names or ()):
        return np.zeros(len(records), np.uint64)
    return np.where(records["spanclass"] == 0, records["large_type"], 0).astype(np.uint64)


def _pages(base: U64, limit: U64) -> NDArray[np.int32]:
    n = (int(limit[-1]) - int(base[0])) // PAGE_SIZE + 1 if len(base) else 0
    table = np.full(n if 0 < n <= MOST_PAGES else 0, -1, np.int32)
    if len(table):
        kernels.fill_pages(base, limit, table)
    return table


def no_slots(spans: Spans) -> NDArray[np.uint8]:
    """``Heap.allocated`` with no bit set."""
    return np.zeros((spans.slots >> 3) + 2, np.uint8)


def _header(spanclass: NDArray[Any], elemsize: U64) -> U64:
    """Bytes of malloc header: only scannable objects of a size class above 512 bytes have one (Go 1.22)."""
    has = (spanclass > 1) & (spanclass & 1 == 0) & (elemsize > MIN_HEADER)
    return np.where(has, 8, 0).astype(np.uint64)


def span_ranges(spans: Spans) -> list[tuple[int, int]]:
    """The address ranges of the spans' pages, joined."""
    ends = spans.base + spans.npages * np.uint64(PAGE_SIZE)
    if not len(ends):
        return []
    breaks = np.flatnonzero(ends[:-1] != spans.base[1:]) + 1
    starts = spans.base[np.concatenate([[0], breaks])]
    stops = ends[np.concatenate([breaks - 1, [len(ends) - 1]])]
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


def span_bitmaps(spans: Spans) -> list[tuple[int, int]]:
    """Where the bitmaps of spans lie."""
    return bitmap_ranges(spans.alloc_bits, spans.mark_bits)


def bitmap_ranges(alloc_bits: U64, mark_bits: U64) -> list[tuple[int, int]]:
    """Where the allocation and mark bitmaps of spans lie (off the heap, in arenas of 64 KiB)."""
    pages = distinct(np.concatenate([alloc_bits, mark_bits]) // np.uint64(4096))
    return merge_ranges(((int(p) * 4096, int(p) * 4096 + 3 * 4096) for p in pages if p), 1 << 16)


def inline_marks(program: Program, spans: Spans) -> Bools:
    """Spans whose mark bits lie in the page itself (Green Tea, from Go 1.25)."""
    bound = program.bound(HEAP_ARENA)
    none = np.zeros(len(spans.base), np.bool_)
    if "inline_marks" not in bound:
        return none
    dtype = bound.dtype["inline_marks"]
    index = arena_indices(program, spans.base)
    arenas = program.record(MHEAP, mheap(program))["arenas"]
    for arena in distinct(index):
        try:
            address = program.word(int(arenas) + 8 * int(arena))
            raw = program.read(address + bound.offset("inline_marks"), dtype.itemsize)
        except MemoryFault:
            continue
        bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
        here = index == arena
        page = (spans.base[here] % np.uint64(ARENA_SIZE)) // np.uint64(PAGE_SIZE)
        none[here] = bits[page.astype(np.int64)].astype(np.bool_)
    return none
