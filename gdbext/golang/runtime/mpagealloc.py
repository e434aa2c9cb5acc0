"""Which pages of the heap nobody uses, whatever still lies there (runtime/mpagealloc.go, runtime/mpallocbits.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from gdbext.errors import InconsistentRuntime
from gdbext.golang.reading.declarations import BYTES, SLICE, SLICE_PARTS, UINT, declare
from gdbext.golang.runtime.mheap import HEAP_ARENA, MHEAP, mheap
from gdbext.golang.runtime.spancheck import ARENA_SIZE, PAGE_SIZE, arena_indices

if TYPE_CHECKING:
    from gdbext.compute.arrays import U8, U64, Bools
    from gdbext.golang.reading.program import Program

PAGES = declare(
    "runtime.mheap",
    chunks=BYTES("pages.chunks"),
    in_use=SLICE("pages.inUse.ranges"),
    summary=BYTES("pages.summary"),
    scavenged=SLICE("pages.scav.index.chunks"),
)
ADDR_RANGE = declare("runtime.addrRange", base=UINT("base.a"), limit=UINT("limit.a"))

CHUNK_PAGES = 512
CHUNK = CHUNK_PAGES * PAGE_SIZE
PALLOC_DATA = 2 * CHUNK_PAGES // 8
"""runtime.pallocData: a bit for each page of a chunk that says whether it is in use, then one for what was given back.
(The layout tables do not have it, for nobody names its fields.)"""
SUMMARY = 8
SCAVENGE = 8
"""Bytes of a pallocSum and of an atomicScavChunkData."""
ADDRESS_BITS = 48  # heapAddrBits
MOST_TABLE = 1 << 40
MOST_RANGES, MOST_CHUNKS = 1 << 16, 1 << 20
"""4 TiB of heap."""
FEW = 4
"""Arenas whose first page was never used: at most the last one and where the heap begins."""


def free_ranges(program: Program) -> U64:
    """Sorted, disjoint [start, end) ranges of the heap's arenas that no span has, as an array (n, 2).

    Raises MemoryFault, MissingField, InconsistentRuntime.
    """
    return _ranges(program, lambda used, given_back: ~used)[0]


def used_ranges(program: Program) -> U64:
    """The same of the pages that spans have, in use or not: objects, stacks, what the runtime keeps for itself."""
    return _ranges(program, lambda used, given_back: used)[0]


def page_sets(program: Program) -> tuple[U64, U64, U64]:
    """All pages of the heap's arenas, read once, so that each is in one set of ranges: in use, free, given back to the
    operating system (scavenged)."""
    used, free, released = _ranges(
        program,
        lambda used, given_back: used,
        lambda used, given_back: ~used & ~given_back,
        lambda used, given_back: ~used & given_back,
    )
    return used, free, released


def padding(program: Program) -> U64:
    """Pages before the heap's first one, which the bitmap says are in use: no span ever has them, and nothing touches
    them (Go 1.26, markRandomPaddingPages). Of chunks of the arenas, what the page table names no span for."""
    starts = np.array([first for first, last in _chunks(program) if first < last], np.uint64)
    rows = [_before_spans(program, start) for start in starts[_without_span(program, starts)][:FEW].tolist()]
    return np.array(rows, np.uint64).reshape(-1, 2)


def _without_span(program: Program, pages: U64) -> Bools:
    arenas, words = np.uint64(program.record(MHEAP, mheap(program))["arenas"]), np.dtype("<u8")
    arena, known = program.gather(arenas + np.uint64(8) * arena_indices(program, pages), words)
    span, readable = program.gather(_entry(program, arena, pages), words)
    found: Bools = known & (arena != 0) & readable & (span == 0)
    return found


def _before_spans(program: Program, start: int) -> tuple[int, int]:
    """From a chunk's first page, which has no span, up to the first that has one."""
    index = int(arena_indices(program, np.array([start], np.uint64))[0])
    arena = program.word(int(program.record(MHEAP, mheap(program))["arenas"]) + 8 * index)
    spans = np.frombuffer(program.read(int(_entry(program, arena, start)), 8 * CHUNK_PAGES), "<u8")
    count = int(np.argmax(spans != 0)) if spans.any() else CHUNK_PAGES
    return start, start + count * PAGE_SIZE


