"""Where the runtime keeps what it knows of its memory, by what it is for: [start, end) ranges, arrays (n, 2).

Named as runtime.MemStats names them: MSpanSys and MCacheSys, GCSys, BuckHashSys, OtherSys.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from gdbext.golang.reading.declarations import SLICE, UINT, declare, optional
from gdbext.golang.reading.lists import elements
from gdbext.golang.reading.program import distinct
from gdbext.golang.runtime import mheap, mpagealloc
from gdbext.golang.runtime.malloc import persistent_chunks
from gdbext.golang.runtime.mcache import MCACHE, MOST_PS, P
from gdbext.golang.runtime.mheap import HEAP_ARENA, MHEAP, MSPAN, PIECE
from gdbext.golang.runtime.mprof import BUCKET, DEEPEST, MEM_RECORD, MEMORY
from gdbext.golang.runtime.spancheck import ARENA_SIZE, PAGE_SIZE

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program

WORK_BUFFERS = declare("runtime.workType", free=UINT("wbufSpans.free.first"), busy=UINT("wbufSpans.busy.first"))
MANUAL = declare("runtime.mspan", next=UINT, base=UINT("startAddr"), npages=UINT, state=UINT)
QUEUES = declare("runtime.workType", first=optional(UINT("spanSPMCs.list.obj", "spanSPMCs.all")))  # Go 1.26; Go 1.25
QUEUE = declare(  # Go 1.25, Green Tea
    "runtime.spanSPMC", missing_ok=True, next=UINT("allnode.next", "allnext"), cap=UINT, ring=UINT
)
BITS_ARENA = declare("runtime.gcBitsArena", next=UINT)
ARENAS = declare("runtime.mheap", arenas=UINT, every=SLICE("heapArenas", "allArenas"))  # allArenas until Go 1.24
IN_MANUAL = 2  # mSpanManual
BITS_CHUNK = 64 << 10  # gcBitsChunkBytes
BUCKETS = 179_999  # buckHashSize
BLOCK_RECORD = 16  # size of runtime.blockRecord
MOST_ARENAS = 1 << 22
FIRST_BUCKETS = ("runtime.mbuckets", "runtime.bbuckets", "runtime.xbuckets")
LEAST_PAGE = 4096


def spans(program: Program) -> U64:
    """The mspans, dead ones too, and the list of them. Raises as ``mheap.span_pointers``."""
    listed = program.record(MHEAP, mheap.mheap(program))["allspans"]
    array = int(listed["array"])
    pointers = mheap.span_pointers(program, listed)
    room = min(8 * int(listed["cap"]), 8 * program.most(8))
    return joined(of_size(pointers, program.bound(MSPAN).size), whole_pages(array, array + room))


def caches(program: Program) -> U64:
    """The caches of Ps. Raises MissingSymbol, MemoryFault, InconsistentRuntime."""
    ps, fine = program.records(P, program.slice_words(program.symbol("runtime.allp"), MOST_PS))
    found = ps["mcache"][fine & (ps["mcache"] != 0)].astype(np.uint64)
    return of_size(found, program.bound(MCACHE).size)


def manual_spans(program: Program) -> U64:
    """Spans that are managed by hand: stacks, and what ``work_buffers`` has. Raises as ``mheap.span_pointers``."""
    pointers = mheap.span_pointers(program, program.record(MHEAP, mheap.mheap(program))["allspans"])
    parts = [_pages_of(program, pointers[at : at + PIECE]) for at in range(0, max(len(pointers), 1), PIECE)]
    return joined(*parts)


def work_buffers(program: Program) -> U64:
    """Spans of the collector's work buffers. Raises MissingSymbol, MissingField, MemoryFault."""
    heads = program.record(WORK_BUFFERS, program.symbol("runtime.work"))
    bound = program.bound(MANUAL)
    lists = np.array([heads["free"], heads["busy"]], np.uint64)
    return _pages_of(program, elements(program, lists, bound.offset("next"), bound.size).address)


def _pages_of(program: Program, pointers: U64) -> U64:
    rows, readable = program.records(MANUAL, pointers)
    sane = rows["npages"] < program.arch.top // PAGE_SIZE
    rows = rows[readable & sane & (rows["state"] == IN_MANUAL)]
    return np.stack([rows["base"], rows["base"] + rows["npages"] * np.uint64(PAGE_SIZE)], axis=1).astype(np.uint64)


