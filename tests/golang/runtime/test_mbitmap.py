"""Pointer bits of arenas (runtime/mbitmap.go until Go 1.21) on made memory, against a model in plain Python."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pytest
from attrs import frozen
from hypothesis import given, settings, strategies as st

from gdbext.golang.runtime import mheap
from gdbext.golang.runtime.kernels.spans import Spans
from gdbext.golang.runtime.mbitmap import ArenaBits, arena_bits
from gdbext.golang.runtime.spancheck import ARENA_SIZE, PAGE_SIZE
from tests.synthetic import HEAP, Region, World

ARENAS = 0x7E00_0000_0000
PAGE_WORDS = PAGE_SIZE // 8
GROUP = 64
"""Words that one bit of noMorePtrs speaks of."""
RECORD = [(name, "u8") for name in ("base", "npages", "nelems", "elemsize", "spanclass", "sweepgen", "freeindex")]
BITS = [("alloc_bits", "u8"), ("mark_bits", "u8"), ("taken", "u8")]


@frozen
class Made:
    """A span of ``npages`` pages, ``page`` pages behind the heap's first."""

    page: int
    elemsize: int
    nelems: int
    npages: int = 1
    noscan: bool = False


def spans(*made: Made) -> Spans:
    records = np.zeros(len(made), RECORD + BITS)
    for record, one in zip(records, made, strict=True):
        record["base"], record["npages"] = HEAP + one.page * PAGE_SIZE, one.npages
        record["nelems"], record["elemsize"], record["spanclass"] = one.nelems, one.elemsize, 10 | one.noscan
    return mheap.make_spans(records, 0, 1 << 47, headers=False)