def _entry(program: Program, arena: Any, page: Any) -> Any:
    """Of the page table (heapArena.spans): where pages, or one, have their mspan."""
    return arena + program.bound(HEAP_ARENA).offset("spans") + 8 * (page % ARENA_SIZE // PAGE_SIZE)


def _ranges(program: Program, *wanted: Callable[[Bools, Bools], Bools]) -> list[U64]:
    chunks = [(first, _bits(program, first, last)) for first, last in _chunks(program)]
    none = np.zeros((0, 2), np.uint64)
    return [np.concatenate([none, *(_runs(first, bits, which) for first, bits in chunks)]) for which in wanted]


def own_ranges(program: Program) -> list[tuple[int, int]]:
    """Where the page allocator itself has its tables; most of their pages were never touched. Raises as above."""
    record = program.record(PAGES, mheap(program))
    tables = np.frombuffer(record["chunks"].tobytes(), "<u8")
    each = (1 << ADDRESS_BITS) // CHUNK // len(tables) * PALLOC_DATA
    slices = np.frombuffer(record["summary"].tobytes(), SLICE_PARTS)
    found = [(int(table), int(table) + each) for table in tables[tables != 0]]
    for header, size in [*((one, SUMMARY) for one in slices), (record["scavenged"], SCAVENGE)]:
        start = int(header["array"])
        found.append((start, start + min(size * int(header["cap"]), MOST_TABLE)))
    return found


def _chunks(program: Program) -> Iterator[tuple[int, int]]:
    """[first, last) of the chunks that the page allocator knows, by their addresses."""
    head = program.record(PAGES, mheap(program))["in_use"]
    count = int(head["len"])
    if count > MOST_RANGES:
        raise InconsistentRuntime(f"mheap_.pages.inUse has {count:,} ranges")
    rows = program.bound(ADDR_RANGE).array(program.target.memory, int(head["array"]), count)
    ranges = list(zip(rows["base"].tolist(), rows["limit"].tolist(), strict=True))
    edges = [edge for one in ranges for edge in one]
    if edges != sorted(edges) or any(edge % CHUNK for edge in edges):
        raise InconsistentRuntime("mheap_.pages.inUse is not in order")
    if sum(limit - base for base, limit in ranges) > MOST_CHUNKS * CHUNK:
        raise InconsistentRuntime("mheap_.pages.inUse claims more than any heap has")
    yield from ranges


def _bits(program: Program, base: int, limit: int) -> U8:
    """What the chunks of [base, limit) say, a row of ``PALLOC_DATA`` bytes each: the first half is of interest."""
    tables = np.frombuffer(program.record(PAGES, mheap(program))["chunks"].tobytes(), "<u8")
    second = (1 << ADDRESS_BITS) // CHUNK // len(tables)  # entries of a table of the second level
    first, last = ((at - program.arch.arena_base) % (1 << 64) // CHUNK for at in (base, limit))
    edges = [first, *range(-(-(first + 1) // second) * second, last, second), last]
    parts = [
        program.read(int(tables[begin // second]) + begin % second * PALLOC_DATA, (end - begin) * PALLOC_DATA)
        for begin, end in pairwise(edges)
        if end > begin
    ]
    return np.frombuffer(b"".join(parts), np.uint8).reshape(-1, PALLOC_DATA)


def _runs(base: int, data: U8, wanted: Callable[[Bools, Bools], Bools]) -> U64:
    half = CHUNK_PAGES // 8
    used, given_back = (
        np.unpackbits(np.ascontiguousarray(part).reshape(-1), bitorder="little").view(np.bool_)
        for part in (data[:, :half], data[:, half:])
    )
    edges = np.flatnonzero(np.diff(wanted(used, given_back), prepend=False, append=False))
    return np.uint64(base) + np.uint64(PAGE_SIZE) * edges.astype(np.uint64).reshape(-1, 2)
