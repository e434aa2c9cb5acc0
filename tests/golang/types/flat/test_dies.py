"""Types put together from debug information: entries written by hand, those that contradict themselves too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.binary.dwarf import constants as dw
from gdbext.compute.arrays import I64
from gdbext.golang.types.flat import shapes
from gdbext.golang.types.flat.dies import NESTING, Dies, value_of
from gdbext.golang.types.flat.kernels import (
    COUNTED,
    EFACE,
    HCHAN,
    IFACE,
    REFLECTED,
    REPEATED,
)  # fmt: skip
from gdbext.golang.types.flat.rows import Slot
from gdbext.golang.types.rtype import CHAN, FUNC, INTERFACE, MAP, POINTER, SLICE, STRING, UNSAFE
from tests.golang.types.flat.tables import table
from tests.golang.types.flat.test_rows import slots

Fields = dict[str, Any]


class FakeDwarf:
    """Entries by their place: {tag, name, size, type, kind, elem, length, members}."""

    index = np.zeros((0, dw.INDEX_COLUMNS), np.int64)

    def __init__(self, entries: dict[int, Fields]) -> None:
        self.entries, self.names, self.asked = entries, [""], 0

    def shapes(self, entries: I64) -> tuple[I64, I64]:
        types, members = np.full((len(entries), dw.TYPE_COLUMNS), -1, np.int64), list[tuple[int, int, int]]()
        for row, entry in zip(types, entries.tolist(), strict=True):
            one = self.entries.get(entry, {})
            self.asked += 1
            self.names.append(one.get("name", ""))
            row[[dw.OF_TAG, dw.OF_NAME]] = one.get("tag", 0), 1 << dw.NAME_SHIFT | len(self.names) - 1
            for column, key in ((dw.OF_SIZE, "size"), (dw.OF_TYPE, "type"), (dw.OF_KIND, "kind")):
                row[column] = one.get(key, -1)
            row[[dw.OF_ELEM, dw.OF_COUNT]] = one.get("elem", -1), one.get("length", -1)
            row[[dw.OF_MEMBER, dw.OF_MEMBERS]] = len(members), len(one.get("members", ()))
            members += [(at, type_, 0) for at, type_ in one.get("members", ())]
        return types, np.array(members, np.int64).reshape(-1, dw.MEMBER_COLUMNS)

    def text(self, kind: int, at: int) -> str:
        return self.names[at]


@pytest.fixture(autouse=True)
def faked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "shapes", lambda dwarf, entries: dwarf.shapes(entries))


def made(entries: dict[int, Fields]) -> Dies:
    return Dies(FakeDwarf(entries), table(), 0)  # type: ignore[arg-type]


def of(dies: Dies, entry: int) -> tuple[int, int, list[Slot]]:
    """(size, pointer bits, slots) of the type at an entry."""
    row = int(dies.rows(np.array([entry], np.int64))[0])
    value = value_of(dies.table, row)
    return value.size, value.bits, slots(dies.table.described, row)


def structure(size: int, *members: tuple[int, int], name: str = "main.T") -> Fields:
    return {"tag": dw.TAG_STRUCTURE, "name": name, "size": size, "members": members}


def array(of: int, length: int) -> Fields:
    return {"tag": dw.TAG_ARRAY, "type": of, "length": length}


INT, TEXT, ANY, ERROR, UNTYPED, CALL, TO_INT, SLICE_OF = range(1, 9)
TYPES: dict[int, Fields] = {
    INT: {"tag": dw.TAG_BASE, "name": "int", "size": 8, "kind": 2},
    TEXT: {"tag": dw.TAG_STRUCTURE, "name": "string", "size": 16, "kind": STRING, "members": [(0, UNTYPED), (8, INT)]},
    ANY: {"tag": dw.TAG_TYPEDEF, "name": "interface {}", "type": 20, "kind": INTERFACE},
    ERROR: {"tag": dw.TAG_TYPEDEF, "name": "error", "type": 21, "kind": INTERFACE},
    UNTYPED: {"tag": dw.TAG_POINTER, "name": "unsafe.Pointer"},
    CALL: {"tag": dw.TAG_SUBROUTINE, "name": "func()"},
    TO_INT: {"tag": dw.TAG_POINTER, "name": "*int", "type": INT},
    SLICE_OF: {"tag": dw.TAG_STRUCTURE, "name": "[]int", "size": 24, "kind": SLICE, "elem": INT},
    20: structure(16, (0, UNTYPED), (8, UNTYPED), name="runtime.eface"),
    21: structure(16, (0, UNTYPED), (8, UNTYPED), name="runtime.iface"),
}


def test_what_values_consist_of() -> None:
    dies = made(TYPES)
    number = int(dies.rows(np.array([INT], np.int64))[0])
    assert of(dies, INT) == (8, 0, [])
    assert of(dies, TEXT) == (16, 1, [Slot(0, STRING)])
    assert of(dies, ANY) == (16, 2, [Slot(0, EFACE)])
    assert of(dies, ERROR) == (16, 2, [Slot(0, IFACE)])
    assert of(dies, UNTYPED) == (8, 1, [Slot(0, UNSAFE)])
    assert of(dies, CALL) == (8, 1, [Slot(0, FUNC)])
    assert of(dies, TO_INT) == (8, 1, [Slot(0, POINTER, number)])
    assert of(dies, SLICE_OF) == (24, 1, [Slot(0, SLICE, number)])
    assert dies.table.name(number) == "int"


def test_values_in_values() -> None:
    inner = structure(40, (0, INT), (8, TEXT), (24, ANY), name="a/b.Inner")
    dies = made({**TYPES, 30: inner, 31: structure(56, (0, 30), (40, INT), (48, TO_INT)), 32: array(31, 2)})
    size, bits, found = of(dies, 31)
    assert (size, bits) == (56, 0b1010010)
    assert [slot[:2] for slot in found] == [(8, STRING), (24, EFACE), (48, POINTER)]
    assert of(dies, 32)[:2] == (112, 0b1010010 | 0b1010010 << 7)
    row = int(dies.rows(np.array([30], np.int64))[0])
    assert (dies.table.name(row), dies.table.package(row)) == ("b.Inner", "a/b")


def test_long_arrays_stay_folded() -> None:
    dies = made({**TYPES, 30: array(TEXT, 17), 31: array(30, 100), 32: array(INT, 1 << 20)})
    text, many = (int(row) for row in dies.rows(np.array([TEXT, 30], np.int64)))
    assert of(dies, 30) == (272, sum(1 << 2 * i for i in range(17)), [Slot(0, REPEATED, text, 17)])
    assert of(dies, 31)[2] == [Slot(0, REPEATED, many, 100)]
    assert of(dies, 31)[1].bit_count() == 1700
    assert of(dies, 32) == (8 << 20, 0, [])


def test_a_list_points_to_itself() -> None:
    dies = made({30: structure(16, (0, 31), (8, 31)), 31: {"tag": dw.TAG_POINTER, "type": 32},
                 32: {"tag": dw.TAG_TYPEDEF, "name": "main.T", "type": 30}})  # fmt: skip
    row = int(dies.rows(np.array([32], np.int64))[0])
    assert of(dies, 30) == (16, 3, [Slot(0, POINTER, row), Slot(8, POINTER, row)])


def test_references() -> None:
    of_chan = {"tag": dw.TAG_TYPEDEF, "name": "<-chan int", "kind": CHAN, "elem": INT, "type": UNTYPED}
    dies = made({**TYPES, 30: of_chan, 31: {**of_chan, "name": "map[int]int", "kind": MAP}})
    size, bits, (slot,) = of(dies, 30)
    assert (size, bits, slot.at, slot.kind) == (8, 1, 0, POINTER)
    assert dies.table.described.kind[slot.type] == HCHAN
    assert dies.table.name(slot.type) == "<-chan int"
    assert of(dies, 31) == (8, 1, [Slot(0, UNSAFE)])


def test_atomic_pointers_point_and_weak_ones_do_not() -> None:
    parts = [(0, 30), (0, 31), (0, UNTYPED)]
    more = {30: array(TO_INT, 0), 31: structure(0, name="sync/atomic.noCopy")}
    names = {32: "sync/atomic.Pointer[int]", 33: "weak.Pointer[int]"}
    more |= {entry: structure(8, *parts, name=name) for entry, name in names.items()}
    dies = made({**TYPES, **more, 34: structure(8, (0, 31), (0, UNTYPED))})
    number = int(dies.rows(np.array([INT], np.int64))[0])
    assert of(dies, 32) == (8, 1, [Slot(0, POINTER, number)])
    assert of(dies, 33) == of(dies, 34) == (8, 1, [Slot(0, UNSAFE)])


def test_structures_that_are_more_than_they_look() -> None:
    pool = structure(40, (0, UNTYPED), (8, INT), (16, UNTYPED), (24, INT), (32, CALL), name="sync.Pool")
    value = structure(24, (0, TO_INT), (8, UNTYPED), (16, INT), name="reflect.Value")
    pooled = structure(16, (0, UNTYPED), (8, UNTYPED), name="sync.eface")
    dies = made({**TYPES, 30: pool, 31: value, 32: pooled})
    assert of(dies, 30) == (40, 0b10101, [Slot(0, COUNTED), Slot(16, COUNTED), Slot(32, FUNC)])
    assert of(dies, 31) == (24, 3, [Slot(0, UNSAFE), Slot(0, REFLECTED)])
    assert of(dies, 32) == (16, 3, [Slot(0, UNSAFE), Slot(0, EFACE)])


def test_pointers_to_what_is_never_in_the_heap_are_none() -> None:
    """Neither are slices of it."""
    more = {30: structure(0, name="internal/runtime/sys.NotInHeap"), 31: structure(16, (0, 30), (8, INT)),
            32: structure(24, (0, 31), (16, TO_INT)), 33: {"tag": dw.TAG_POINTER, "type": 32},
            34: {"tag": dw.TAG_STRUCTURE, "size": 24, "kind": SLICE, "elem": 31}}  # fmt: skip
    dies = made({**TYPES, **more})
    assert of(dies, 33) == (8, 0, [])
    assert of(dies, 34) == (24, 0, [])
    assert of(dies, 32)[:2] == (24, 0b100)


BROKEN: list[dict[int, Fields]] = [
    {30: structure(8, (8, INT))},
    {30: structure(16, (12, INT))},
    {30: structure(16, (4, TO_INT))},
    {30: structure(16, (-1, INT))},
    {30: structure(-1, (0, INT))},
    {30: structure(16, (0, 30))},
    {30: structure(16, (0, 31)), 31: structure(16, (0, 32)), 32: array(30, 1)},
    {30: structure(16, (0, 99))},
    {30: structure(16, (0, -1))},
    {30: array(INT, -1)},
    {30: array(INT, 1 << 40)},
    {30: array(TO_INT, 1 << 29)},
    {30: {**array(INT, 3), "size": 23}},
    {30: array(30, 2)},
    {30: array(31, 2), 31: structure(12, (0, TO_INT))},
    {30: {"tag": 0x17, "size": 8}},
    {30: {"tag": dw.TAG_TYPEDEF, "type": 30}},
    {30: {"tag": dw.TAG_TYPEDEF, "type": 31}, 31: {"tag": dw.TAG_TYPEDEF, "type": 30}},
    {30: {}},
    {30: {"tag": dw.TAG_BASE}},
    {number: structure(16, (0, number + 1)) for number in range(30, 30 + 2 * NESTING)},
]  # fmt: skip


def test_what_contradicts_itself_is_nothing() -> None:
    for entries in BROKEN:
        dies = made({**TYPES, **entries})
        row = int(dies.rows(np.array([30], np.int64))[0])
        assert row == -1 or of(dies, 30) == (0, 0, []), entries


def test_giants_do_not_add_up() -> None:
    """Many large types are no more than one."""
    dies = made({**TYPES, **{number: array(TO_INT, (1 << 23) + number) for number in range(30, 100)}})
    rows = dies.rows(np.arange(30, 100, dtype=np.int64))
    sizes = dies.table.described.size[rows]
    assert 0 < int((sizes > 0).sum()) < 40


def test_asking_again_is_free() -> None:
    dies = made(TYPES)
    fake: Any = dies.dwarf
    entries = np.array([TEXT, -1, 0, ANY, TEXT, 999], np.int64)
    rows, asked, many = dies.rows(entries), fake.asked, len(dies.table)
    assert np.array_equal(dies.rows(entries), rows)
    assert (fake.asked, len(dies.table)) == (asked, many)
    assert rows.tolist()[1:3] == [-1, -1]
    assert rows[0] == rows[4] != rows[3]
    assert dies.rows(np.zeros(0, np.int64)).tolist() == []


NUMBER = st.integers(-2, 40) | st.sampled_from([1 << 20, 1 << 31, 1 << 40, (1 << 62)])
MEMBERS = st.lists(st.tuples(NUMBER, st.integers(-1, 12)), max_size=5)
ENTRY = st.fixed_dictionaries(
    {"tag": st.sampled_from([dw.TAG_STRUCTURE, dw.TAG_ARRAY, dw.TAG_POINTER, dw.TAG_TYPEDEF, dw.TAG_BASE, 0x17, 0])},
    optional={
        "size": NUMBER, "type": st.integers(-1, 12), "length": NUMBER, "elem": st.integers(-1, 12), "members": MEMBERS,
        "kind": st.sampled_from([-1, 2, MAP, CHAN, INTERFACE, SLICE, STRING, 31, 1 << 40]),
        "name": st.sampled_from(["sync.Pool", "reflect.Value", "sync.eface", "time.Timer", "weak.Pointer[", "x"]),
    },
)  # fmt: skip


@given(st.lists(ENTRY, min_size=1, max_size=12))
def test_any_entries(entries: Sequence[Fields]) -> None:
    """Whatever is said, a type has room for its pointers, and its slots are where those are."""
    dies = made(dict(enumerate(entries, 1)))
    rows = dies.rows(np.arange(1, len(entries) + 1, dtype=np.int64))
    described = dies.table.described
    for row in rows[rows >= 0].tolist():
        value = value_of(dies.table, row)
        assert value.bits.bit_length() * 8 <= value.size
        for slot in slots(described, row) if described.slots[row] > 0 else ():
            inside = int(described.size[slot.type]) * slot.times if slot.kind == REPEATED else 8
            assert 0 <= slot.at <= value.size - inside
            assert -1 <= slot.type < len(described.size)
