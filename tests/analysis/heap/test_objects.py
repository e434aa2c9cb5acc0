"""Pointer words of objects on made memory, by each way in which Go says which they are, against plain Python."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.analysis.heap.kernels import words
from gdbext.analysis.heap.kernels.words import Mask
from gdbext.analysis.heap.objects import Laid, copied, slot_sizes
from gdbext.golang.runtime.sizeclasses import SIZES
from gdbext.golang.types.flat.table import TypeTable
from gdbext.target.image import Image
from tests.analysis.heap import heapkernels
from tests.analysis.heap.madeheap import ARRAY, UNROLLED, MadeHeap
from tests.synthetic import HEAP, PAGE

UNKNOWN = 0x10
"""No descriptor is there."""


def pointer_words(laid: Laid, table: TypeTable) -> list[int]:
    """The addresses of the pointer words of all allocated objects."""
    room = int((laid.heap.spans.limit - laid.heap.spans.base).sum()) // 8
    out, mask = np.zeros(room, np.uint64), Mask(np.zeros(6, np.uint64))
    spans = len(laid.objects.spans)
    memory = laid.heap.image.memory
    found = int(words.pointer_words(memory, laid.objects, table.described, mask, 0, spans, out))
    assert found <= room
    return sorted(out[:found].tolist())


def found(made: MadeHeap) -> list[int]:
    table = made.table()
    return pointer_words(made.laid(table), table)


def where(at: int, mask: Sequence[bool], size: int = 0) -> list[int]:
    """The pointer words of values with this mask, side by side from ``at`` on in ``size`` bytes."""
    size = size or 8 * len(mask)
    return [at + 8 * word for word in range(size // 8) if mask[word % len(mask)]]


masks = st.lists(st.booleans(), min_size=1, max_size=64)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([(27, True), (27, False), (22, False), (24, False)]), st.lists(masks, max_size=12))
def test_bits_at_the_spans_end(how: tuple[int, bool], drawn: list[list[bool]]) -> None:
    made, wanted = MadeHeap(*how), list[int]()
    for mask in drawn:
        wanted += where(made.raw(8 * len(mask), mask), mask)
    assert found(made) == sorted(wanted)


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("elemsize", [8, 16, 24, 48, 208, 416, 480, 512])
def test_full_spans_up_to_the_last_slot(elemsize: int, inline: bool) -> None:
    made, random, wanted = MadeHeap(27, inline), np.random.default_rng(elemsize), list[int]()
    slots = made.span(elemsize).span.nelems
    for _ in range(slots):
        mask = (random.random(elemsize // 8) < 0.5).tolist()
        mask[0] = True
        wanted += where(made.raw(elemsize, mask), mask)
    assert found(made) == sorted(wanted)


@pytest.mark.parametrize("inline", [False, True])
def test_bits_are_read_at_once_as_one_by_one(inline: bool) -> None:
    """What the traversal takes of a small object are the same bits, without reading behind them."""
    made, random = MadeHeap(27, inline), np.random.default_rng(3)
    for size in (8, 24, 48, 80, 208, 288, 416, 480, 512):
        for _ in range(made.span(size).span.nelems):
            made.raw(size, [True, *(random.random(size // 8 - 1) < 0.4).tolist()])
    table = made.table()
    laid = made.laid(table)
    bits = np.zeros(laid.heap.spans.slots, np.uint64)
    heapkernels.all_bits(laid.objects, bits)
    objects = laid.heap.objects()
    at = laid.heap.addresses(objects).tolist()
    rows = zip(at, bits[objects].tolist(), strict=True)
    assert [one + 8 * i for one, said in rows for i in range(64) if said >> i & 1] == pointer_words(laid, table)


def test_what_is_not_allocated_has_none() -> None:
    made = MadeHeap()
    at = made.raw(16, [True, True])
    gone = made.raw(16, [True, True])
    made.world.put("runtime.mspan", made.world.spans[0], freeindex=1)
    assert found(made) == where(at, [True, True]) and gone not in found(made)


def test_noscan_spans_have_none() -> None:
    made = MadeHeap()
    made.world.words(made.raw(64, [False] * 8), *[HEAP] * 8)
    made.world.words(made.raw(1 << 16, [False] * (1 << 13)), *[HEAP] * 8)
    assert found(made) == []


# Larger objects


def test_a_header_names_the_type_whose_values_are_side_by_side() -> None:
    """As the elements of an array until the slot ends, also behind those that were asked for."""
    made = MadeHeap()
    type_ = made.struct("main.T", ("a", made.int), ("b", made.any), ("c", made.string))
    at = made.new(type_, times=30)
    elemsize = next(one for one in SIZES if one >= 30 * 40 + 8)
    assert at % 64 == 8
    assert found(made) == where(at, made.masks[type_], elemsize - 8)


def test_the_last_of_the_values_may_not_be_whole() -> None:
    made = MadeHeap()
    type_ = made.struct("main.T", ("a", made.string), *((f"x{i}", made.int) for i in range(100)))
    at = made.new(type_)
    assert found(made) == [at, at + 816] and made.size[type_] == 816, "the slot has 888 bytes"


@pytest.mark.parametrize("header", [0, UNKNOWN, 1 << 63, (1 << 64) - 8])
def test_headers_that_name_nothing(header: int) -> None:
    """0: it is being allocated. Otherwise every word may be a pointer."""
    made = MadeHeap()
    type_ = made.struct("main.T", ("a", made.string), *((f"x{i}", made.int) for i in range(125)))
    at = made.new(type_)
    made.world.words(at - 8, header)
    assert found(made) == (where(at, [True], 1016) if header else [])


def test_a_header_that_names_what_is_no_type_of_the_program_is_believed_by_its_mask() -> None:
    """reflect.StructOf makes types at run time."""
    made = MadeHeap()
    foreign, bits = made.raw(64, [False] * 8), made.raw(16, [False] * 2)
    made.world.put("internal/abi.Type", foreign, Size_=24, PtrBytes=16, GCData=bits)
    made.world.write(bits, b"\x02")
    at = made.new(made.struct("main.T", *((f"x{i}", made.unsafe) for i in range(100))))
    made.world.words(at - 8, foreign)
    assert found(made) == where(at, [False, True, False], 888)


@pytest.mark.parametrize(
    "changed",
    [{"Size_": 0}, {"Size_": 1 << 40}, {"PtrBytes": 0}, {"PtrBytes": 1 << 50}, {"GCData": 0x10}, {"GCData": HEAP - 1}],
)
def test_a_header_that_names_garbage_bounds_nothing(changed: dict[str, int]) -> None:
    made = MadeHeap()
    foreign = made.raw(64, [False] * 8)
    made.world.put("internal/abi.Type", foreign, **{"Size_": 24, "PtrBytes": 16, "GCData": foreign, **changed})
    at = made.new(made.struct("main.T", *((f"x{i}", made.unsafe) for i in range(100))))
    made.world.words(at - 8, foreign)
    assert set(found(made)) <= set(where(at, [True], 888))


@pytest.mark.parametrize("minor", [22, 27])
def test_a_large_objects_type_is_in_its_span(minor: int) -> None:
    made = MadeHeap(minor)
    type_ = made.struct("main.T", ("a", made.int), ("b", made.any), ("c", made.string))
    at = made.new(type_, times=1000)
    assert at % PAGE == 0
    assert found(made) == where(at, made.masks[type_], 5 * PAGE)


def test_a_large_object_without_a_type_is_being_allocated() -> None:
    made = MadeHeap()
    at = made.new(made.unsafe, times=8000)
    made.world.put("runtime.mspan", made.world.spans[-1], largeType=0)
    assert at % PAGE == 0 and found(made) == []


def test_a_large_object_of_a_type_without_a_mask_of_its_own() -> None:
    """More than 128 KiB of pointers: the mask is made of the slots (a program until Go 1.23, on demand from 1.24)."""
    made = MadeHeap(heap_pages=64)
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.unsafe))
    type_ = made.type("[9000]main.Pair", ARRAY, 16 * 9000, [False, True] * 9000, TFlag=UNROLLED)
    made.world.put("internal/abi.ArrayType", type_, Elem=pair, Len=9000)
    at = made.new(type_)
    assert found(made) == where(at, [False, True], -(-16 * 9000 // PAGE) * PAGE)


# Where the bytes are


def split(made: MadeHeap, *pieces: tuple[int, int]) -> Image:
    """Another image of the same heap: of its bytes only the pieces, each somewhere else in our memory."""
    heap = made.world.heap
    parts = [(low, heap.data[low - heap.start : high - heap.start].copy()) for low, high in pieces]
    rest = [(region.start, region.data) for region in made.world.target.memory.regions if region is not heap]
    return Image.of_arrays([*parts, *rest])


def laid_over(made: MadeHeap, monkeypatch: pytest.MonkeyPatch, *pieces: tuple[int, int]) -> Laid:
    """The heap with only the pieces of its memory."""
    made.heap()
    image = split(made, *pieces)
    monkeypatch.setattr(made.world.target.memory, "whole", lambda: image)
    return made.laid()


def test_pages_that_are_not_side_by_side_in_our_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    made = MadeHeap()
    small, large = made.raw(48, [True, False] * 3), made.new(made.any, times=4000)
    small_again = made.raw(48, [False, True] * 3)
    cut = large + 3 * 4096
    laid = laid_over(made, monkeypatch, (HEAP, HEAP + 4096), (HEAP + 4096, cut), (cut, made.world.heap.end))
    table = made.table()
    wanted = [
        *where(small, [True, False], 48),
        *where(small_again, [False, True], 48),
        *where(large, [False, True], 64000),
    ]
    words_found = pointer_words(laid, table)
    assert laid.unreadable == 0
    assert words_found[: len(wanted)] == sorted(wanted)
    assert set(words_found) - set(wanted) == set(where(large + 64000, [False, True], 8 * PAGE - 64000))


def test_bytes_that_are_not_there_are_zeros_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bits of small objects at the end of their page are lost with it."""
    made = MadeHeap()
    made.raw(48, [True, False] * 3)
    laid = laid_over(made, monkeypatch, (HEAP, HEAP + 4096))
    assert laid.unreadable == 4096 and pointer_words(laid, made.table()) == []