class Arenas:
    """Arenas from the heap's first on with bits set by word of the heap; ``holes``: those that cannot be read."""

    def __init__(self, count: int = 1, holes: Sequence[int] = ()) -> None:
        self.world = World(21)
        self.size = self.world.binary.layout("runtime.heapArena").size
        self.offset = {name: self.world.offset("runtime.heapArena", name) for name in ("bitmap", "noMorePtrs")}
        self.region = Region(ARENAS, count * self.size)
        self.world.target.memory.regions.append(self.region)
        index = ((HEAP + 0x8000_0000_0000) & (1 << 64) - 1) >> 26
        table = self.world.off_heap.take(8 * count)
        self.world.words(table, *(0x10 if i in holes else ARENAS + i * self.size for i in range(count)))
        mheap_ = self.world.mheap()
        self.world.put("runtime.mheap", mheap_, arenas=table - 8 * index)

    def set(self, name: str, bits: Sequence[int], size: int) -> None:
        """Set bits of a table that has ``size`` bits for each arena."""
        for bit in bits:
            arena, inside = divmod(bit, size)
            self.region.data[arena * self.size + self.offset[name] + inside // 8] |= 1 << inside % 8

    def read(self, pointers: Sequence[int], no_more: Sequence[int], found: Spans) -> ArenaBits:
        """Of words ``pointers`` are set, of groups of 64 words ``no_more``."""
        self.set("bitmap", pointers, ARENA_SIZE // 8)
        self.set("noMorePtrs", no_more, ARENA_SIZE // 8 // GROUP)
        return arena_bits(self.world.program, found)


def pointer_words(found: ArenaBits, over: Spans) -> set[int]:
    """The words of the heap that are pointers, of slots; what lies behind them is looked at by nobody."""
    said = set()
    for number in np.flatnonzero(found.start >= 0).tolist():
        first = (int(over.base[number]) - HEAP) // 8
        words = int(over.limit[number] - over.base[number]) // 8
        start = int(found.start[number])
        bits = np.unpackbits(found.bits[start : start + -(-words // 8)], bitorder="little", count=words)
        said |= {first + word for word in np.flatnonzero(bits).tolist()}
    return said


def model(pointers: set[int], no_more: Collection[int], over: Sequence[Made]) -> set[int]:
    """As the collector walks an object: a set bit of ``no_more`` ends it, if it goes on behind these 64 words."""
    said = set()
    for one in over:
        for slot in range(0 if one.noscan else one.nelems):
            begin = one.page * PAGE_WORDS + slot * one.elemsize // 8
            end = begin + one.elemsize // 8
            for word in range(begin, end):
                said |= {word} & pointers
                if word % GROUP == GROUP - 1 and word // GROUP in no_more and word + 1 < end:
                    break
    return said


def check(arenas: Arenas, made: Sequence[Made], pointers: set[int], no_more: Collection[int] = ()) -> None:
    over = spans(*made)
    found = arenas.read(sorted(pointers), sorted(no_more), over)
    assert found.unreadable == 0
    assert pointer_words(found, over) == model(pointers, no_more, made)


@pytest.mark.parametrize(("minor", "theirs"), [(21, True), (22, False), (23, False), (27, False)])
def test_only_old_releases_have_bits_in_arenas(minor: int, theirs: bool) -> None:
    assert mheap.bits_in_arenas(World(minor).program) == theirs


def test_small_objects() -> None:
    check(Arenas(), [Made(0, 48, 170), Made(2, 8, 1024), Made(1, 64, 128)], {0, 5, 6, 1019, 1024, 2047, 2048, 3071})


def test_objects_of_64_words_are_cut_by_nothing_behind_them() -> None:
    """What stands at the last words of an object speaks of no more than that object."""
    check(Arenas(), [Made(0, 512, 16)], {0, 63, 64, 127, 128}, {0, 1})


def test_a_small_object_over_a_border_of_groups_is_cut() -> None:
    """48 bytes are 6 words: slot 10 has the words 60 to 65."""
    check(Arenas(), [Made(0, 48, 170)], {59, 60, 63, 64, 65, 66}, {0})


def test_larger_objects_are_cut_behind_what_says_so() -> None:
    pointers = set(range(0, 1024, 3))
    check(Arenas(), [Made(0, 2048, 4)], pointers, {1, 4, 5, 11})


def test_a_hidden_bit_is_left_over_from_a_former_object() -> None:
    over = spans(Made(0, 8192, 1))
    found = Arenas().read([1, 700], [0], over)
    assert pointer_words(found, over) == {1}


def test_noscan_spans_have_none() -> None:
    over = spans(Made(0, 64, 128, noscan=True), Made(1, 64, 128))
    found = Arenas().read([0, 1024], [], over)
    assert found.start.tolist() == [-1, 0] and pointer_words(found, over) == {1024}


PER_ARENA = ARENA_SIZE // PAGE_SIZE


def test_a_large_span_over_three_arenas() -> None:
    pages = 2 * PER_ARENA - 100
    made = [Made(PER_ARENA - 50, pages * PAGE_SIZE, 1, pages), Made(PER_ARENA - 51, 64, 128)]
    first, behind = (PER_ARENA - 50) * PAGE_WORDS, PER_ARENA * PAGE_WORDS
    pointers = {first - 1, first, behind - 1, behind, behind + 70, 2 * behind - 1, 2 * behind, 2 * behind + 5}
    over = spans(*made)
    found = Arenas(3).read(sorted(pointers), [], over)
    assert pointer_words(found, over) == pointers


def test_a_cut_in_one_arena_hides_the_next() -> None:
    made = Made(PER_ARENA - 1, 3 * PAGE_SIZE, 1, 3)
    behind = PER_ARENA * PAGE_WORDS
    over = spans(made)
    found = Arenas(2).read([behind - 1, behind, behind + 1], [behind // GROUP - 1], over)
    assert pointer_words(found, over) == {behind - 1}


def test_an_arena_that_cannot_be_read_has_no_pointers_and_is_counted() -> None:
    made = [Made(0, 64, 128), Made(PER_ARENA - 1, 2 * PAGE_SIZE, 1, 2), Made(2 * PER_ARENA, 64, 128)]
    behind = PER_ARENA * PAGE_WORDS
    over = spans(*made)
    found = Arenas(3, holes=[1]).read([0, behind - 1, behind, 2 * behind], [], over)
    assert found.unreadable == 1
    assert pointer_words(found, over) == {0, behind - 1, 2 * behind}


def test_no_scannable_spans() -> None:
    found = Arenas().read([], [], spans(Made(0, 64, 128, noscan=True)))
    assert found.unreadable == 0 and len(found.bits) == 8


SHAPES: Mapping[int, int] = {8: 1, 24: 1, 48: 1, 64: 1, 416: 1, 512: 1, 576: 1, 1152: 1, 2688: 1, 3072: 3, 8192: 1}
"""Pages of a span, by the size of its slots."""
drawn = st.lists(st.tuples(st.sampled_from(sorted(SHAPES)), st.integers(0, 1), st.booleans()), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(drawn, st.integers(0, 1 << 32), st.floats(0, 1), st.floats(0, 0.5))
def test_random_bits_against_the_model(
    shapes: list[tuple[int, int, bool]], seed: int, dense: float, cuts: float
) -> None:
    made, page = list[Made](), 0
    for size, gap, noscan in shapes:
        page += gap
        made.append(Made(page, size, SHAPES[size] * PAGE_SIZE // size, SHAPES[size], noscan))
        page += SHAPES[size]
    random = np.random.default_rng(seed)
    pointers = np.flatnonzero(random.random(page * PAGE_WORDS) < dense).tolist()
    no_more = np.flatnonzero(random.random(page * PAGE_WORDS // GROUP) < cuts).tolist()
    check(Arenas(), made, set(pointers), set(no_more))
