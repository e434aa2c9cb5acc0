"""Which pages of a made heap are free."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.errors import GdbextError, InconsistentRuntime
from gdbext.golang.runtime import mpagealloc
from gdbext.golang.runtime.mpagealloc import CHUNK, PALLOC_DATA
from gdbext.golang.runtime.spancheck import ARENA_SIZE
from tests.synthetic import HEAP, PAGE, Span, World

TABLE = 1 << 13
"""Entries of a table of the second level."""


class Pages:
    """A page allocator that knows some chunks at HEAP."""

    def __init__(self, minor: int, *ranges: tuple[int, int]) -> None:
        self.world = World(minor)
        self.mheap = self.world.variable("runtime.mheap_", *[0] * 12_000)
        self.table = self.world.off_heap.take(TABLE * PALLOC_DATA)
        self.number = (HEAP + (1 << 47)) // CHUNK
        chunks = self.mheap + self.world.offset("runtime.mheap", "pages.chunks")
        self.world.words(chunks + 8 * (self.number // TABLE), self.table)
        rows = self.world.data.take(16 * max(len(ranges), 1))
        self.world.words(rows, *(edge for one in ranges for edge in one))
        in_use = self.mheap + self.world.offset("runtime.mheap", "pages.inUse.ranges")
        self.world.words(in_use, rows, len(ranges), len(ranges))

    def use(self, chunk: int, *words: int, given_back: int = (1 << 64) - 1) -> None:
        """The bits of a chunk, page 0 first. ``given_back``: of each 64 pages which are."""
        at = self.table + (self.number % TABLE + chunk) * PALLOC_DATA
        self.world.words(at, *words, *[0] * (8 - len(words)), *[given_back] * 8)

    def free(self) -> list[tuple[int, int]]:
        return self._numbers(mpagealloc.free_ranges(self.world.program).tolist())

    def used(self) -> list[tuple[int, int]]:
        return self._numbers(mpagealloc.used_ranges(self.world.program).tolist())

    def released(self) -> list[tuple[int, int]]:
        return self._numbers(mpagealloc.page_sets(self.world.program)[2].tolist())

    def _numbers(self, found: list[list[int]]) -> list[tuple[int, int]]:
        return [((start - HEAP) // PAGE, (end - HEAP) // PAGE) for start, end in found]


@pytest.mark.parametrize("minor", [21, 27])
def test_free_pages(minor: int) -> None:
    made = Pages(minor, (HEAP, HEAP + 2 * CHUNK))
    made.use(0, 0b1011, *[(1 << 64) - 1] * 7)
    made.use(1, *[(1 << 64) - 1] * 7, 1)
    assert made.free() == [(2, 3), (4, 64), (961, 1024)]
    assert made.used() == [(0, 2), (3, 4), (64, 961)]


def test_pages_that_were_given_back() -> None:
    """Of those in use the second bit says nothing."""
    made = Pages(27, (HEAP, HEAP + CHUNK))
    made.use(0, 0b0110, *[(1 << 64) - 1] * 7, given_back=0b11101)
    assert made.released() == [(0, 1), (3, 5)]


def test_all_pages_at_once() -> None:
    made = Pages(27, (HEAP, HEAP + CHUNK))
    made.use(0, 0b0110, *[(1 << 64) - 1] * 7, given_back=0b11101)
    sets = mpagealloc.page_sets(made.world.program)
    used, kept, released = (made._numbers(one.tolist()) for one in sets)
    assert (used, kept, released) == ([(1, 3), (64, 512)], [(5, 64)], [(0, 1), (3, 5)])


@pytest.mark.parametrize("first", [0, 5, 600])
def test_pages_before_the_heap_are_those_without_a_span(first: int) -> None:
    """Page ``first`` is the first one that the page table names a span for."""
    made = Pages(27, (HEAP, HEAP + CHUNK))
    made.use(0, *[(1 << 64) - 1] * 8)
    made.world.span(Span(HEAP + first * PAGE, 48, 170))
    arenas = made.world._arenas(())
    made.world.put("runtime.mheap", made.mheap, arenas=arenas)
    (arena,) = np.frombuffer(made.world.target.memory.read(arenas + 8 * ((HEAP + (1 << 47)) // ARENA_SIZE), 8), "<u8")
    made.world.words(int(arena) + made.world.offset("runtime.heapArena", "spans") + 8 * first, made.world.spans[0])
    found = made._numbers(mpagealloc.padding(made.world.program).tolist())
    assert found == ([(0, min(first, 512))] if first else [])


def test_arenas_at_the_end_of_all_addresses() -> None:
    """Of nothing, as a damaged list may have them."""
    last = (1 << 64) - CHUNK
    made = Pages(27, (last, last))
    index = ((last + (1 << 47)) & (1 << 64) - 1) // ARENA_SIZE
    entry, arena = made.world.off_heap.take(8), made.world.off_heap.take(1 << 18)
    made.world.words(entry, arena)
    made.world.put("runtime.mheap", made.mheap, arenas=entry - 8 * index)
    assert len(mpagealloc.padding(made.world.program)) == 0


def test_its_own_tables() -> None:
    made = Pages(27, (HEAP, HEAP + CHUNK))
    summary = made.mheap + made.world.offset("runtime.mheap", "pages.summary")
    made.world.words(summary, 0x7000_0000, 5, 100, 0, 0, 1 << 60)
    assert mpagealloc.own_ranges(made.world.program) == [
        (made.table, made.table + TABLE * PALLOC_DATA),
        (0x7000_0000, 0x7000_0000 + 800),
        (0, mpagealloc.MOST_TABLE),
        *[(0, 0)] * 4,
    ]


def test_all_free_and_all_in_use() -> None:
    made = Pages(27, (HEAP, HEAP + CHUNK), (HEAP + 2 * CHUNK, HEAP + 3 * CHUNK))
    made.use(2, *[(1 << 64) - 1] * 8)
    assert made.free() == [(0, 512)]


def test_a_heap_that_is_not_there_yet() -> None:
    assert Pages(27).free() == []


@pytest.mark.parametrize(
    "ranges",
    [
        [(HEAP + CHUNK, HEAP)],
        [(HEAP, HEAP + PAGE)],
        [(HEAP, HEAP + 2 * CHUNK), (HEAP + CHUNK, HEAP + 3 * CHUNK)],
        [(0, 1 << 47)],
    ],
)
def test_what_contradicts_itself(ranges: list[tuple[int, int]]) -> None:
    with pytest.raises(InconsistentRuntime):
        Pages(27, *ranges).free()


@pytest.mark.parametrize("number", range(1, 6))
def test_faults(number: int) -> None:
    made = Pages(27, (HEAP, HEAP + CHUNK))
    made.world.target.memory.fail_at = number
    try:
        assert made.free() == [(0, 512)]
    except GdbextError as error:
        assert "cannot read" in str(error)
