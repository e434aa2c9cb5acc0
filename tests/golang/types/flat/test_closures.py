"""Which type closures of a function are of, by all that is known of them; by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from gdbext.analysis.heap.objects import slot_sizes
from gdbext.binary.dwarf import constants as dw
from gdbext.compute.arrays import I32, I64, U64
from gdbext.errors import InconsistentRuntime
from gdbext.golang.types.flat import closures, shapes
from gdbext.golang.types.flat.closures import Closures, Seen, Told
from gdbext.golang.types.flat.dies import Dies
from gdbext.golang.types.flat.kernels import CLOSURE
from gdbext.golang.types.flat.rows import Row, Slot, appended
from gdbext.golang.types.flat.table import TypeTable
from gdbext.golang.types.rtype import POINTER, STRUCT, UINTPTR
from tests.golang.types.flat.tables import nothing, table
from tests.golang.types.flat.test_dies import INT, TO_INT, TYPES, FakeDwarf
from tests.golang.types.flat.test_rows import slots

NUMBER, TO_ONE, TO_OTHER, ONE, OTHER, WIDE, NAMED = range(7)
"""Rows: uintptr, two pointer types, closures with one of either, one with a word behind it, no closure."""
NAMES = {
    ONE: "struct { F uintptr; X0 *main.T }", OTHER: "struct { F uintptr; X0 *main.U }",
    WIDE: "struct { F uintptr; X0 *main.T; X1 int; X2 int }", NAMED: "main.closure",
}  # fmt: skip
FIELDS = {ONE: [(8, TO_ONE)], OTHER: [(8, TO_OTHER)], WIDE: [(8, TO_ONE), (16, NUMBER), (24, NUMBER)], NAMED: []}


class FakeTypes:
    """Descriptors at 0x1000 + 0x40 * row."""

    def at(self, address: int) -> Any:
        row = (address - 0x1000) // 0x40
        if row not in NAMES:
            raise InconsistentRuntime("no type")
        return SimpleNamespace(name=NAMES[row], size=32 if row == WIDE else 16, row=row)

    def fields(self, type_: Any) -> Sequence[Any]:
        first = SimpleNamespace(offset=0, type=0x1000)
        return [first, *(SimpleNamespace(offset=at, type=0x1000 + 0x40 * row) for at, row in FIELDS[type_.row])]


def described() -> TypeTable:
    pair, word = [Slot(8, POINTER, 0)], [Slot(0, POINTER)]
    pointer, closure = Row(POINTER, 8, bits=1, slots=word), Row(STRUCT, 16, bits=2, slots=pair, first=0)
    rows = [Row(UINTPTR, 8), pointer, pointer, closure, closure, evolve(closure, size=32), closure]
    made, owner = appended(nothing(), rows)
    made = made._replace(address=np.uint64(0x1000) + np.uint64(0x40) * np.arange(len(rows), dtype=np.uint64))
    return evolve(table(), types=FakeTypes(), described=made, own=len(rows), owners=(owner,))


class FakeArch:
    """Code that allocates what it is told to: rows of types by function."""

    def __init__(self, made: Mapping[int, int]) -> None:
        self.made = made

    def taken_before(self, code: Any, address: int, firsts: U64, seconds: U64) -> I32:
        rows = ((firsts - np.uint64(0x1000)) // np.uint64(0x40)).tolist()
        functions = ((seconds - np.uint64(0x400000)) // np.uint64(16)).tolist()
        found = [rows.index(self.made[one]) if one in self.made else -1 for one in functions]
        return np.array(found, np.int32)


def symtab(made: Mapping[int, int]) -> Any:
    program = SimpleNamespace(
        arch=FakeArch(made), read=lambda address, size: b"\0" * size, target=SimpleNamespace(bias=0)
    )
    entries = np.uint64(0x400000) + np.uint64(16) * np.arange(8, dtype=np.uint64)
    module = SimpleNamespace(text=0x400000, etext=0x400100)
    return SimpleNamespace(
        program=program,
        modules=[module],
        entries=entries,
        name=lambda index: f"main.f{index}.func1",
        entry=lambda index: int(entries[index]),
    )


class Capturing(FakeDwarf):
    """Functions that captured something: (offset, entry of the type) by function."""

    def __init__(self, captured: Mapping[int, Sequence[tuple[int, int]]]) -> None:
        super().__init__(TYPES)
        self.captured = captured

    def function_at(self, pc: int) -> I64:
        row = np.zeros(dw.INDEX_COLUMNS, np.int64)
        row[[dw.FIRST_VALUE, dw.DIE]] = pc, 1000 + (pc - 0x400000) // 16
        return row

    def captures(self, functions: I64) -> I64:
        rows = [
            (number, at, type_, 0)
            for number, one in enumerate(functions.tolist())
            for at, type_ in self.captured.get(one - 1000, ())
        ]
        return np.array(rows, np.int64).reshape(-1, dw.CAPTURE_COLUMNS)


@pytest.fixture(autouse=True)
def faked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "shapes", lambda dwarf, entries: dwarf.shapes(entries))
    monkeypatch.setattr(closures, "captures", lambda dwarf, functions: dwarf.captures(functions))


class Whole:
    """The one file of the program."""

    bias = 0

    def __contains__(self, address: int) -> bool:
        return True


def typed(
    *seen: Seen, made: Mapping[int, int] | None = None, captured: Mapping[int, Sequence[tuple[int, int]]] | None = None
) -> tuple[TypeTable, list[int]]:
    types = described()
    told = [Told(Whole(), Dies(Capturing(captured), types, 0))] if captured is not None else []  # type: ignore[arg-type]
    found, rows = Closures(symtab(made or {}), told).rows(types, seen, slot_sizes())
    return found, rows.tolist()


def test_the_only_structure_that_fits() -> None:
    types, (row,) = typed(Seen(3, 32, 2))
    assert types.described.kind[row] == CLOSURE
    assert types.described.size[row] == 32
    assert slots(types.described, row) == [Slot(8, POINTER, 0)]
    assert (types.name(row), types.package(row)) == ("main.f3.func1 (closure)", "main")


def test_one_of_several_by_the_code_that_makes_it() -> None:
    assert typed(Seen(3, 16, 2))[1] == [-1]
    types, rows = typed(Seen(3, 16, 2), Seen(4, 16, 2), Seen(5, 16, 2), made={3: OTHER, 5: ONE})
    assert rows[1] == -1
    assert [types.described.first[row] for row in (rows[0], rows[2])] == [OTHER, ONE]


def test_code_that_makes_something_else_says_nothing() -> None:
    assert typed(Seen(3, 16, 2), made={3: WIDE})[1] == [-1]


def test_none_fits() -> None:
    assert typed(Seen(3, 48, 2), Seen(4, 16, 0))[1] == [-1, -1]
    assert typed()[1] == []


def test_what_it_captured() -> None:
    types, (row,) = typed(Seen(3, 48, 0b10100), captured={3: [(16, TO_INT), (32, TO_INT), (8, INT)]})
    assert [slot[:2] for slot in slots(types.described, row)] == [(16, POINTER), (32, POINTER)]
    assert (types.described.size[row], types.described.mask[row]) == (48, 0b10100)


def test_not_all_that_it_captured_is_said() -> None:
    types, (row,) = typed(Seen(3, 48, 0b10110), captured={3: [(16, TO_INT)]})
    assert types.described.mask[row] == 0b100


def test_what_cannot_have_been_captured() -> None:
    for captured in ([(8, TO_INT)], [(48, TO_INT)], [(-8, TO_INT)], [(0, TO_INT)], [(12, TO_INT)]):
        assert typed(Seen(3, 48, 0b100), captured={3: captured})[1] == [-1], captured


def test_a_structure_that_contradicts_what_was_captured_is_none() -> None:
    types, (row,) = typed(Seen(3, 32, 2), captured={3: [(8, TO_INT)]})
    assert types.described.first[row] == -1
    assert slots(types.described, row)[0].at == 8
