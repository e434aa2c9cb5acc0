"""Which variable an address is in, by the symbol table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.compute.arrays import I64, U64

if TYPE_CHECKING:
    from gdbext.binary.elf import Symbols

STT_OBJECT = 1


@frozen(eq=False)
class DataSymbols:
    """Every variable that has a size, by its address."""

    symbols: Symbols = field(repr=False)
    begin: U64
    end: U64
    index: I64

    @classmethod
    def of(cls, symbols: Symbols) -> DataSymbols:
        """Those of a symbol table."""
        table = symbols.table
        rows = np.flatnonzero((table["info"] & 0xF == STT_OBJECT) & (table["shndx"] != 0) & (table["size"] > 0))
        rows = rows[np.argsort(table["value"][rows], kind="stable")]
        return cls(symbols, table["value"][rows], table["value"][rows] + table["size"][rows], rows)

    def at(self, address: int) -> tuple[str, int]:
        """(name, offset in it) of the variable that a link-time address is in; ("", 0) where none is known."""
        number = int(np.searchsorted(self.begin, np.uint64(address & (1 << 64) - 1), "right")) - 1
        if number < 0 or not int(self.begin[number]) <= address < int(self.end[number]):
            return "", 0
        return self.symbols.name(int(self.index[number])), address - int(self.begin[number])

    def numbers(self, addresses: U64) -> I64:
        """The number of the variable that each link-time address is in, -1 where none is known."""
        if not len(self.begin):
            return np.full(len(addresses), -1, np.int64)
        found = np.searchsorted(self.begin, addresses, "right").astype(np.int64) - 1
        inside = (found >= 0) & (addresses < self.end[found])
        return np.where(inside, found, -1)

    def name(self, number: int) -> str:
        """Of a variable by its number."""
        return self.symbols.name(int(self.index[number]))