def page_tables(program: Program) -> U64:
    """What is kept of each page, most of it never touched. Raises as ``mpagealloc.own_ranges``."""
    return joined(*(whole_pages(*one) for one in mpagealloc.own_ranges(program)))


def queues(program: Program) -> U64:
    """The rings of queues of spans to be marked, until a collection ends (Green Tea). Raises MissingSymbol."""
    if "first" not in program.bound(QUEUES) or not program.has(QUEUE):
        return np.zeros((0, 2), np.uint64)
    heads = np.array([program.record(QUEUES, program.symbol("runtime.work"))["first"]], np.uint64)
    bound = program.bound(QUEUE)
    rows, fine = program.records(QUEUE, elements(program, heads, bound.offset("next"), bound.size).address)
    rings = zip(rows["ring"][fine].tolist(), rows["cap"][fine].tolist(), strict=True)
    return joined(*(whole_pages(ring, ring + 8 * room) for ring, room in rings if ring))


def arenas(program: Program) -> U64:
    """What is kept of each arena, and the table of that. Raises MissingSymbol, MemoryFault, InconsistentRuntime."""
    record = program.record(ARENAS, mheap.mheap(program))
    table, where = int(record["arenas"]), mheap.mheap(program) + program.bound(ARENAS).offset("every")
    entries = program.slice_words(where, MOST_ARENAS)
    found, fine = program.gather(np.uint64(table) + np.uint64(8) * entries, np.dtype("<u8"))
    size = program.bound(HEAP_ARENA).size
    structures = [whole_pages(at, at + size) for at in found[fine & (found != 0)].tolist()]
    return joined(whole_pages(table, table + 8 * ((1 << mpagealloc.ADDRESS_BITS) // ARENA_SIZE)), *structures)


def object_bits(program: Program) -> U64:
    """The arenas of allocation and mark bits: behind a lock four lists. Raises MissingSymbol, MemoryFault."""
    words = np.frombuffer(program.read(program.symbol("runtime.gcBitsArenas"), 8 * 5), "<u8")
    heads = words[(words != 0) & (words % LEAST_PAGE == 0)].astype(np.uint64)
    found = elements(program, heads, program.bound(BITS_ARENA).offset("next"), BITS_CHUNK).address
    return of_size(distinct(found), BITS_CHUNK)


def buckets(program: Program, first: str) -> U64:
    """The buckets of a profile: of memory, blocks or mutexes (``FIRST_BUCKETS``). Raises MissingSymbol, MemoryFault."""
    bound, head = program.bound(BUCKET), program.word(program.symbol(first))
    found = elements(program, np.array([head], np.uint64), bound.offset("allnext"), bound.size).address
    rows, readable = program.records(BUCKET, found)
    kept = readable & (rows["nstk"] <= DEEPEST)
    record = np.where(rows["kind"] == MEMORY, program.bound(MEM_RECORD).size, BLOCK_RECORD).astype(np.uint64)
    size = np.uint64(bound.size) + np.uint64(8) * rows["nstk"].astype(np.uint64) + record
    return np.stack([found, found + size], axis=1)[kept]


def bucket_table(program: Program) -> U64:
    """The table of them. Raises MissingSymbol, MemoryFault."""
    table = program.word(program.symbol("runtime.buckhash"))
    return whole_pages(table, table + 8 * BUCKETS) if table else np.zeros((0, 2), np.uint64)


def chunks(program: Program) -> U64:
    """All that small structures are taken from. Raises as ``persistent_chunks``."""
    return np.array(persistent_chunks(program), np.uint64).reshape(-1, 2)


def of_size(starts: U64, size: int) -> U64:
    """Ranges of one size."""
    return np.stack([starts, starts + np.uint64(size)], axis=1).astype(np.uint64)


def whole_pages(start: int, end: int) -> U64:
    """One range, its edges moved out to those of pages: it was mapped for itself."""
    size = -(-max(end - start, 0) // LEAST_PAGE) * LEAST_PAGE
    start = max(min(start, (1 << 63) - size), 0) // LEAST_PAGE * LEAST_PAGE
    return np.array([[start, start + size]], np.uint64)


def joined(*parts: U64) -> U64:
    """All ranges in one array."""
    found: Iterable[U64] = [np.zeros((0, 2), np.uint64), *parts]
    return np.concatenate(list(found))
