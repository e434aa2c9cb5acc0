"""Location lists, ranges and expressions, in the forms that the samples do not have: built by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attrs import frozen
from hypothesis import given, strategies as st

from gdbext.binary.dwarf import constants as dw, locations
from gdbext.binary.dwarf.locations import Piece
from gdbext.binary.dwarf.skimmer import Entry
from gdbext.errors import UnsupportedTarget

BASE = 0x401000
EMPTY = np.zeros(0, np.uint8)


def word(value: int) -> bytes:
    return value.to_bytes(8, "little", signed=value < 0)


def as_array(data: bytes) -> Any:
    return np.frombuffer(data, np.uint8)


@frozen
class Information:
    """Stands for a Dwarf: one unit, four list sections, an address table."""

    version: int
    lists: bytes
    addresses: bytes = b""

    @property
    def sections(self) -> tuple[Any, ...]:
        return (EMPTY, EMPTY, EMPTY, as_array(self.addresses), EMPTY)

    def unit_of(self, offset: int) -> Any:
        unit = np.zeros(dw.UNIT_COLUMNS, np.int64)
        unit[[dw.VERSION, dw.ADDRESS_SIZE, dw.OFFSET_SIZE, dw.UNIT_LOW_PC]] = self.version, 8, 4, BASE
        return unit

    unit_base = unit_of

    def list_section(self, modern: bool, locations: bool) -> Any:
        return as_array(self.lists)

    def damaged(self, where: str) -> UnsupportedTarget:
        return UnsupportedTarget(f"damaged debug information ({where})")


def entry(information: Information, slot: int, kind: int, value: int = 0) -> Entry:
    kinds, values, lengths = (np.zeros(dw.SLOTS, np.int64) for _ in range(3))
    kinds[slot], values[slot] = kind, value
    return Entry(information, 0, dw.TAG_VARIABLE, 1, kinds, values, lengths)  # type: ignore[arg-type]


def at(information: Information, pc: int, kind: int = dw.OFFSET) -> bytes | None:
    return locations.expression_at(entry(information, dw.LOCATION, kind), pc)


def test_a_classic_list() -> None:
    lists = word(16) + word(32) + b"\x01\x00\x50" + word(-1) + word(0x1000) + word(0) + word(8) + b"\x01\x00\x51"
    information = Information(4, lists + word(0) + word(0))
    assert at(information, BASE + 16) == b"\x50"
    assert at(information, BASE + 32) is None
    assert at(information, 0x1007) == b"\x51"
    assert at(information, 0x1008) is None


@pytest.mark.parametrize(
    ("item", "inside", "outside"),
    [
        (b"\x04\x10\x20", BASE + 0x1F, BASE + 0x20),
        (b"\x01\x01\x04\x10\x20", 0x9010, BASE + 0x10),
        (b"\x06" + word(0x7000) + b"\x04\x10\x20", 0x7010, BASE + 0x10),
        (b"\x02\x00\x01", 0x8000, 0x9000),
        (b"\x03\x01\x05", 0x9004, 0x9005),
        (b"\x07" + word(0x10) + word(0x20), 0x10, 0x20),
        (b"\x08" + word(0x10) + b"\x05", 0x14, 0x15),
    ],
)
def test_every_kind_of_modern_entry(item: bytes, inside: int, outside: int) -> None:
    information = Information(5, item + b"\x01\x50\x00", word(0x8000) + word(0x9000))
    assert at(information, inside) == b"\x50"
    assert at(information, outside) is None


def test_a_default_location_and_an_indexed_list() -> None:
    assert at(Information(5, b"\x05\x01\x53\x00"), 1) == b"\x53"
    information = Information(5, b"\x04\x00\x00\x00" + b"\x05\x01\x54\x00")
    assert at(information, 1, dw.LIST_INDEX) == b"\x54"


def test_ranges_of_both_kinds() -> None:
    classic = Information(4, word(16) + word(32) + word(-1) + word(0) + word(1) + word(2) + word(0) + word(0))
    assert locations.ranges(entry(classic, dw.RANGES, dw.OFFSET)) == [(BASE + 16, BASE + 32), (1, 2)]
    modern = Information(5, b"\x04\x10\x20\x05" + word(0x7000) + b"\x04\x01\x02\x07" + word(5) + b"\x02\x00")
    assert locations.ranges(entry(modern, dw.RANGES, dw.OFFSET)) == [
        (BASE + 16, BASE + 32), (0x7001, 0x7002), (5, 7),
    ]  # fmt: skip


@pytest.mark.parametrize("version", [4, 5])
def test_lists_that_run_out_are_refused(version: int) -> None:
    for lists in (b"\x04", word(16) + word(32) + b"\xff\xff", b"\x09\x00\x00"):
        with pytest.raises(UnsupportedTarget, match="location list"):
            at(Information(version, lists), 0)


@given(version=st.sampled_from([4, 5]), lists=st.binary(max_size=200), pc=st.integers(0, 1 << 40))
def test_random_lists_answer_or_refuse(version: int, lists: bytes, pc: int) -> None:
    try:
        found = at(Information(version, lists), pc)
    except UnsupportedTarget as error:
        assert "damaged" in str(error)
    else:
        assert found is None or found in lists


CFA = b"\x9c"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (b"\x91\xa8\x7f", [Piece("cfa", -88, 24)]),
        (b"\x9c", [Piece("cfa", 0, 24)]),
        (b"\x9c\x11\x78\x22", [Piece("cfa", -8, 24)]),
        (b"\x9c\x23\x10", [Piece("cfa", 16, 24)]),
        (b"\x91\x70\x06", [Piece("cfa pointer", -16, 24)]),
        (b"\x55", [Piece("register", 5, 24)]),
        (b"\x90\x21", [Piece("register", 33, 24)]),
        (b"\x50\x93\x08\x93\x08\x91\x00\x93\x08",
         [Piece("register", 0, 8), Piece("missing", 0, 8), Piece("cfa", 0, 8)]),
        (b"\x77\x08", [Piece("register memory", 7, 24, 8)]),
        (b"\x92\x07\x08\x23\x08", [Piece("register memory", 7, 24, 16)]),
        (b"\x03" + word(0x501000), [Piece("address", 0x501000, 24)]),
        (b"\xa1\x01", [Piece("address", 0x9000, 24)]),
        (b"\x35\x9f", [Piece("value", 5, 24)]),
        (b"\x09\xff\x9f", [Piece("value", -1, 24)]),
        (b"\x11\x7f\x9f", [Piece("value", -1, 24)]),
        (b"\xa3\x01\x55\x9f", [Piece("unknown", 0, 24)]),
        (b"\x50\x1c", [Piece("unknown", 0, 24)]),
        (b"", []),
    ],
)  # fmt: skip
def test_expressions(expression: bytes, expected: list[Piece]) -> None:
    variable = entry(Information(5, b"", word(0x8000) + word(0x9000)), dw.LOCATION, dw.BLOCK)
    assert list(locations.pieces(variable, expression, CFA, 24)) == expected


def test_another_frame_base_than_gos() -> None:
    variable = entry(Information(5, b""), dw.LOCATION, dw.BLOCK)
    assert locations.pieces(variable, b"\x91\x10", b"\x56", 8) == (Piece("register memory", 6, 8, 16),)
    assert locations.pieces(variable, b"\x91\x10", b"\x77\x08", 8) == (Piece("register memory", 7, 8, 24),)
    assert locations.pieces(variable, b"\x91\x10", b"", 8) == (Piece("unknown", 0, 8),)
    assert locations.pieces(variable, b"\x91\x10", b"\x91\x00", 8) == (Piece("unknown", 0, 8),)


@given(st.binary(max_size=40), st.binary(max_size=4))
def test_random_expressions_answer_or_refuse(expression: bytes, base: bytes) -> None:
    variable = entry(Information(5, b""), dw.LOCATION, dw.BLOCK)
    try:
        found = locations.pieces(variable, expression, base, 8)
    except UnsupportedTarget as error:
        assert "location expression" in str(error)
    else:
        assert all(piece.size >= 0 for piece in found)
