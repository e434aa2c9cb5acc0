"""Descriptors that lie: what is followed of a value stays inside of it, and reading them ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st

from gdbext.golang.types.flat.described import pointer_words
from gdbext.golang.types.flat.kernels import EFACE, IFACE, REPEATED, Described
from gdbext.golang.types.flat.table import TypeTable, type_table
from gdbext.golang.types.rtype import SLICE, STRING, Types
from tests.analysis.heap.madeheap import ARRAY, UNROLLED, MadeHeap
from tests.synthetic import STRUCT, Region

WIDTHS = {SLICE: 24, STRING: 16, IFACE: 16, EFACE: 16}
FAR = 1 << 47


def slots(described: Described, row: int) -> list[tuple[int, int, int, int]]:
    """(offset, kind, type, how many) of a row's slots."""
    begin = int(described.slot[row])
    columns = described.slot_at, described.slot_kind, described.slot_type, described.slot_count
    return [tuple(int(one[at]) for one in columns) for at in range(begin, begin + max(int(described.slots[row]), 0))]  # type: ignore[misc]


def check(table: TypeTable) -> None:
    """No slot reaches over its value's end, by whatever the traversal reads of it."""
    described = table.described
    for row in range(len(table)):
        size = int(described.size[row])
        for at, kind, target, times in slots(described, row):
            width = int(described.size[target]) * times if kind == REPEATED else WIDTHS.get(kind, 8)
            assert at + width <= size, (table.name(row), at, kind, times)
            assert -1 <= target < len(table)


def only(made: MadeHeap, type_: int) -> list[tuple[int, int, int, int]]:
    """The slots of one type, of a table that keeps the rules."""
    table = made.table()
    check(table)
    return slots(table.described, table.row(type_))


def test_slots_of_what_is_honest() -> None:
    made = MadeHeap()
    inner = made.struct("main.Inner", ("n", made.int), ("s", made.string))
    pointer, slice_ = made.pointer(inner), made.slice(inner)
    few, many = made.array(pointer, 3), made.array(inner, 17)
    fields = (("few", few), ("e", made.error), ("a", made.any), ("many", many), ("s", slice_), ("u", made.unsafe))
    type_ = made.struct("main.T", *fields)
    table = made.table()
    row = {at: table.row(at) for at in (inner, pointer)}
    kinds = [(at, kind, target, times) for at, kind, target, times in only(made, type_)]
    assert [(at, kind) for at, kind, *_ in kinds] == [
        (0, 22), (8, 22), (16, 22), (24, IFACE), (40, EFACE), (56, REPEATED), (56 + 17 * 24, SLICE), (80 + 17 * 24, 26),
    ]  # fmt: skip
    assert kinds[0][2] == kinds[5][2] == kinds[6][2] == row[inner] and kinds[5][3] == 17


def test_every_honest_type_is_found_and_no_other() -> None:
    made = MadeHeap()
    made.struct("main.T", ("a", made.array(made.pointer(made.int), 40)), ("m", made.map("map[int]int", made.int)))
    table = made.table()
    assert table.described.address.tolist() == sorted(made.masks)
    assert [table.name(row) for row in range(table.own)] == [made.world.types.at(at).name for at in sorted(made.masks)]


Lie = Callable[[MadeHeap, int, int], None]


def length(count: int, size: int = 0) -> Lie:
    def lie(made: MadeHeap, type_: int, elem: int) -> None:
        made.world.put("internal/abi.ArrayType", type_, Len=count)
        if size:
            made.world.put("internal/abi.Type", type_, Size_=size)

    return lie


def elem_of(size: int, count: int, whole: int) -> Lie:
    """Elements of another size, and how many of them in how many bytes."""

    def lie(made: MadeHeap, type_: int, elem: int) -> None:
        made.world.put("internal/abi.Type", elem, Size_=size)
        length(count, whole)(made, type_, elem)

    return lie


@pytest.mark.parametrize(
    "lie",
    [
        length(21),
        length(1 << 40),
        length((1 << 64) - 1),
        length(1 << 61),  # its size in bytes is 0 in 64 bits
        length((1 << 61) + 20),
        length(20, 152),
        length(20, 8),
        elem_of(FAR, 1 << 17, 1 << 20),
        elem_of(FAR, 1 << 17, 1 << 17),
        elem_of(1 << 44, 1 << 20, 1 << 21),
        elem_of(24, 20, 160),
    ],
)
def test_arrays_whose_elements_overrun_them(lie: Lie) -> None:
    made = MadeHeap()
    elem = made.pointer(made.int)
    type_ = made.array(elem, 20)
    lie(made, type_, elem)
    holder = made.struct("main.Holder", ("a", type_), ("b", made.unsafe))
    assert only(made, type_) == [] and only(made, holder) == []


