"""Rows behind those of a table."""

from __future__ import annotations

from gdbext.golang.types.flat.kernels import NO_SLOTS, Described
from gdbext.golang.types.flat.rows import Row, Slot, appended
from gdbext.golang.types.rtype import POINTER, SLICE, STRUCT
from tests.golang.types.flat.tables import nothing


def slots(described: Described, row: int) -> list[Slot]:
    columns = (described.slot_at, described.slot_kind, described.slot_type, described.slot_count)
    part = slice(int(described.slot[row]), int(described.slot[row] + described.slots[row]))
    return [Slot(*one) for one in zip(*(column[part].tolist() for column in columns), strict=True)]


def test_rows_have_what_was_said() -> None:
    two = [Slot(0, POINTER, 1), Slot(8, SLICE, 0, 1)]
    described, _ = appended(nothing(), [Row(STRUCT, 32, bits=3, slots=two, first=1, own=2), Row(STRUCT, 8)])
    assert slots(described, 0) == two
    assert slots(described, 1) == []
    assert described.size.tolist() == [32, 8]
    assert described.pointers.tolist() == [16, 0]
    assert described.tile.tolist() == [0x3333333333333333, 0]
    assert (described.first.tolist(), described.own.tolist()) == ([1, -1], [2, -1])
    assert described.slot_at.dtype == "uint64"
    assert described.slot_type.dtype == "int32"


def test_one_like_another_shares_its_slots_and_begins_with_it() -> None:
    before, _ = appended(nothing(), [Row(STRUCT, 16, bits=2, slots=[Slot(8, POINTER)])])
    described, _ = appended(before, [Row(40, like=0), Row(41, 24, bits=1, slots=[Slot(0, POINTER, 0)])])
    assert slots(described, 1) == slots(described, 0)
    assert described.size.tolist() == [16, 16, 24]
    assert described.mask.tolist() == [2, 2, 1]
    assert described.gcdata[1] == described.gcdata[0] != 0
    assert described.kind.tolist() == [STRUCT, 40, 41]
    assert described.first.tolist() == [-1, 0, -1]
    assert slots(described, 2) == [Slot(0, POINTER, 0)]


def test_too_many_slots_are_said() -> None:
    described, _ = appended(nothing(), [Row(STRUCT, 8, bits=1, slots=None)])
    assert described.slots.tolist() == [NO_SLOTS]
