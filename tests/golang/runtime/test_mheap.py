"""Spans and which of their slots are allocated, on made memory (runtime/mheap.go, runtime/mgcsweep.go)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.errors import InconsistentRuntime
from gdbext.golang.runtime import mheap, spancheck
from gdbext.golang.runtime.mheap import Heap
from tests.synthetic import HEAP, OFF_HEAP, PAGE, SWEEPGEN, Span, World


def heap(world: World, *spans: Span, inline_pages: tuple[int, ...] = ()) -> Heap:
    for span in spans:
        world.span(span)
    world.mheap(inline_pages)
    return Heap.of(world.program)


def slots(found: Heap) -> list[int]:
    return found.objects().tolist()


@pytest.mark.parametrize("minor", [21, 22, 24, 27])
def test_allocated_below_freeindex_or_by_its_bit(minor: int) -> None:
    found = heap(World(minor), Span(HEAP, 48, 170, freeindex=3, alloc=(1, 5, 169)))
    assert slots(found) == [0, 1, 2, 5, 169]
    assert found.spans.slots == 170 and found.totals() == (5, 240) and found.unreadable == 0


@pytest.mark.parametrize(("behind", "filtered"), [(-2, True), (-1, True), (0, False), (1, True), (3, False)])
def test_only_spans_not_swept_yet_are_filtered_by_marks(behind: int, filtered: bool) -> None:
    found = heap(World(), Span(HEAP, 64, 100, freeindex=2, alloc=(7, 8), marks=(0, 8, 50), behind=behind))
    assert slots(found) == ([0, 8] if filtered else [0, 1, 7, 8])


def test_sweepgen_wraps_around() -> None:
    world = World()
    world.span(Span(HEAP, 64, 100, freeindex=2, marks=(1,), behind=-2 - SWEEPGEN))
    world.put("runtime.mheap", world.mheap(), sweepgen=0)
    assert slots(Heap.of(world.program)) == [1]


def test_green_tea_marks_lie_in_the_page() -> None:
    span = Span(HEAP, 64, 120, freeindex=4, marks=(2,), inline=(1, 3, 99), behind=-2)
    assert slots(heap(World(27), span, inline_pages=(HEAP,))) == [1, 2, 3]
    assert slots(heap(World(27), span)) == [2], "a page that the arena does not list has no such marks"


@pytest.mark.parametrize(("behind", "allocated"), [(0, [0, 2, 3, 99]), (-2, [2, 3, 99])])
def test_what_is_made_while_marking_is_born_marked(behind: int, allocated: list[int]) -> None:
    world = World(27)
    found = heap(
        world, Span(HEAP, 64, 120, freeindex=1, marks=(2,), inline=(3, 99), behind=behind), inline_pages=(HEAP,)
    )
    assert slots(Heap.over(world.program, found.spans, found.image, np.array([True]))) == allocated


def test_marks_of_pages_are_not_mixed_up() -> None:
    spans = [Span(HEAP + page * PAGE, 64, 120, freeindex=2, inline=(page % 2,), behind=-2) for page in range(4)]
    found = heap(World(27), *spans, inline_pages=(HEAP, HEAP + 3 * PAGE))
    assert slots(found) == [0, 3 * 120 + 1]


def test_damaged_spans_and_those_not_in_use_are_left_out() -> None:
    damaged = [
        Span(HEAP + PAGE + 8, 64, 1),  # not at a page
        Span(HEAP + PAGE, 64, 129),  # slots beyond its page
        Span(HEAP + PAGE, 0, 1),
        Span(HEAP + PAGE, 64, 0),
        Span(HEAP + PAGE, 64, 1, npages=0),
        Span(HEAP + PAGE, 64, 1, npages=1 << 40),
        Span(HEAP + PAGE, 1 << 14, 1),
        Span(HEAP + PAGE, 64, 1, state=2),
        Span(HEAP + PAGE, 64, 1, state=0),
    ]
    found = heap(World(), *damaged, Span(HEAP, 64, 128, freeindex=1))
    assert found.spans.base.tolist() == [HEAP] and found.totals() == (1, 64)


def test_sizes_that_overflow_are_damaged() -> None:
    records = np.zeros(1, [("base", "u8"), ("npages", "u8"), ("nelems", "u8"), ("elemsize", "u8")])
    records["base"], records["npages"], records["nelems"], records["elemsize"] = HEAP, 1 << 34, 1 << 17, 1 << 47
    assert spancheck.sane(records, 1 << 47).tolist() == [False]


def test_a_span_record_that_cannot_be_read_is_left_out() -> None:
    world = World()
    world.span(Span(HEAP, 64, 10, freeindex=10))
    world.spans.append(0x10)
    assert heap(world).spans.slots == 10


@pytest.mark.parametrize(("length", "capacity"), [(2, 1), (1 << 40, 1 << 41)])
def test_a_torn_span_list_is_refused(length: int, capacity: int) -> None:
    world = World()
    at = world.mheap()
    world.words(at + world.offset("runtime.mheap", "allspans"), OFF_HEAP, length, capacity)
    with pytest.raises(InconsistentRuntime, match="allspans"):
        Heap.of(world.program)


def test_no_spans_at_all() -> None:
    found = heap(World())
    assert found.totals() == (0, 0) and found.ids(np.array([HEAP], np.uint64)).tolist() == [-1]


def test_unreadable_bitmaps_are_counted() -> None:
    world = World()
    span = world.span(Span(HEAP, 64, 100, freeindex=10))
    world.put("runtime.mspan", span, allocBits=0x10)
    found = heap(world)
    assert slots(found) == list(range(10)) and found.unreadable == 90


@pytest.mark.parametrize(
    ("minor", "span", "header"),
    [
        (27, Span(HEAP, 1024, 8), 8),
        (22, Span(HEAP, 1024, 8), 8),
        (21, Span(HEAP, 1024, 8), 0),  # arenas have a bitmap
        (27, Span(HEAP, 512, 16), 0),
        (27, Span(HEAP, 1024, 8, noscan=True), 0),
        (27, Span(HEAP, 1024, 8, sizeclass=0), 0),  # a large object: its type is in the span
    ],
)
def test_malloc_headers(minor: int, span: Span, header: int) -> None:
    found = heap(World(minor), span)
    assert found.addresses(np.array([0, 1])).tolist() == [HEAP + header, HEAP + span.elemsize + header]


def test_survivors_are_those_of_the_last_collection() -> None:
    swept = Span(HEAP, 64, 100, freeindex=5, alloc=(0, 3))
    waiting = Span(HEAP + PAGE, 64, 100, freeindex=5, marks=(1, 2), behind=-2)
    found = heap(World(), swept, waiting)
    assert slots(found) == [0, 1, 2, 3, 4, 101, 102]
    assert found.survivors(found.objects()) == 4


def test_ranges_of_pages_are_joined() -> None:
    found = heap(World(), Span(HEAP + 3 * PAGE, 64, 1), Span(HEAP, 64, 1, npages=2), Span(HEAP + 4 * PAGE, 64, 1))
    assert mheap.span_ranges(found.spans) == [(HEAP, HEAP + 2 * PAGE), (HEAP + 3 * PAGE, HEAP + 5 * PAGE)]


sizes = st.sampled_from([16, 48, 112, 1024, 4096])


@settings(max_examples=20)
@given(st.lists(st.tuples(sizes, st.integers(0, 2), st.integers(0, 9)), max_size=6), st.integers(0, 1 << 62))
def test_ids_and_addresses_are_inverse(drawn: list[tuple[int, int, int]], stray: int) -> None:
    page, spans = HEAP, []
    for size, gap, free in drawn:
        page += gap * PAGE
        spans.append(Span(page, size, PAGE // size, freeindex=min(free, PAGE // size)))
        page += PAGE
    found = heap(World(heap_pages=32), *reversed(spans))
    ids = found.objects()
    addresses = found.addresses(ids)
    assert found.ids(addresses).tolist() == found.ids(addresses + np.uint64(7)).tolist() == ids.tolist()
    assert (found.ids(found.addresses(np.setdiff1d(np.arange(found.spans.slots), ids))) == -1).all()
    outside = np.array([stray, page, HEAP - 1], np.uint64)
    assert (found.ids(outside[(outside < HEAP) | (outside >= page)]) == -1).all()