@pytest.mark.parametrize("offset", [16, 32, FAR, (1 << 63) - 8, (1 << 64) - 8, (1 << 64) - 16])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_fields_outside(offset: int, which: int) -> None:
    made = MadeHeap()
    fields = [("a", made.unsafe, 0), ("b", made.unsafe, 8), ("c", made.unsafe, 16)]
    fields[which] = (fields[which][0], made.unsafe, offset)
    type_ = struct(made, "main.T", 24, fields)
    inside = offset + 8 <= 24
    assert len(only(made, type_)) == (3 if inside else 0)


def struct(made: MadeHeap, name: str, size: int, fields: list[tuple[str, int, int]]) -> int:
    """A structure with fields at any offset, whose words are all pointers."""
    type_ = made.type(name, STRUCT, size, [True] * (size // 8))
    rows = made.world.rodata.take(24 * len(fields))
    made.world.words(type_ + made.world.offset("internal/abi.StructType", "Fields"), rows, len(fields), len(fields))
    for number, (label, inner, offset) in enumerate(fields):
        told = made.world.name(label)
        made.world.put("internal/abi.StructField", rows + 24 * number, Name=told, Typ=inner, Offset=offset)
    return type_


@pytest.mark.parametrize("offset", [0, 8, 16, FAR, (1 << 64) - 8, (1 << 64) - 1])
def test_an_atomic_pointer_whose_word_is_elsewhere(offset: int) -> None:
    made = MadeHeap()
    none = made.array(made.pointer(made.int), 0)
    type_ = struct(made, "atomic.Pointer[int]", 16, [("_", none, 0), ("v", made.unsafe, offset)])
    found = only(made, type_)
    assert [at for at, *_ in found] == ([offset] if offset <= 8 else [])


@pytest.mark.parametrize(("kind", "size"), [(SLICE, 8), (SLICE, 16), (STRING, 8), (20, 8)])
def test_values_smaller_than_their_kind(kind: int, size: int) -> None:
    made = MadeHeap()
    small = made.type("small", kind, size, [True])
    holder = made.struct("main.Holder", ("a", small))
    assert only(made, small) == [] and only(made, holder) == []


# Rings


def ring(made: MadeHeap, count: int, *more: tuple[str, int, int], size: int = 16) -> list[int]:
    """Structures whose first field is the next of them, and that of the last the first."""
    types = [struct(made, f"main.R{i}", size, [("next", made.int, 0), *more]) for i in range(count)]
    for i, type_ in enumerate(types):
        (rows,) = np.frombuffer(
            made.world.program.read(type_ + made.world.offset("internal/abi.StructType", "Fields"), 8), "<u8"
        ).tolist()
        made.world.put("internal/abi.StructField", rows, Typ=types[(i + 1) % count])
    return types


@pytest.mark.parametrize("count", [1, 2, 3, 17, 40])
def test_rings_of_structures_end(count: int) -> None:
    made = MadeHeap()
    types = ring(made, count)
    table = made.table()
    check(table)
    assert [int(table.described.slots[table.row(one)]) for one in types] == [-1] * count


def test_a_ring_that_has_pointers_as_well_ends() -> None:
    made = MadeHeap()
    types = ring(made, 2, ("p", made.unsafe, 8))
    table = made.table()
    check(table)
    assert [int(table.described.slots[table.row(one)]) for one in types] == [-1, -1]


@pytest.mark.parametrize("length", [0, 1, 2, 16, 17, 1 << 20])
def test_arrays_of_themselves_end(length: int) -> None:
    made = MadeHeap()
    type_ = made.array(made.unsafe, 2)
    made.world.put("internal/abi.ArrayType", type_, Elem=type_, Len=length)
    holder = made.struct("main.Holder", ("a", type_))
    assert only(made, type_) == [] == only(made, holder)


def test_a_structure_in_an_array_in_itself_ends() -> None:
    made = MadeHeap()
    array = made.array(made.unsafe, 1)
    type_ = struct(made, "main.T", 8, [("a", array, 0)])
    made.elem(array, "ArrayType", type_)
    assert only(made, type_) == [] == only(made, array)


def test_many_fields_that_take_no_room_end() -> None:
    """A doubling at each of many levels is more than anybody could read."""
    made = MadeHeap()
    inner = made.unsafe
    for level in range(40):
        inner = struct(made, f"main.L{level}", 8, [("a", inner, 0), ("b", inner, 0)])
    check(made.table())


# Masks


@pytest.mark.parametrize(
    ("changed", "elem"),
    [
        ({"PtrBytes": 8}, {}),
        ({"PtrBytes": 8, "Size_": 1 << 46}, {}),
        ({"PtrBytes": 1 << 28, "Size_": 1 << 28}, {}),
        ({"PtrBytes": 1 << 40, "Size_": 1 << 40}, {}),
        ({}, {"PtrBytes": 0}),
        ({}, {"Size_": 4, "PtrBytes": 0}),
        ({}, {"Size_": 12}),
    ],
)
def test_masks_of_slots_that_say_otherwise(changed: dict[str, int], elem: dict[str, int]) -> None:
    made = MadeHeap()
    one = made.pointer(made.int)
    few = made.type("[2]*int", ARRAY, 16, [True] * 2, TFlag=UNROLLED)
    many = made.type("[1000]*int", ARRAY, 8000, [True] * 1000, TFlag=UNROLLED)
    for type_, count in ((few, 2), (many, 1000)):
        count = changed.get("Size_", 8 * count) // 8
        made.world.put("internal/abi.ArrayType", type_, Elem=one, Len=count)
        made.world.put("internal/abi.Type", type_, **changed)
    made.world.put("internal/abi.Type", one, **elem)
    check(made.table())


def test_a_mask_made_of_slots_is_that_of_the_compiler() -> None:
    made = MadeHeap()
    inner = made.struct("main.Inner", ("n", made.int), ("s", made.any), ("f", made.int))
    type_ = made.struct("main.T", ("a", made.array(inner, 40)), ("b", made.slice(inner)), ("c", made.int))
    table = made.table()
    row = table.row(type_)
    words = pointer_words(table.described, row)
    wanted = np.array(made.masks[type_])
    assert words.tolist() == wanted[: len(words)].tolist() and not wanted[len(words) :].any()
    assert int(table.described.mask[row]) == sum(1 << i for i in np.flatnonzero(wanted[:64]).tolist())


# Anything


number = st.one_of(
    st.integers(0, 64), st.sampled_from([FAR, 1 << 32, 1 << 61, (1 << 64) - 8]), st.integers(0, (1 << 64) - 1)
)
fields = st.tuples(st.integers(0, 8), st.one_of(st.sampled_from([0, 8, 16, 24]), number))
types = st.tuples(
    st.sampled_from([CHAN := 18, ARRAY, 20, 21, 22, SLICE, STRING, STRUCT, STRUCT, STRUCT, 26]),
    st.one_of(st.integers(0, 20).map(lambda words: 8 * words), number),
    st.one_of(st.integers(0, 20), number),
    st.integers(0, 8),
    st.lists(fields, max_size=4),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(types, min_size=1, max_size=9))
def test_random_descriptors(drawn: list[tuple[int, int, int, int, list[tuple[int, int]], bool]]) -> None:
    made = MadeHeap()
    made.map("map[int]int", made.int)
    at = [made.type(f"main.T{i}", kind, 8, [True], TFlag=UNROLLED * bare) for i, (kind, *_, bare) in enumerate(drawn)]
    for type_, (kind, size, count, elem, inner, _) in zip(at, drawn, strict=True):
        made.world.put("internal/abi.Type", type_, Size_=size, PtrBytes=min(size & ~7, 8 * (count % 64)))
        if kind == ARRAY:
            made.world.put("internal/abi.ArrayType", type_, Elem=at[elem % len(at)], Len=count)
        elif kind == STRUCT:
            rows = made.world.rodata.take(24 * max(len(inner), 1))
            where = type_ + made.world.offset("internal/abi.StructType", "Fields")
            made.world.words(where, rows, len(inner), len(inner))
            for number_, (which, offset) in enumerate(inner):
                made.world.words(rows + 24 * number_, made.world.name("f"), at[which % len(at)], offset)
        elif kind not in (STRING, 20, 21, 26):
            made.elem(type_, "PtrType", at[elem % len(at)])
    check(made.table())


def test_modules_far_from_one_another() -> None:
    """A plugin's descriptors lie where shared libraries do."""
    made = MadeHeap()
    near, far = made.module, Region(0x7E80_0000_0000, 1 << 16)
    inner = made.struct("main.Inner", ("n", made.int), ("p", made.unsafe))
    made.world.target.memory.regions.append(far)
    made.world.rodata = far
    name = made.world.name("plugin.T") - far.start
    type_ = made.type("plugin.T", STRUCT, 32, [False, True] * 2, Str=name)
    rows = far.take(48)
    made.world.words(type_ + made.world.offset("internal/abi.StructType", "Fields"), rows, 2, 2)
    made.world.words(rows, far.start, inner, 0, far.start, inner, 16)
    there = evolve(near, types=far.start, etypes=far.end, rodata=far.start, text=far.start, etext=far.end)
    there = evolve(there, noptrdata=far.end, data=far.end, edata=far.end, ebss=far.end)
    modules = [near, there]
    table = type_table(made.world.program, Types(made.world.program, modules), modules)  # type: ignore[arg-type]
    check(table)
    assert table.name(table.row(type_)) == "plugin.T"
    assert [at for at, *_ in slots(table.described, table.row(type_))] == [8, 24]
    assert len(table.described.place) == 0
