"""Values read many at a time are what they are one by one, whatever the memory holds."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.errors import GdbextError
from gdbext.golang.types.valuecolumns import ValueColumns
from gdbext.golang.types.values import Values
from tests.synthetic import BOOL, FLOAT32, FLOAT64, INT, INT8, INTERFACE, MAP, STRING, STRUCT, UINT64, World, failing


class Made:
    """A world with a type of each sort and values of them: (first word, data word) pairs."""

    def __init__(self) -> None:
        world = self.world = World()
        self.int, self.string = world.type("int", INT, 8), world.type("string", STRING, 16)
        numbers = [
            (self.int, struct.pack("<q", -5)),
            (world.type("main.Key", INT, 8), struct.pack("<q", 7)),
            (world.type("int8", INT8, 1), b"\xff"),
            (world.type("uint64", UINT64, 8), b"\xff" * 8),
            (world.type("bool", BOOL, 1), b"\x01"),
            (world.type("main.Flag", BOOL, 1), b"\0"),
            (world.type("float64", FLOAT64, 8), struct.pack("<d", 1e300)),
            (world.type("main.F", FLOAT32, 4), struct.pack("<f", 0.1)),
            (world.type("main.Odd", INT, 3), b"\x01\x02\x03"),
        ]
        self.pairs = [(type_, self.place(raw)) for type_, raw in numbers]
        texts = ["traceID", "", 'a "quoted" \\', "\x1b[2J", "é", "x" * 300]
        self.pairs += [(self.string, world.string(text)) for text in texts]
        self.pairs += [(world.type("main.Name", STRING, 16), world.string("n")), (self.string, world.string(b"\xff"))]
        empty = world.type("main.empty", STRUCT, 0)
        small, large = (world.struct(f"main.S{n}", 8 * n, *self.fields(n)) for n in (1, 3))
        place = self.place(struct.pack("<3q", 1, 2, 3))
        self.pairs += [(empty, world.variable("runtime.zerobase")), (small, place), (large, place)]
        self.pairs += [(world.pointer(small), place), (world.pointer(large), place), (world.pointer(large), 0)]
        self.pairs += [(world.type("func()", 19, 8, direct=True), 0xABC), (world.type("map[int]int", MAP, 8), place)]
        self.pairs += [(0, 0), (0x77, place)]
        self.pairs += [(self.int, 0x10), (self.string, 0x10), (self.string, self.place(struct.pack("<2Q", 0x10, 5)))]
        self.pairs += [(self.string, self.place(struct.pack("<2Q", world.heap.start, 1 << 50)))]

    def fields(self, count: int) -> list[tuple[str, int, int]]:
        return [(f"f{i}", self.int, 8 * i) for i in range(count)]

    def place(self, raw: bytes) -> int:
        at = self.world.heap.take(max(len(raw), 8))
        self.world.write(at, raw)
        return at


def alone(values: Values, word: int, data: int, error: bool = False) -> str | None:
    try:
        return values.error(word, data) if error else values.interface(word, data)
    except GdbextError:
        return None


def arrays(pairs: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    words, datas = np.array(sorted(pairs), np.uint64).reshape(-1, 2).T
    return words, datas


def test_in_bulk_and_one_by_one_are_the_same() -> None:
    made = Made()
    values = Values(made.world.program, made.world.types)
    found = ValueColumns(values).interfaces(*arrays(made.pairs))
    for text, (word, data) in zip(found, sorted(made.pairs), strict=True):
        assert text in (None, alone(values, word, data))
    by_type = dict(
        zip([made.world.types.at(w).name for w, _ in sorted(made.pairs) if w > 0x77], found[2:], strict=True)
    )
    assert by_type["main.Key"] == "main.Key(7)" and by_type["main.empty"] == "main.empty{}"
    assert by_type["main.F"] == f"main.F({struct.unpack('<f', struct.pack('<f', 0.1))[0]!r})"
    assert by_type["main.Name"] == 'main.Name("n")' and by_type["func()"] == "func()(0xabc)"
    assert sum(text is not None for text in found) >= 19, "the common ones are read in bulk"


def test_nothing_makes_nothing() -> None:
    columns = ValueColumns(Values(World().program, World().types))
    assert columns.interfaces(*arrays([])) == columns.errors(*arrays([])) == []


def test_every_read_may_fail() -> None:
    made = Made()
    values, rows, missing = Values(made.world.program, made.world.types), sorted(made.pairs), 0
    whole = [alone(values, *pair) for pair in rows]
    for _ in failing(made.world.target):
        found = ValueColumns(values).interfaces(*arrays(rows))
        assert all(text in (None, right) for text, right in zip(found, whole, strict=True))
        missing = max(missing, found.count(None))
    assert missing > [*ValueColumns(values).interfaces(*arrays(rows))].count(None)


@pytest.mark.parametrize("message", ["context canceled", 'a "quoted" one', "line\nline", ""])
def test_messages_of_errors(message: str) -> None:
    world = World()
    text = world.type("string", STRING, 16)
    pointer = world.pointer(world.struct("errors.errorString", 16, ("s", text, 0)))
    wrapped = world.pointer(world.struct("fmt.wrapError", 32, ("msg", text, 0)))
    late = world.type("context.deadlineExceededError", STRUCT, 0)
    error = world.type("error", INTERFACE, 16)
    itabs = [world.itab(error, type_) for type_ in (pointer, wrapped, late)]
    world.itab_table()
    values, place = Values(world.program, world.types), world.string(message)
    rows = [(itabs[0], place), (itabs[0], 0x10), (itabs[1], place), (itabs[2], 0x10), (text, place)]
    right = alone(values, itabs[0], place, error=True)
    found = ValueColumns(values).errors(*arrays(rows))
    assert found == [None, None, right, right, "context deadline exceeded"], "no error; unreadable; the others"


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, (1 << 64) - 1)), max_size=20))
def test_senseless_data_words(drawn: list[tuple[int, int]]) -> None:
    made = Made()
    pairs = sorted((made.pairs[number % len(made.pairs)][0], data) for number, data in drawn)
    values = Values(made.world.program, made.world.types)
    for text, (word, data) in zip(ValueColumns(values).interfaces(*arrays(pairs)), pairs, strict=True):
        assert text in (None, alone(values, word, data))
