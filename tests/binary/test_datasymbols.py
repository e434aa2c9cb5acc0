"""Variables by address, in a symbol table made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.binary.datasymbols import DataSymbols
from gdbext.binary.elf import SYMBOL, Symbols

ROWS = [  # name, info, other, shndx, value, size
    (1, 0x11, 0, 3, 0x2000, 16),
    (3, 0x12, 0, 1, 0x1000, 64),  # a function
    (5, 0x11, 0, 0, 0x3000, 8),  # defined elsewhere
    (7, 0x01, 0, 3, 0x1800, 8),
    (9, 0x11, 0, 3, 0x2800, 0),
]
SYMBOLS = Symbols(np.array(ROWS, SYMBOL), b"\0a\0b\0c\0d\0e\0")


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (0x2000, ("a", 0)),
        (0x200F, ("a", 15)),
        (0x2010, ("", 0)),
        (0x1804, ("d", 4)),
        (0x1000, ("", 0)),
        (0x3000, ("", 0)),
        (0x2800, ("", 0)),
        (-1, ("", 0)),
        (1 << 70, ("", 0)),
    ],
)
def test_the_variable_at_an_address(address: int, found: tuple[str, int]) -> None:
    assert DataSymbols.of(SYMBOLS).at(address) == found


def test_a_program_without_symbols() -> None:
    assert DataSymbols.of(Symbols(np.zeros(0, SYMBOL), b"")).at(0x1000) == ("", 0)


def test_many_addresses_at_once() -> None:
    found = DataSymbols.of(SYMBOLS)
    numbers = found.numbers(np.array([0x2000, 0x200F, 0x2010, 0x1804, 0x1000, 0], np.uint64))
    assert [found.name(one) if one >= 0 else "" for one in numbers.tolist()] == ["a", "a", "", "d", "", ""]
    nothing = DataSymbols.of(Symbols(np.zeros(0, SYMBOL), b""))
    assert nothing.numbers(np.array([0x1000], np.uint64)).tolist() == [-1]