def test_a_span_of_which_nothing_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made = MadeHeap()
    made.raw(48, [True, False] * 3)
    at = made.new(made.any, times=100)
    laid = laid_over(made, monkeypatch, (HEAP + 64 * PAGE, HEAP + 65 * PAGE))
    assert at and laid.unreadable == 2 * PAGE and pointer_words(laid, made.table()) == []


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=6), st.integers(0, 300), st.integers(0, 80)
)
def test_copies_against_a_model(drawn: list[tuple[int, int]], start: int, size: int) -> None:
    there = dict[int, int]()
    parts, end = list[tuple[int, np.ndarray]](), 0
    for low, length in sorted(drawn):
        low = max(low, end)
        data = np.arange(low, low + length, dtype=np.uint64).astype(np.uint8) | np.uint8(1)
        parts.append((1000 + low, data))
        there.update({low + i: int(byte) for i, byte in enumerate(data)})
        end = low + length
    copy, missing = copied(Image.of_arrays(parts), 1000 + start, 1000 + start + size)
    assert copy.tolist() == [there.get(start + i, 0) for i in range(size)]
    assert missing == sum(start + i not in there for i in range(size))


def test_slots_for_sizes() -> None:
    sizes = slot_sizes()
    assert [int(sizes[i]) for i in (0, 1, 2, 3, 4, 5)] == [0, 8, 16, 24, 32, 48]
    assert int(sizes[-1]) == 32768 and len(sizes) == 4097
    assert all(int(sizes[i]) == next(one for one in SIZES if one >= 8 * i) for i in range(0, 4097, 13))


def test_no_heap_at_all() -> None:
    made = MadeHeap()
    assert found(made) == []
