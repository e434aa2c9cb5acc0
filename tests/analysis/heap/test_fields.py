"""What words inside objects are called, on made types."""

from __future__ import annotations

import pytest

from gdbext.analysis.heap.fields import Fields
from gdbext.analysis.heap.flow import Flowed
from gdbext.analysis.heap.lookup import Lookup
from gdbext.golang.runtime.sizeclasses import SIZES
from gdbext.golang.types.values import Values
from tests.analysis.heap.madeheap import ARRAY, MadeHeap
from tests.synthetic import HEAP, STRUCT


def fields(made: MadeHeap) -> Fields:
    table = made.table()
    return Fields(table, Values(made.world.program, table.types))


def lookup(made: MadeHeap, flowed: Flowed) -> Lookup:
    return Lookup(flowed, Fields(flowed.table, Values(made.world.program, flowed.table.types)))


def names(made: MadeHeap, type_: int, size: int, base: int = HEAP) -> list[str]:
    """Of every word of ``size`` bytes that are values of a type."""
    found = fields(made)
    return [found.name(found.table.row(type_), base, size, 8 * word) for word in range(size // 8)]


def test_fields_of_fields() -> None:
    made = MadeHeap()
    inner = made.struct("main.Inner", ("a", made.int), ("text", made.string))
    outer = made.struct("main.Outer", ("first", made.unsafe), ("inner", inner), ("last", made.any))
    assert names(made, outer, 48) == [".first", ".inner.a", ".inner.text", ".inner.text", ".last", ".last"]


def test_elements_of_arrays() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.unsafe))
    grid = made.array(made.array(pair, 2), 2)
    holder = made.struct("main.Holder", ("grid", grid), ("n", made.int))
    found = names(made, holder, made.size[holder])
    assert found[:4] == [".grid[0][0].n", ".grid[0][0].p", ".grid[0][1].n", ".grid[0][1].p"]
    assert found[-2:] == [".grid[1][1].p", ".n"]


def test_several_values_have_an_index_one_has_none() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.unsafe))
    assert names(made, pair, 32) == ["[0].n", "[0].p", "[1].n", "[1].p"]
    assert names(made, pair, 24) == [".n", ".p", ".n"], "the slot is larger than its only value"
    assert names(made, made.unsafe, 16) == ["[0]", "[1]"] and names(made, made.unsafe, 8) == ["*"]


def test_an_object_that_is_one_value() -> None:
    made = MadeHeap()
    assert names(made, made.pointer(made.int), 8) == ["*"]
    assert names(made, made.slice(made.int), 24)[0] == ".array"
    assert names(made, made.string, 16)[0] == ".str" and names(made, made.any, 16)[1] == ".data"


def test_what_lies_in_the_middle_of_a_word() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.unsafe))
    found = fields(made)
    assert found.name(found.table.row(pair), HEAP, 16, 13) == ".p" and found.name(-1, HEAP, 16, 0) == ""


def group(made: MadeHeap, key: int, elem: int) -> int:
    slot = made.struct("struct { key K; elem V }", ("key", key), ("elem", elem))
    return made.struct("map.group[K]V", ("ctrl", made.int), ("slots", made.array(slot, 8)))


def test_entries_of_maps_by_their_keys() -> None:
    made = MadeHeap()
    value = made.struct("main.Value", ("n", made.int), ("p", made.unsafe))
    type_ = group(made, made.string, value)
    at, text = made.new(type_), made.raw(5, [False])
    made.world.write(text, b"alpha")
    made.world.words(at + 8 + 32 * 2, text, 5)
    found = names(made, type_, made.size[type_], at)
    assert found[0] == ".ctrl" and found[1 + 4 * 2 :][:4] == [
        'key("alpha")',
        'key("alpha")',
        '["alpha"].n',
        '["alpha"].p',
    ]
    assert found[1 + 4 * 3 + 2] == '[""].n'


def test_entries_of_the_second_of_several_groups() -> None:
    made = MadeHeap()
    type_ = group(made, made.int, made.unsafe)
    at, size = made.new(type_, times=4), made.size[type_]
    made.world.words(at + 2 * size + 8 + 16 * 7, 77)
    found = fields(made)
    assert found.name(found.table.row(type_), at, 4 * size, 2 * size + 8 + 16 * 7 + 8) == "[77]"


