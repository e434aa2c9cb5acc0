"""Span records that cannot be believed, on made memory: what they claim is neither written to nor read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gdbext.errors import InconsistentRuntime
from gdbext.golang.runtime import mheap, spancheck
from gdbext.golang.runtime.kernels import spans as kernels
from gdbext.golang.runtime.mheap import Heap
from tests.synthetic import HEAP, PAGE, Range, Span, World

LARGE = 1 << 27
GOOD = Span(HEAP, 64, 128, freeindex=3)
Change = Callable[[World, int], None]


def heap(*spans: Span, change: Change = lambda world, last: None) -> Heap:
    """``change`` is given the last span's record."""
    world = World(heap_pages=64)
    made = [world.span(span) for span in spans]
    world.mheap()
    change(world, made[-1])
    return Heap.of(world.program)


def change(**fields: int) -> Change:
    return lambda world, last: world.put("runtime.mspan", last, **fields)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (change(npages=LARGE, elemsize=1 << 40, nelems=1), "not mapped"),
        (change(npages=LARGE, elemsize=8, nelems=1 << 15), "not mapped"),
        (change(npages=62), "the page table names others"),
        (change(startAddr=HEAP), "the page table names others"),
        (change(startAddr=HEAP + 40 * PAGE), "the page table names others"),
        (change(startAddr=HEAP + 8), "do not fit"),
        (change(startAddr=(1 << 64) - PAGE), "do not fit"),
        (change(npages=(1 << 64) - 1), "do not fit"),
        (change(elemsize=0), "do not fit"),
        (change(elemsize=1 << 63), "do not fit"),
        (change(nelems=0xFFFF), "do not fit"),
    ],
)
def test_a_span_that_lies_is_left_out_and_counted(changed: Change, said: str) -> None:
    found = heap(GOOD, Span(HEAP + PAGE, 64, 128, freeindex=3), change=changed)
    assert found.spans.base.tolist() == [HEAP] and found.totals() == (3, 192)
    (note,) = found.notes
    assert said in note and note.startswith("1 heap spans left out")


def test_where_the_page_table_cannot_be_read_the_lower_span_is_kept() -> None:
    def hidden(world: World, last: int) -> None:
        world.put("runtime.mheap", world.symbols["runtime.mheap_"], arenas=0x10)

    found = heap(Span(HEAP, 64, 128, npages=3), Span(HEAP + PAGE, 64, 128), change=hidden)
    assert found.spans.base.tolist() == [HEAP]
    assert found.notes == ("1 heap spans left out with all that is in them: they hold pages of others",)


def test_mappings_beyond_all_addresses_are_none() -> None:
    def beyond(world: World, last: int) -> None:
        world.target.memory.files = [Range((1 << 64) - PAGE, (1 << 64) + PAGE), Range(0x1000, 1 << 70)]

    assert heap(GOOD, change=beyond).spans.base.tolist() == [HEAP]


def test_a_list_that_names_a_span_twice_has_it_once() -> None:
    def twice(world: World, last: int) -> None:
        world.spans.append(last)
        world.mheap()

    assert heap(GOOD, change=twice).spans.slots == 128


def test_slots_of_another_size_than_the_programs_size_class() -> None:
    def sizes(world: World, last: int) -> None:
        table = np.linspace(0, spancheck.LARGEST_SMALL, spancheck.CLASSES).astype("<u2")
        table[GOOD.sizeclass] = 1024
        table[: GOOD.sizeclass] = 0, 8, 16, 24, 32
        world.variable("internal/runtime/gc.SizeClassToSize", *([0] * 17))
        world.write(world.symbols["internal/runtime/gc.SizeClassToSize"], table.tobytes())

    large = Span(HEAP + PAGE, 4 * PAGE, 1, npages=4, sizeclass=0)
    found = heap(Span(HEAP + 5 * PAGE, 1024, 8), large, GOOD, change=sizes)
    assert found.spans.elemsize.tolist() == [4 * PAGE, 1024]
    assert "size class" in found.notes[0]


def test_a_heap_of_nothing_but_claims_is_refused_with_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mheap, "UNREADABLE_SLOTS", 0)
    made = World(heap_pages=1).target.memory.image(())
    with pytest.raises(InconsistentRuntime, match=r"claims 9,999,999 objects in [\d,]+ bytes"):
        mheap.check_room(9_999_999, made)


def test_the_table_of_pages_is_not_written_beyond_its_end() -> None:
    table = np.full(4 + 4, -1, np.int32)
    base = np.array([HEAP, HEAP + PAGE], np.uint64)
    limit = np.array([HEAP + (PAGE << 30), HEAP + 2 * PAGE], np.uint64)
    kernels.fill_pages(base, limit, table[:4])
    assert table.tolist() == [0, 1, 0, 0, -1, -1, -1, -1]
