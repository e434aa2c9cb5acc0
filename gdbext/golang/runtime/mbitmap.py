"""Which words of objects are pointers (runtime/mbitmap.go), laid side by side for each span.

Until Go 1.21, and in 1.22 with GOEXPERIMENT=noallocheaders, the bits of an arena stand in its heapArena: those are
copied, and what ``noMorePtrs`` cuts off is cleared. From Go 1.22 the bits of small objects stand at their span's end;
what larger ones have instead, a header or their span's type, ``analysis/heap/kernels/words.py`` reads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from gdbext.compute.arrays import U64
from gdbext.errors import MemoryFault
from gdbext.golang.reading.program import Program, distinct
from gdbext.golang.runtime.kernels import spans as kernels
from gdbext.golang.runtime.kernels.spans import Spans
from gdbext.golang.runtime.mheap import HEAP_ARENA, MHEAP, mheap
from gdbext.golang.runtime.spancheck import ARENA_SIZE, PAGE_SIZE, arena_indices

PAGE_BYTES = PAGE_SIZE // 64
"""Of the bits of a page's words."""
CUT_BYTES = PAGE_BYTES // 64
"""Of a page's bits in ``noMorePtrs``: one for each 64 words."""


@frozen(eq=False)
class ArenaBits:
    """``bits``: of all scannable spans, those of span ``i`` from byte ``start[i]`` on (-1: none).

    ``unreadable``: arenas whose bits are not there; their objects count as without pointers.
    """

    bits: NDArray[np.uint8] = field(repr=False)
    start: NDArray[np.int64] = field(repr=False)
    unreadable: int


def arena_bits(program: Program, spans: Spans) -> ArenaBits:
    """The pointer bits of every scannable span, from the arenas' bitmaps. Raises MissingField."""
    pages = np.where(spans.noscan, 0, spans.npages.astype(np.int64))
    start = np.where(spans.noscan, -1, (np.cumsum(pages) - pages) * PAGE_BYTES)
    bits, cuts = (np.zeros(int(pages.sum()) * size + 8, np.uint8) for size in (PAGE_BYTES, CUT_BYTES))
    missing = 0
    for index in distinct(_arenas(program, spans)):
        try:
            bitmap, cut = _read(program, int(index))
        except MemoryFault:
            missing += 1
            continue
        low = (program.arch.arena_base + int(index) * ARENA_SIZE) % (1 << 64)
        _copy(spans, start, low, bitmap, bits, PAGE_BYTES)
        _copy(spans, start // PAGE_BYTES * CUT_BYTES, low, cut, cuts, CUT_BYTES)
    kernels.cut_bits(spans, start, cuts, bits)
    return ArenaBits(bits, start, missing)


def _arenas(program: Program, spans: Spans) -> U64:
    """The arenas that scannable spans lie in; a large one may lie in several."""
    scan = np.flatnonzero(~spans.noscan)
    end = spans.base[scan] + spans.npages[scan] * np.uint64(PAGE_SIZE)
    first, last = arena_indices(program, spans.base[scan]), arena_indices(program, end - np.uint64(1))
    many = np.flatnonzero(last > first)
    more = [np.arange(int(first[i]), int(last[i]) + 1, dtype=np.uint64) for i in many.tolist()]
    return np.concatenate([first, *more])


def _read(program: Program, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    bound = program.bound(HEAP_ARENA)
    arena = program.word(int(program.record(MHEAP, mheap(program))["arenas"]) + 8 * index)
    parts: list[Any] = []
    for name in ("bitmap", "no_more"):
        raw = program.read(arena + bound.offset(name), bound.dtype[name].itemsize)
        parts.append(np.frombuffer(raw, np.uint8))
    return parts[0], parts[1]


def _copy(
    spans: Spans, start: NDArray[np.int64], low: int, source: NDArray[np.uint8], out: NDArray[np.uint8], size: int
) -> None:
    """What an arena's table (``size`` bytes for each page) says of the spans in it."""
    base, end, high = spans.base, spans.base + spans.npages * np.uint64(PAGE_SIZE), low + ARENA_SIZE
    for i in np.flatnonzero((start >= 0) & (base < np.uint64(high)) & (end > np.uint64(low))).tolist():
        first, last = max(int(base[i]), low), min(int(end[i]), high)
        piece = source[(first - low) // PAGE_SIZE * size : (last - low) // PAGE_SIZE * size]
        at = int(start[i]) + (first - int(base[i])) // PAGE_SIZE * size
        out[at : at + len(piece)] = piece