@pytest.mark.parametrize(
    "order", [("keys", "elems"), ("ctrl", "keys", "elems"), ("topbits", "keys", "elems", "overflow")]
)
def test_entries_where_keys_stand_apart(order: tuple[str, ...]) -> None:
    """Classic buckets (until Go 1.23), groups of GOEXPERIMENT=mapsplitgroup."""
    made = MadeHeap()
    parts = {"keys": made.array(made.int, 8), "elems": made.array(made.unsafe, 8)}
    name = "map.bucket[int]unsafe.Pointer" if "overflow" in order else "map.group[int]unsafe.Pointer"
    type_ = made.struct(name, *((one, parts.get(one, made.int)) for one in order))
    at, keys = made.new(type_), 8 * ("ctrl" in order or "topbits" in order)
    made.world.words(at + keys, *range(10, 18))
    found = names(made, type_, made.size[type_], at)[keys // 8 :]
    assert found[:8] == [f"key({number})" for number in range(10, 18)]
    assert found[8:16] == [f"[{number}]" for number in range(10, 18)]
    assert found[16:] == ([".overflow"] if "overflow" in order else [])


def test_keys_that_cannot_be_read_are_said_to_be() -> None:
    made = MadeHeap()
    type_ = group(made, made.string, made.unsafe)
    at = made.new(type_)
    made.world.words(at + 8, 0x10, 5)
    assert "unreadable" in names(made, type_, made.size[type_], at)[3]


@pytest.mark.parametrize("shape", [("slots",), ("keys",), ("elems",), ("elems", "keys"), ("keys", "slots")])
@pytest.mark.parametrize("part", ["word", "array", "pairs", "structure"])
def test_groups_that_are_none_end_nothing(shape: tuple[str, ...], part: str) -> None:
    """A user's type may be called like one; a descriptor may be damaged."""
    made = MadeHeap()
    pair = made.struct("main.Pair", ("x", made.int), ("key", made.unsafe))
    parts = {"word": made.unsafe, "array": made.array(made.int, 8), "pairs": made.array(pair, 8), "structure": pair}
    type_ = made.struct("map.group[int]int", ("ctrl", made.int), *((one, parts[part]) for one in shape))
    assert all(isinstance(name, str) for name in names(made, type_, made.size[type_]))


def test_types_that_lie_have_no_names_and_end() -> None:
    made = MadeHeap()
    array = made.array(made.unsafe, 2)
    made.world.put("internal/abi.ArrayType", array, Elem=array)
    ring = made.struct("main.Ring", ("next", made.int))
    rows = made.world.program.word(ring + made.world.offset("internal/abi.StructType", "Fields"))
    made.world.put("internal/abi.StructField", rows, Typ=ring)
    lost = made.struct("main.Lost", ("a", made.int))
    made.world.words(lost + made.world.offset("internal/abi.StructType", "Fields"), 0x10, 1, 1)
    huge = made.type("[1]huge", ARRAY, 8, [True])
    named = made.type("main.Named", STRUCT, 8, [True], Str=0x7FFF_FFFF)
    for type_ in (array, ring, lost, huge, named):
        assert all(len(name) < 400 for name in names(made, type_, 16))


def test_objects_are_looked_up_by_any_address_inside() -> None:
    made = MadeHeap()
    pair = made.struct("main.Pair", ("n", made.int), ("p", made.unsafe))
    array, small = made.new(pair, times=50), made.new(pair)
    made.world.words(array + 24, small)
    gone = made.raw(16, [True, True])
    found = lookup(made, made.flowed([array]))
    one = found.at(array + 40)
    assert one is not None
    assert (one.base, one.size, one.allocated, one.reachable, one.exact) == (array, 896 - 8, True, True, True)
    assert found.type_name(one) == "main.Pair" and found.field(one, array + 24) == "[1].p"
    header = found.at(array - 1)
    assert header == one == found.numbered(one.id)
    dead = found.at(gone)
    assert dead is not None and dead.allocated and not dead.reachable and found.type_name(dead) == ""
    assert found.field(dead, gone + 8) == "" and found.span_class(dead) == 2 * SIZES.index(16)
    assert found.span_class(one) == 2 * SIZES.index(896)
    free = found.at(gone + 16)
    assert free is not None and not free.allocated
    assert found.at(HEAP - 1) is None and found.at(made.world.heap.end + 8) is None and found.at((1 << 64) - 1) is None


def test_words_of_channels_and_of_what_maps_are_made_of() -> None:
    made = MadeHeap()
    type_ = made.chan(made.pointer(made.int))
    layout = made.world.binary.layout("runtime.hchan")
    place = made.world.offset("runtime.hchan", "buf")
    at = made.raw(layout.size + 16, [8 * one == place for one in range(layout.size // 8 + 2)])
    holder = made.struct("main.Holder", ("c", type_))
    top = made.new(holder, at)
    variable = made.world.data.take(8)
    made.world.words(variable, top)
    found = lookup(made, made.flowed([], [(variable, made.pointer(holder))]))
    one = found.at(at)
    assert one is not None and found.type_name(one) == "chan *int"
    assert found.field(one, at + place) == ".buf"
    timer, first = (made.world.offset("runtime.hchan", name) for name in ("timer", "recvq.first"))
    assert [found.field(one, at + offset) for offset in (timer, first, 0)] == [".timer", ".recvq.first", ""]
    assert [found.field(one, at + layout.size + offset) for offset in (0, 8)] == ["buffer[0]", "buffer[1]"]
