"""Which types larger structures begin with, of made tables and code."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import define, evolve

from gdbext.analysis.heap.objects import slot_sizes
from gdbext.compute.arrays import U8, U64, Bools
from gdbext.errors import MemoryFault
from gdbext.golang.types.flat.beginnings import with_beginnings
from gdbext.golang.types.flat.kernels import NO_OUTER
from gdbext.golang.types.flat.table import TypeTable
from gdbext.golang.types.rtype import ARRAY, STRUCT
from tests.golang.types.flat.tables import nothing, table

INT = 2
TYPES, TEXT, ALLOCATOR = 0x50_0000, 0x40_0000, 0x40_1000


@define
class Made:
    """What is asked of a program, of its processor, of a symtab and of a module: code that allocates some types."""

    allocated: list[int]
    unreadable: bool = False
    text: int = TEXT
    etext: int = TEXT + 64

    @property
    def arch(self) -> Made:
        return self

    @property
    def modules(self) -> list[Made]:
        return [self]

    def beginning_with(self, name: str) -> U64:
        return np.array([ALLOCATOR] if name == "runtime.newobject" else [], np.uint64)

    def read(self, address: int, size: int) -> bytes:
        if self.unreadable:
            raise MemoryFault(address, size)
        return bytes(size)

    def given_to(self, code: U8, address: int, targets: U64, values: U64) -> Bools:
        assert (len(code), address, targets.tolist()) == (64, TEXT, [ALLOCATOR])
        return np.isin(values, [TYPES + 8 * row for row in self.allocated])


def of(*rows: tuple[int, int, int, int]) -> TypeTable:
    """A table of rows (kind, size, pointers, first)."""
    kind, size, pointers, first = zip(*rows, strict=True) if rows else ((), (), (), ())
    columns: dict[str, Any] = {
        "kind": np.array(kind, np.uint8), "size": np.array(size, np.uint64),
        "pointers": np.array(pointers, np.uint64), "first": np.array(first, np.int32),
        "address": TYPES + 8 * np.arange(len(rows), dtype=np.uint64),
    }  # fmt: skip
    return evolve(table(), described=nothing()._replace(outer=np.full(len(rows), NO_OUTER, np.uint64), **columns))


def found(*rows: tuple[int, int, int, int], allocated: list[int] | None = None, unreadable: bool = False) -> list[int]:
    """``Described.outer``, -1 for none, where these rows are allocated: all unless said."""
    made: Any = Made(list(range(len(rows))) if allocated is None else allocated, unreadable)
    outer = with_beginnings(made, made, of(*rows), slot_sizes()).described.outer
    return [-1 if one == NO_OUTER else one for one in outer.tolist()]


INNER, WHOLE = (STRUCT, 33, 8, -1), (STRUCT, 48, 8, 0)


def test_the_least_structure_counts() -> None:
    assert found(INNER, WHOLE, (STRUCT, 40, 8, 0)) == [40, -1, -1]


def test_only_what_the_code_allocates_counts() -> None:
    assert found(INNER, WHOLE, (STRUCT, 40, 8, 0), allocated=[1]) == [48, -1, -1]
    assert found(INNER, WHOLE, allocated=[0]) == [-1, -1]


def test_where_the_code_cannot_be_read_everything_counts() -> None:
    assert found(INNER, WHOLE, allocated=[], unreadable=True) == [48, -1]


def test_what_gets_a_larger_slot_is_told_apart() -> None:
    assert found(INNER, (STRUCT, 49, 8, 0)) == [-1, -1]
    assert found((STRUCT, 40000, 8, -1), (STRUCT, 40008, 8, 0)) == [-1, -1]


def test_by_way_of_others() -> None:
    assert found((INT, 25, 0, -1), (ARRAY, 25, 0, 0), (STRUCT, 30, 0, 1), (STRUCT, 32, 0, 2)) == [30, 30, 32, -1]


def test_an_array_is_what_its_elements_are() -> None:
    assert found(INNER, (ARRAY, 33, 8, 0)) == [-1, -1]


def test_what_has_pointers_behind_it_is_told_apart() -> None:
    assert found(INNER, (STRUCT, 48, 48, 0)) == [-1, -1]


def test_damaged_types_that_begin_with_one_another() -> None:
    assert found((STRUCT, 40, 8, 1), (STRUCT, 48, 8, 0)) == [40, 40]
    assert found((STRUCT, 16, 8, 0)) == [16] and found() == []
