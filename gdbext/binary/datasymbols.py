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
