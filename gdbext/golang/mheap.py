"""The heap: spans, slots, which of them are allocated (runtime/mheap.go, runtime/mbitmap.go, runtime/mgcsweep.go).

Objects have dense ids: the id of a span's slot 0 plus the slot number. Per-object facts are arrays over these ids.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.errors import InconsistentRuntime, MemoryFault
from gdbext.golang.program import Program, distinct
from gdbext.golang.struct import BYTES, SLICE, UINT, declare, optional
from gdbext.target import merge_ranges
from gdbext.target.image import U64, Bools, Image

MHEAP = declare("runtime.mheap", allspans=SLICE, sweepgen=UINT, arenas=UINT)
MSPAN = declare(
    "runtime.mspan",
    base=UINT("startAddr"),
    npages=UINT,
    freeindex=UINT,
    nelems=UINT,
    scan_freeindex=UINT("freeIndexForScan"),
    alloc_bits=UINT("allocBits"),
    mark_bits=UINT("gcmarkBits"),
    sweepgen=UINT,
    spanclass=UINT,
    state=UINT,
    elemsize=UINT,
)
HEAP_ARENA = declare(
    "runtime.heapArena",
    spans=BYTES,
    inline_marks=optional(BYTES("pageUseSpanInlineMarkBits")),  # Go 1.25, Green Tea
    bitmap=optional(BYTES("bitmap", "heapArenaPtrScalar.bitmap")),  # until Go 1.21; 1.22 with noallocheaders
)

PAGE_SIZE = 8192
ARENA_SIZE = 64 << 20
ARENA_BASE = 0xFFFF800000000000  # runtime.arenaBaseOffset of amd64, subtracted modulo 2**64
IN_USE = 1  # mSpanInUse
MIN_HEADER = 512  # larger objects of a size class start with a malloc header where arenas have no bitmap (Go 1.22)
MAX_SPANS = 1 << 27
MAX_SLOTS = 1 << 33
CHUNK = 1 << 18
"""Objects asked about at a time: bounds what the intermediate arrays take."""
MOST_PAGES = 1 << 23  # 64 GiB of heap: a table of 32 MiB
U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]


@frozen(eq=False)
class Spans:
    """In-use spans, sorted by ``base``; parallel arrays. ``limit``: end of the last slot. ``first``: id of slot 0."""

    base: U64 = field(repr=False)
    limit: U64 = field(repr=False)
    npages: U64 = field(repr=False)
    elemsize: U64 = field(repr=False)
    nelems: I64 = field(repr=False)
    first: I64 = field(repr=False)
    noscan: Bools = field(repr=False)
    header: U64 = field(repr=False)
    """Bytes of malloc header before the object in each slot: 0 or 8."""
    freeindex: I64 = field(repr=False)
    alloc_bits: U64 = field(repr=False)
    mark_bits: U64 = field(repr=False)
    unswept: Bools = field(repr=False)

    @cached_property
    def pages(self) -> NDArray[np.int32]:
        """The span of each page of the heap, -1 for none; empty where the heap is spread too wide for that."""
        from gdbext.golang import kernels

        n = (int(self.limit[-1]) - int(self.base[0])) // PAGE_SIZE + 1 if len(self.base) else 0
        table = np.full(n if 0 < n <= MOST_PAGES else 0, -1, np.int32)
        if len(table):
            kernels.fill_pages(self.base, self.limit, table)
        return table

    @property
    def slots(self) -> int:
        """How many slots all spans have together."""
        return int(self.first[-1] + self.nelems[-1]) if len(self.first) else 0


@frozen(eq=False)
class Heap:
    """The spans, the memory they lie in, and for each slot whether it is allocated.

    ``state``: 0 free, 1 allocated; analyses that type objects use higher values in copies of their own.
    ``unreadable``: bits of allocation bitmaps that could not be read.
    """

    spans: Spans
    image: Image = field(repr=False)
    state: NDArray[np.uint8] = field(repr=False)
    unreadable: int = 0

    @classmethod
    def of(cls, program: Program, image: Image | None = None) -> Heap:
        """The heap of a stopped target, or of a copy ``image`` of it. Raises InconsistentRuntime."""
        spans = read_spans(program)
        if image is None:
            image = program.whole_image() or program.target.image(span_ranges(spans) + bitmap_ranges(spans))
        return cls.over(program, spans, image)

    @classmethod
    def over(cls, program: Program, spans: Spans, image: Image) -> Heap:
        """The allocation state of ``spans`` as ``image`` has it."""
        from gdbext.golang import kernels

        state = np.zeros(spans.slots, np.uint8)
        inline = inline_marks(program, spans) if spans.unswept.any() else np.zeros(len(spans.base), np.bool_)
        unreadable = kernels.allocated(
            image.starts, image.ends, image.hosts, spans.base, spans.nelems, spans.first, spans.freeindex,
            spans.alloc_bits, spans.mark_bits, spans.unswept, inline, state,
        )  # fmt: skip
        return cls(spans, image, state, int(unreadable))

    def addresses(self, ids: I64) -> U64:
        """Where the objects begin (after the malloc header where there is one)."""
        from gdbext.golang import kernels

        spans, out = self.spans, np.empty(len(ids), np.uint64)
        kernels.object_addresses(spans.base, spans.elemsize, spans.header, spans.first, ids, out)
        return out

    def elemsizes(self, ids: I64) -> U64:
        """The sizes of the slots."""
        from gdbext.golang import kernels

        out = np.empty(len(ids), np.int64)
        kernels.slot_spans(self.spans.first, ids, out)
        found: U64 = self.spans.elemsize[out]
        return found

    def ids(self, addresses: U64) -> I64:
        """The ids of the allocated slots that the addresses point into; -1 where there is none."""
        from gdbext.golang import kernels

        spans, out = self.spans, np.empty(len(addresses), np.int64)
        wanted = np.ascontiguousarray(addresses, np.uint64)
        kernels.slots_at(spans.pages, spans.base, spans.limit, spans.elemsize, spans.first, self.state, wanted, out)
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
        from gdbext.golang import kernels

        spans, image = self.spans, self.image
        return int(
            kernels.survivors(image.starts, image.ends, image.hosts, spans.first, spans.alloc_bits, spans.unswept, ids)
        )

    def totals(self) -> tuple[int, int]:
        """(objects, bytes) allocated: runtime.MemStats' HeapObjects less tiny packing, HeapAlloc."""
        counts = np.add.reduceat(self.state > 0, self.spans.first, dtype=np.int64) if self.spans.slots else np.zeros(0)
        return int(counts.sum()), int((counts * self.spans.elemsize.astype(np.int64)).sum())


