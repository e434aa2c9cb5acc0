"""Go values as short text, from made memory."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.errors import GdbextError, MemoryFault
from gdbext.golang.types.rtype import Types
from gdbext.golang.types.values import Values, quote
from tests.synthetic import BOOL, FLOAT32, FLOAT64, INT, INT8, INTERFACE, STRING, STRUCT, UINT64, World, failing

ARRAY, UINT8 = 17, 8


def at(world: World, type_: int, raw: bytes, depth: int = 3) -> str:
    place = world.heap.take(max(len(raw), 8))
    world.write(place, raw)
    return Values(world.program, world.types).at(world.types.at(type_), place, depth)


@pytest.mark.parametrize(
    ("data", "length", "text"),
    [
        (b"plain", None, '"plain"'),
        ("é…".encode(), None, '"é…"'),
        (b'a"\\\n\t\r', None, '"a\\"\\\\\\n\\t\\r"'),
        (b"\x1b[31m\x00\x7f", None, '"\\x1b[31m\\x00\\x7f"'),
        (b"\xff\xfe", None, '"\\xff\\xfe"'),
        ("\u202e\U000e0001".encode(), None, '"\\u202e\\U000e0001"'),
        (b"cut", 500, '"cut"…(500 bytes)'),
        ("é".encode()[:1], 2, '"\\xc3"…(2 bytes)'),
    ],
)
def test_quote(data: bytes, length: int | None, text: str) -> None:
    assert quote(data, length) == text


@given(st.binary(max_size=60))
def test_quoted_text_is_printable(data: bytes) -> None:
    text = quote(data)
    assert text.isprintable() and text[0] == text[-1] == '"'


@pytest.mark.parametrize(
    ("name", "kind", "raw", "text"),
    [
        ("int", INT, struct.pack("<q", -5), "-5"),
        ("int8", INT8, b"\xff", "int8(-1)"),
        ("uint64", UINT64, b"\xff" * 8, f"uint64({(1 << 64) - 1})"),
        ("main.Key", INT, struct.pack("<q", 1), "main.Key(1)"),
        ("bool", BOOL, b"\x01", "true"),
        ("main.Flag", BOOL, b"\0", "main.Flag(false)"),
        ("float64", FLOAT64, struct.pack("<d", 1.5), "1.5"),
        ("float64", FLOAT64, struct.pack("<d", float("nan")), "NaN"),
        ("float64", FLOAT64, struct.pack("<d", float("inf")), "+Inf"),
        ("float32", FLOAT32, struct.pack("<f", float("-inf")), "float32(-Inf)"),
        ("float32", FLOAT32, struct.pack("<f", 0.5), "float32(0.5)"),
    ],
)
def test_numbers(name: str, kind: int, raw: bytes, text: str) -> None:
    world = World()
    assert at(world, world.type(name, kind, len(raw)), raw) == text


@pytest.mark.parametrize("kind", [INT, UINT64, FLOAT32, FLOAT64, BOOL])
@pytest.mark.parametrize("size", [0, 3, 16, 20000, 1 << 60])
def test_numbers_of_senseless_sizes(kind: int, size: int) -> None:
    world = World()
    assert at(world, world.type("main.N", kind, size), bytes(8)).startswith("main.N(")


def array(world: World, name: str, elem: int, count: int) -> int:
    at = world.type(name, ARRAY, world.types.at(elem).size * count)
    world.put("internal/abi.ArrayType", at, Elem=elem, Len=count)
    return at


def test_arrays_of_bytes_are_one_number() -> None:
    world = World()
    byte, int_ = world.type("uint8", UINT8, 1), world.type("int8", INT8, 1)
    assert at(world, array(world, "uuid.UUID", byte, 16), bytes(range(16))) == f"uuid.UUID({bytes(range(16)).hex()})"
    assert at(world, array(world, "uuid.UUID", byte, 4), b"\0\1\2\xff", 0) == "uuid.UUID(000102ff)"
    assert at(world, array(world, "[300]uint8", byte, 300), bytes(300)) == f"[300]uint8({'00' * 200}…(300 bytes))"
    assert at(world, array(world, "[2]int8", int_, 2), b"\xff\1") == "[2]int8{int8(-1), int8(1)}"


def test_arrays() -> None:
    world = World()
    int_ = world.type("int", INT, 8)
    pair = array(world, "[2]int", int_, 2)
    assert at(world, pair, struct.pack("<2q", -5, 7)) == "[2]int{-5, 7}"
    assert at(world, pair, bytes(16), 0) == "[2]int{…}"
    assert at(world, array(world, "[2][2]int", pair, 2), struct.pack("<4q", 1, 2, 3, 4)) == (
        "[2][2]int{[2]int{1, 2}, [2]int{3, 4}}"
    )
    assert at(world, array(world, "main.Many", int_, 10), bytes(80)) == f"main.Many{{{'0, ' * 8}…2 more}}"
    assert at(world, array(world, "[0]int", int_, 0), b"") == "[0]int{}"
    huge = array(world, "main.Huge", int_, 1 << 40)
    assert Values(world.program, world.types).at(world.types.at(huge), 8, 3).endswith(f"…{(1 << 40) - 8} more}}")


def test_strings() -> None:
    world = World()
    values, plain = Values(world.program, world.types), world.type("string", STRING, 16)
    named = world.type("main.Key", STRING, 16)
    head = world.string("traceID")
    assert values.at(world.types.at(plain), head, 3) == '"traceID"'
    assert values.at(world.types.at(named), head, 3) == 'main.Key("traceID")'
    assert values.string(world.string("")) == '""'
    assert values.string(world.string("x" * 300)) == '"' + "x" * 200 + '"…(300 bytes)'


def test_a_string_too_long_or_unreadable() -> None:
    world = World()
    values, type_ = Values(world.program, world.types), world.type("string", STRING, 16)
    for pair in ((world.heap.start, 1 << 63), (0x10, 5), ((1 << 64) - 1, 1)):
        head = world.data.take(16)
        world.words(head, *pair)
        assert values.at(world.types.at(type_), head, 3) == "string(unreadable)"
    with pytest.raises(MemoryFault, match="no string is that long"):
        world.words(head, 0, 1 << 60)
        values.string(head)


def test_structures_pointers_and_interfaces() -> None:
    world = World()
    number, text = world.type("int", INT, 8), world.type("string", STRING, 16)
    pair = world.struct("main.Pair", 24, ("a", number, 0), ("b", text, 8))
    pointer, any_ = world.pointer(pair), world.type("interface {}", INTERFACE, 16)
    box = world.struct("main.Box", 24, ("any", any_, 0), ("p", pointer, 16))
    place = world.heap.take(24)
    data, length = struct.unpack("<2Q", world.target.memory.read(world.string("x"), 16))
    world.words(place, 7, data, length)
    values = Values(world.program, world.types)
    assert values.interface(pointer, place) == '&main.Pair{a:7, b:"x"}'
    assert values.interface(pair, place) == 'main.Pair{a:7, b:"x"}'
    assert values.interface(pointer, 0) == "(*main.Pair)(nil)"
    assert values.interface(0, 0) == "nil"
    shown = at(world, box, struct.pack("<3Q", number, place, place))
    assert shown == 'main.Box{any:7, p:&main.Pair{a:7, b:"x"}}'
    assert at(world, box, struct.pack("<3Q", 0, 0, 0)) == "main.Box{any:nil, p:(*main.Pair)(nil)}"
    assert at(world, box, bytes(24), depth=0) == "main.Box{…}"


def test_structures_with_many_fields_are_cut() -> None:
    world = World()
    number = world.type("int", INT, 8)
    large = world.struct("main.L", 80, *((f"f{i}", number, 8 * i) for i in range(10)))
    assert at(world, large, struct.pack("<10Q", *range(10))).endswith("f7:7, …2 more}")
    pointer = world.pointer(large)
    assert Values(world.program, world.types).interface(pointer, 0x1234) == "(*main.L)(0x1234)"


def test_a_pointer_to_itself_ends() -> None:
    world = World()
    any_ = world.type("interface {}", INTERFACE, 16)
    node = world.struct("main.N", 16, ("next", any_, 0))
    pointer, place = world.pointer(node), world.heap.take(16)
    world.words(place, pointer, place)
    text = Values(world.program, world.types).interface(pointer, place)
    assert text.startswith("&main.N{next:") and len(text) < 200


@pytest.mark.parametrize("minor", [25, 26])
def test_a_value_that_an_interface_holds_directly(minor: int) -> None:
    world = World(minor)
    values = Values(world.program, world.types)
    assert values.interface(world.type("func()", 19, 8, direct=True), 0xABC) == "func()(0xabc)"
    assert values.interface(world.type("main.Struct", STRUCT, 8, direct=True), 0xABC) == "main.Struct(0xabc)"


def error_world() -> tuple[World, int, int]:
    world = World()
    text = world.type("string", STRING, 16)
    pointer = world.pointer(world.struct("errors.errorString", 16, ("s", text, 0)))
    itab = world.itab(world.type("error", INTERFACE, 16), pointer)
    world.itab_table()
    return world, itab, pointer


@pytest.mark.parametrize("message", ["context canceled", 'a "quoted" one', "line\nline", ""])
def test_messages_of_errors(message: str) -> None:
    world, itab, _ = error_world()
    text = Values(world.program, world.types).error(itab, world.string(message))
    assert text == message.replace("\n", "\\n")


def test_other_errors_are_shown_as_values() -> None:
    world, _, _ = error_world()
    values = Values(world.program, world.types)
    late = world.type("context.deadlineExceededError", STRUCT, 0)
    assert values.error(late, 0x10) == "context deadline exceeded"
    assert values.error(world.struct("main.E", 8, ("code", world.type("int", INT), 0)), world.variable("x", 404)) == (
        "main.E{code:404}"
    )
    odd = world.pointer(world.struct("fmt.wrapError", 8, ("other", world.type("int", INT), 0)))
    assert values.error(odd, world.variable("y", 1)) == "&fmt.wrapError{other:1}"


def test_every_read_may_fail() -> None:
    world, itab, _ = error_world()
    message, seen = world.string("broken"), []
    for _ in failing(world.target):
        try:
            types = Types(world.program, world.types.modules)
            seen.append(Values(world.program, types).error(itab, message))
        except GdbextError as error:
            seen.append(str(error))
    assert seen[-1] == "broken" and all("made to fail" in text for text in seen[:-1])


@settings(max_examples=30)
@given(st.binary(min_size=64, max_size=64), st.sampled_from(["int", "string", "any", "box", "pointer"]))
def test_random_memory_is_shown_or_refused(raw: bytes, which: str) -> None:
    world = World()
    world.itab_table()
    kinds = {"int": world.type("int", INT), "string": world.type("string", STRING, 16)}
    kinds["any"] = world.type("interface {}", INTERFACE, 16)
    fields = (("i", kinds["int"], 0), ("s", kinds["string"], 8), ("a", kinds["any"], 24))
    kinds["box"] = world.struct("main.B", 40, *fields)
    kinds["pointer"] = world.pointer(kinds["box"])
    text = at(world, kinds[which], raw)
    assert text.isprintable()
