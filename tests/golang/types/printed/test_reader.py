"""Values from made memory: what makes no sense, what goes around in circles, what is too much."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.commands.print import losses
from gdbext.golang.types.printed import bounds as module
from gdbext.golang.types.printed.bounds import NOTHINGS, Bounds, of_items
from gdbext.golang.types.printed.form import Form, Forms
from gdbext.golang.types.printed.reader import LONGEST, MASKED, NESTING, Held, Reader
from gdbext.golang.types.printed.tree import (
    Channel,
    Function,
    Interface,
    Listed,
    Mapped,
    Pointer,
    Scalar,
    Struct,
    Text,
    Unreadable,
    Value,
)
from gdbext.golang.types.rtype import MAP, SLICE, UNSAFE
from gdbext.views import printedjson, printedtext
from tests.golang.types.printed.made import Made
from tests.synthetic import CHAN, FLOAT64, MAP as MAPS, UINT64, failing, swiss_group

ARRAY, FUNC = 17, 19


@pytest.fixture
def made() -> Made:
    return Made()


def test_numbers_and_text(made: Made) -> None:
    assert made.read(made.int, made.words(-5)) == Scalar("int", -5)
    assert made.read(made.world.type("main.F", FLOAT64), made.world.string("x")).type == "main.F"
    assert made.read(made.string, made.world.string("hello")) == Text("string", b"hello", 5)
    assert made.read(made.string, made.world.string("x" * 50), bytes=10) == Text("string", b"x" * 10, 50)


@pytest.mark.parametrize(
    ("data", "length", "reason"),
    [(0x10, -1, "a string of -1 bytes at 0x10"), (0x10, LONGEST, "a string of"), (0x10, 5, "cannot read 5 bytes")],
)
def test_strings_that_are_none(made: Made, data: int, length: int, reason: str) -> None:
    found = made.read(made.string, made.words(data, length))
    assert isinstance(found, Unreadable) and reason in found.reason


@pytest.mark.parametrize(
    ("length", "capacity", "reason"),
    [(5, 3, "length 5 and capacity 3"), (-1, -1, "length -1"), (2, LONGEST, "capacity"), (1 << 30, 1 << 30, "")],
)
def test_slices_that_are_none(made: Made, length: int, capacity: int, reason: str) -> None:
    found = made.read(made.slice(made.int), made.words(0x10, length, capacity), elements=None)
    assert isinstance(found, Unreadable) and reason in found.reason


def test_a_slice_is_cut(made: Made) -> None:
    data = made.words(*range(10))
    found = made.read(made.slice(made.int), made.words(data, 10, 12), elements=4)
    assert found == Listed("[]T", [Scalar("int", one) for one in range(4)], 10, 12, data)
    json = printedjson.Json()
    assert json.of(found, ".a") == [0, 1, 2, 3] and json.cut[0]["of"] == 10
    assert last_line(found) == ["… 6 more (--all shows them)"]


def last_line(value: Value) -> Sequence[Any]:
    """The last one below a value."""
    return [*printedtext.node(value).children][-1].text


def test_maps_and_channels_are_bounded_too(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    group = made.world.heap.take(136)
    made.world.write(group, swiss_group([5] * 8, [(one, one) for one in range(8)]))
    found = made.read(a_map(made), made.words(header(made, used=8, dirPtr=group)), elements=9)
    assert isinstance(found, Mapped) and len(found.entries) == 2
    assert last_line(found) == ["… 6 more (of a map 2 are shown at most)"]
    type_, at = made.of(made.world.type("chan int", CHAN, direct=True), made.int), made.world.heap.take(96)
    made.world.put("runtime.hchan", at, qcount=3, dataqsiz=3, buf=made.words(1, 2, 3), recvx=0)
    assert last_line(made.read(type_, made.words(at), elements=9)) == ["… 1 more (of a channel 2 are shown at most)"]


def test_strings_that_share_their_bytes_are_bounded_in_all(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM", 25)
    header = struct.unpack("<2Q", made.world.program.read(made.world.string("x" * 10), 16))
    strings = made.slice(made.string)
    reading, found = made.reading(strings, made.words(made.words(*header * 4), 4, 4), elements=None)
    assert isinstance(found, Listed)
    assert [(len(one.data), one.length) for one in found.items if isinstance(one, Text)] == [
        (10, 10), (10, 10), (5, 10), (0, 10),
    ]  # fmt: skip
    assert losses(reading) == ["of strings 0 MiB are shown in all: later ones are cut"]
    assert losses(made.reading(strings, made.words(made.words(*header * 2), 2, 2))[0]) == []


def test_values_are_bounded_in_all_unless_more_are_asked_for(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 100)
    strings = made.slice(made.string)
    at = made.words(made.words(*[0] * 80), 40, 40)
    reading, found = made.reading(strings, at, elements=None)
    assert isinstance(found, Listed) and len(found.items) == 10
    assert last_line(found) == ["… 30 more (--limit N shows up to N values)"]
    assert losses(reading) == ["too much to show at once: the rest is cut; --limit N shows up to N values"]
    reading, found = made.reading(strings, at, elements=50)
    assert isinstance(found, Listed) and len(found.items) == 40 and losses(reading) == []


def test_numbers_side_by_side_are_cut(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 100)
    reading, found = made.reading(made.slice(made.int), made.words(made.words(*range(200)), 200, 200), elements=None)
    assert isinstance(found, Listed) and len(found.items) == 100 - module.EACH and reading.left < 0
    assert last_line(found) == ["… 110 more (--limit N shows up to N values)"]


def test_a_slice_of_nothing_is_as_long_as_it_says(made: Made) -> None:
    """Elements without a size take no memory, which could bound how many there are."""
    nothing = made.world.struct("struct {}", 0)
    array = made.of(made.world.type("[9]struct {}", ARRAY, 0), nothing, length=1 << 40)
    for type_, at in ((made.slice(nothing), made.words(0x10, 1 << 40, 1 << 40)), (array, made.words(0))):
        found = made.read(type_, at, elements=None)
        assert isinstance(found, Listed) and len(found.items) == NOTHINGS
        assert last_line(found) == ["… 1,099,511,627,676 more (of elements without a size 100 are shown at most)"]
    longest = (1 << 63) - 1
    found = made.read(made.slice(nothing), made.words(0x10, longest, longest), elements=1)
    assert found == Listed("[]T", [Struct("struct {}", [])], longest, longest, 0x10, bound=of_items(longest, 0, False))
    assert isinstance(made.read(made.slice(nothing), made.words(0x10, -1, -1)), Unreadable)
    whole = made.of(made.world.type("[9]struct {}", ARRAY, 0), nothing, length=longest)
    assert made.read(whole, made.words(0), elements=0) == Listed(
        "[9]struct {}", [], longest, bound=of_items(longest, 0, False)
    )


def test_a_channel_of_nothing_has_room_for_as_much_as_it_says(made: Made) -> None:
    nothing, at = made.world.struct("struct {}", 0), made.world.heap.take(96)
    made.world.put("runtime.hchan", at, qcount=1, dataqsiz=1 << 60, recvx=1 << 50)
    for elem, is_shown in ((nothing, True), (made.int, False)):
        type_ = made.of(made.world.type("chan T", CHAN, direct=True), elem)
        assert isinstance(made.read(type_, made.words(at)), Channel if is_shown else Unreadable)


def an_atomic(made: Made, name: str, length: int = 0, last: int = UNSAFE) -> int:
    """atomic.Pointer[int]; or something that is not quite one."""
    none = made.of(made.world.type(f"[{length}]*int", ARRAY, 8 * length), made.world.pointer(made.int), length=length)
    word = made.world.type("unsafe.Pointer", last)
    return made.world.struct(name, 8 + 8 * length, ("_", none, 0), ("v", word, 8 * length))


@pytest.mark.parametrize("name", ["atomic.Pointer[int]", "internal/runtime/atomic.Pointer[int]", "main.Alike"])
def test_an_atomic_pointer_is_a_pointer(made: Made, name: str) -> None:
    type_, number = an_atomic(made, name), made.words(7)
    assert made.read(type_, made.words(number)) == Pointer("*int", number, Scalar("int", 7))
    assert made.read(type_, made.words(number), depth=0) == Pointer("*int", number, closed="deeper")
    assert made.read(type_, made.words(0)) == Pointer("*int", 0)
    pair = made.world.struct("main.T", 16, ("n", made.int, 0), ("next", type_, 8))
    assert made.read(pair, made.words(1, number)) == Struct(
        "main.T", [("n", Scalar("int", 1)), ("next", Pointer("*int", number, Scalar("int", 7)))]
    )


@pytest.mark.parametrize(
    ("name", "length", "last"), [("weak.Pointer[int]", 0, UNSAFE), ("main.T", 1, UNSAFE), ("main.T", 0, UINT64)]
)
def test_what_only_looks_like_an_atomic_pointer(made: Made, name: str, length: int, last: int) -> None:
    found = made.read(an_atomic(made, name, length, last), made.words(7, 7))
    word = Scalar("unsafe.Pointer", 7) if last == UINT64 else Pointer("unsafe.Pointer", 7)
    assert found == Struct(name, [("v", word)])


def test_numbers_of_package_atomic_by_their_whole_name(made: Made) -> None:
    for name in ("atomic.Int64", "sync/atomic.Int64", "internal/runtime/atomic.Int64"):
        assert made.read(made.world.struct(name, 8, ("v", made.int, 0)), made.words(-3)) == Scalar(name, -3)


def test_a_pointer_to_itself(made: Made) -> None:
    pointer = made.world.type("*main.P", 22, 8, direct=True)
    made.of(pointer, pointer)
    at = made.words(0)
    made.world.words(at, at)
    found = made.read(pointer, at, depth=25)
    assert isinstance(found, Pointer)
    text = printedtext.node(found)
    assert "shown above" in "".join(str(cell) for cell in text.text) or list(text.children)


def test_a_ring_of_structures(made: Made) -> None:
    pointer = made.world.type("*main.N", 22, 8, direct=True)
    node = made.world.struct("main.N", 16, ("next", pointer, 0), ("n", made.int, 8))
    made.of(pointer, node)
    one, two = made.words(0, 1), made.words(0, 2)
    made.world.words(one, two)
    made.world.words(two, one)
    found = made.read(node, one, depth=25)
    assert isinstance(found, Struct)
    inner = Struct("main.N", [("next", Pointer("*main.N", one, closed="shown above")), ("n", Scalar("int", 2))])
    assert found == Struct("main.N", [("next", Pointer("*main.N", two, inner)), ("n", Scalar("int", 1))])
    assert made.read(node, one, depth=0).fields[0][1] == Pointer("*main.N", two, closed="deeper")  # type: ignore[union-attr]


def test_a_slice_in_itself(made: Made) -> None:
    own = made.world.type("main.S", SLICE, 24)
    made.of(own, own)
    at = made.words(0, 1, 1)
    made.world.words(at, at)
    found = made.read(own, at, depth=25)
    assert found == Listed("main.S", [Listed("main.S", (), 1, 1, at, "shown above")], 1, 1, at)


def test_a_structure_that_says_it_is_in_itself(made: Made) -> None:
    own = made.world.struct("main.S", 8, ("self", made.int, 0))
    rows = made.world.program.word(own + made.world.offset("internal/abi.StructType", "Fields"))
    made.world.put("internal/abi.StructField", rows, Typ=own)
    found, deep = made.read(own, made.words(1)), 0
    while isinstance(found, Struct):
        found, deep = found.fields[0][1], deep + 1
    assert isinstance(found, Unreadable) and deep <= NESTING + 1


def test_arrays_that_are_none(made: Made) -> None:
    array = made.of(made.world.type("[9]int", ARRAY, 16), made.int, length=9)
    found = made.read(array, made.words(1, 2))
    assert isinstance(found, Unreadable) and "an array of 9 elements of 8 bytes in 16" in found.reason
    good = made.of(made.world.type("[2]int", ARRAY, 16), made.int, length=2)
    assert made.read(good, made.words(1, 2)) == Listed("[2]int", [Scalar("int", 1), Scalar("int", 2)], 2)


def test_interfaces(made: Made) -> None:
    pair = made.world.struct("main.T", 16, ("a", made.int, 0), ("b", made.int, 8))
    place = made.words(1, 2)
    assert made.read(made.any, made.words(0, 5)) == Interface("interface {}", "", None)
    boxed = made.read(made.any, made.words(pair, place))
    whole = Struct("main.T", [("a", Scalar("int", 1)), ("b", Scalar("int", 2))])
    assert boxed == Interface("interface {}", "main.T", whole)
    assert made.read(made.any, made.words(pair, place), depth=0) == Interface(
        "interface {}", "main.T", Pointer("main.T", place, closed="deeper")
    )
    direct = made.read(made.any, made.words(made.world.pointer(pair), place))
    assert direct == Interface("interface {}", "*main.T", Pointer("*main.T", place, whole))
    assert isinstance(made.read(made.any, made.words(0x1234, place)), Unreadable)


def a_map(made: Made) -> int:
    """map[int]int; keys and elems side by side."""
    world = made.world
    at = world.type("map[int]int", MAPS)
    inner = world.struct("map.group[int]int", 136)
    shape = {"Group": inner, "GroupSize": 136, "KeysOff": 8, "KeyStride": 16, "ElemsOff": 16, "ElemStride": 16}
    world.put("internal/abi.MapType", at, Key=made.int, Elem=made.int, **shape)
    return at


def header(made: Made, **values: int) -> int:
    at = made.world.heap.take(48)
    made.world.put("internal/runtime/maps.Map", at, **values)
    return at


def test_a_map(made: Made) -> None:
    group = made.world.heap.take(136)
    made.world.write(
        group, swiss_group([5, 0xFE, 0x80, 0x80, 7, 0x80, 0x80, 0x80], [(1, 10), (0, 0), (0, 0), (0, 0), (2, 20)])
    )
    at = header(made, used=2, dirPtr=group)
    found = made.read(a_map(made), made.words(at))
    entries = [(Scalar("int", 1), Scalar("int", 10)), (Scalar("int", 2), Scalar("int", 20))]
    assert found == Mapped("map[int]int", at, 2, entries)
    assert made.read(a_map(made), made.words(0)) == Mapped("map[int]int", 0, 0, ())
    json = printedjson.Json()
    assert json.of(found) == {"1": 10, "2": 20} and json.cut == []
    assert [line.text for line in printedtext.node(found).children] == [["1: 10"], ["2: 20"]]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"used": 1 << 60, "dirPtr": 0}, "0 are there"),
        ({"used": 5, "dirPtr": 0x10}, "cannot read"),
        ({"used": 5, "dirPtr": 0x10, "dirLen": 1 << 50}, "cannot read"),
    ],
)
def test_maps_that_are_none(made: Made, values: dict[str, int], reason: str) -> None:
    found = made.read(a_map(made), made.words(header(made, **values)), elements=None)
    assert isinstance(found, Mapped) and reason in found.problem and found.length == values["used"]
    assert printedjson.Json().of(found) == {}


def test_a_table_of_impossible_size(made: Made) -> None:
    table = made.world.heap.take(32)
    made.world.put("internal/runtime/maps.table", table, groups__data=0x10, groups__lengthMask=(1 << 64) - 1)
    found = made.read(a_map(made), made.words(header(made, used=9, dirPtr=made.words(table), dirLen=1)))
    assert isinstance(found, Mapped) and "a map of more than" in found.problem


def test_channels(made: Made) -> None:
    world, type_ = made.world, made.of(made.world.type("chan int", CHAN, direct=True), made.int)
    at, buffer = world.heap.take(96), made.words(30, 10, 20)
    world.put("runtime.hchan", at, qcount=2, dataqsiz=3, buf=buffer, recvx=2, closed=1)
    items = [Scalar("int", 20), Scalar("int", 30)]
    assert made.read(type_, made.words(at)) == Channel("chan int", at, 2, 3, True, items, [], [])
    for wrong in ({"qcount": 4}, {"recvx": 3, "qcount": 2}, {"dataqsiz": (1 << 64) - 1}):
        world.put("runtime.hchan", at, **wrong)
        assert isinstance(made.read(type_, made.words(at)), Unreadable)


def test_functions(made: Made) -> None:
    type_ = made.world.type("func()", FUNC, 8, direct=True)
    closure, none = made.words(0x1000), made.words(0x2000)
    assert made.read(type_, made.words(closure)) == Function("func()", closure, "main.f", [])
    assert made.read(type_, made.words(none)) == Function("func()", none, "no function begins at 0x2000", ())
    assert made.read(type_, made.words(0)) == Function("func()", 0, "")


def test_values_of_contexts_are_masked(made: Made) -> None:
    fields = (("key", made.any, 0), ("val", made.any, 16))
    value = made.world.struct("context.valueCtx", 32, *fields)
    at = made.words(0, 0, made.string, made.world.string("secret"))
    masked = made.read(value, at, secrets=False)
    assert masked == Struct(
        "context.valueCtx",
        [("key", Interface("interface {}", "", None)), ("val", Unreadable("interface {}", MASKED, masked=True))],
    )
    assert "secret" in repr(printedtext.node(made.read(value, at)))


def test_a_value_in_no_memory(made: Made) -> None:
    pair = made.world.struct("main.T", 16, ("a", made.int, 0), ("b", made.int, 8))
    held = Held(1 << 63, struct.pack("<2q", 7, 8))
    reader = Reader(made.world.program, made.forms, made.functions, Bounds(), held)
    found = reader.at(made.forms.at(pair), 1 << 63, 2)
    assert found == Struct("main.T", [("a", Scalar("int", 7)), ("b", Scalar("int", 8))])


def test_a_type_of_no_known_kind(made: Made) -> None:
    reader = Reader(made.world.program, made.forms, made.functions, Bounds())
    assert isinstance(reader.at(Form("main.Odd", 0, 3), 0x10, 1), Unreadable)
    assert isinstance(reader.at(Form("main.M", MAP, 8), made.words(5), 1), Unreadable)


def everything(made: Made) -> int:
    fields = [("i", made.int, 0), ("s", made.string, 8), ("a", made.any, 24), ("l", made.slice(made.string), 40)]
    fields += [("m", a_map(made), 64), ("u", made.world.type("main.U", UINT64), 72)]
    whole = made.world.struct("main.Whole", 88, *fields, ("p", made.world.type("*main.P", 22, 8), 80))
    pointer = made.forms.parts(made.forms.at(whole))[-1].form.address
    made.of(pointer, whole)
    return whole


def test_every_read_may_fail(made: Made) -> None:
    whole, at = everything(made), made.words(*([0] * 11))
    made.world.words(
        at, 1, *struct.unpack("<2Q", made.world.target.memory.read(made.world.string("x"), 16)), made.int, at
    )
    made.world.words(at + 80, at)
    for _ in failing(made.world.target):
        forms = Forms(type(made.world.types)(made.world.program, made.world.types.modules), ())
        reader = Reader(made.world.program, forms, made.functions, Bounds())
        found = reader.at(Form("main.Whole", 25, 88, whole), at, 3)
        printedtext.node(found)
        printedjson.Json().of(found)
    assert isinstance(found, Struct) and found.fields[0] == ("i", Scalar("int", 1))


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=88, max_size=88), st.booleans())
def test_random_memory_is_shown_or_refused(raw: bytes, shifted: bool) -> None:
    made = Made()
    whole = everything(made)
    at = made.world.heap.take(88)
    made.world.write(at, raw)
    if shifted:  # words that are addresses
        made.world.words(at + 40, at, 2, 3)
        made.world.words(at + 64, at)
    found = made.read(whole, at)
    assert isinstance(found, Struct)
    for line in printedtext.node(found).children:
        assert all(str(cell).isprintable() for cell in line.text)
    printedjson.Json().of(found)