def mheap(program: Program) -> int:
    """The address of runtime.mheap_."""
    return program.symbol("runtime.mheap_")


def read_spans(program: Program) -> Spans:
    """Every in-use span. Raises InconsistentRuntime when the span list is damaged."""
    head = program.record(MHEAP, mheap(program))
    pointers = span_pointers(program, head["allspans"])
    records, ok = program.records(MSPAN, pointers)
    headers = "bitmap" not in program.bound(HEAP_ARENA)
    return make_spans(records[ok & (records["state"] == IN_USE)], int(head["sweepgen"]), headers)


def span_pointers(program: Program, allspans: Any) -> U64:
    """The elements of mheap_.allspans."""
    count = int(allspans["len"])
    if count > MAX_SPANS or count > int(allspans["cap"]):
        raise InconsistentRuntime(f"mheap_.allspans has length {count} and capacity {int(allspans['cap'])}")
    return np.frombuffer(program.read(int(allspans["array"]), 8 * count), "<u8") if count else np.zeros(0, np.uint64)


def make_spans(records: NDArray[Any], sweepgen: int, headers: bool = True) -> Spans:
    """In-use span records as parallel arrays; records that contradict themselves are left out."""
    kept = np.flatnonzero(sane(records))
    records = records.take(kept[np.argsort(records["base"][kept], kind="stable")])
    nelems = records["nelems"].astype(np.int64)
    first = np.concatenate([[0], np.cumsum(nelems)[:-1]]).astype(np.int64) if len(nelems) else nelems
    if len(nelems) and int(first[-1]) + int(nelems[-1]) > MAX_SLOTS:
        raise InconsistentRuntime(f"{len(nelems)} spans of {int(nelems.sum())} objects")
    elemsize = records["elemsize"].astype(np.uint64)
    base = records["base"].astype(np.uint64)
    behind = (records["sweepgen"].astype(np.int64) - sweepgen + (1 << 31)) % (1 << 32) - (1 << 31)
    return Spans(
        base=base,
        limit=base + elemsize * nelems.astype(np.uint64),
        npages=records["npages"].astype(np.uint64),
        elemsize=elemsize,
        nelems=nelems,
        first=first,
        noscan=(records["spanclass"] & 1).astype(np.bool_),
        header=_header(records["spanclass"], elemsize) if headers else np.zeros(len(base), np.uint64),
        freeindex=records["freeindex"].astype(np.int64),
        alloc_bits=records["alloc_bits"].astype(np.uint64),
        mark_bits=records["mark_bits"].astype(np.uint64),
        # -2 needs sweeping, -1 is being swept, +1 was cached before the sweep began (runtime/mheap.go, sweepgen)
        unswept=np.isin(behind, (-2, -1, 1)),
    )


def _header(spanclass: NDArray[Any], elemsize: U64) -> U64:
    """Bytes of malloc header: only scannable objects of a size class above 512 bytes have one (Go 1.22)."""
    has = (spanclass > 1) & (spanclass & 1 == 0) & (elemsize > MIN_HEADER)
    return np.where(has, 8, 0).astype(np.uint64)


def sane(records: NDArray[Any]) -> Bools:
    """Span records that have slots, and whose slots fit in their pages."""
    pages = records["npages"].astype(np.uint64)
    size = records["elemsize"].astype(np.uint64)
    count = records["nelems"].astype(np.uint64)
    small = (pages > 0) & (pages < (1 << 35)) & (size > 0) & (size <= pages * PAGE_SIZE)
    room = np.where(small, pages, 0).astype(np.uint64) * np.uint64(PAGE_SIZE) // np.maximum(size, np.uint64(1))
    fine: Bools = small & (records["base"] % PAGE_SIZE == 0) & (count > 0) & (count <= room)
    return fine


def span_ranges(spans: Spans) -> list[tuple[int, int]]:
    """The address ranges of the spans' pages, joined."""
    ends = spans.base + spans.npages * np.uint64(PAGE_SIZE)
    if not len(ends):
        return []
    breaks = np.flatnonzero(ends[:-1] != spans.base[1:]) + 1
    starts = spans.base[np.concatenate([[0], breaks])]
    stops = ends[np.concatenate([breaks - 1, [len(ends) - 1]])]
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]


def bitmap_ranges(spans: Spans) -> list[tuple[int, int]]:
    """Where the allocation and mark bitmaps of the spans lie (off the heap, in arenas of 64 KiB)."""
    pages = distinct(np.concatenate([spans.alloc_bits, spans.mark_bits]) // np.uint64(4096))
    return merge_ranges(((int(p) * 4096, int(p) * 4096 + 3 * 4096) for p in pages if p), 1 << 16)


def inline_marks(program: Program, spans: Spans) -> Bools:
    """Spans whose mark bits lie in the page itself (Green Tea, from Go 1.25)."""
    bound = program.bound(HEAP_ARENA)
    none = np.zeros(len(spans.base), np.bool_)
    if "inline_marks" not in bound:
        return none
    dtype = bound.dtype["inline_marks"]
    index = (spans.base - np.uint64(ARENA_BASE)) // np.uint64(ARENA_SIZE)
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
