"""Which global variable an address is in: of the program, or of one of its plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.binary.datasymbols import DataSymbols

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.plugins import Loaded, LoadedFiles

WORD = (1 << 64) - 1


@frozen(eq=False)
class Global:
    """A variable that an address is in: of which file, its name, and how far behind its beginning."""

    file: Loaded
    name: str
    offset: int


@frozen(eq=False)
class Globals:
    """The variables of each file; their numbers go on from one file to the next."""

    loaded: LoadedFiles
    symbols: tuple[DataSymbols, ...] = field(repr=False)
    first: I64

    @classmethod
    def of(cls, loaded: LoadedFiles) -> Globals:
        """By the files' symbol tables."""
        symbols = tuple(DataSymbols.of(one.binary.symbols) for one in loaded.files)
        return cls(loaded, symbols, np.cumsum([0, *(len(one.begin) for one in symbols)]))

    def at(self, address: int) -> Global | None:
        """None where no variable is known."""
        file = self.loaded.at(address)
        name, offset = self.symbols[self.loaded.files.index(file)].at(address - file.bias)
        return Global(file, name, offset) if name else None

    def numbers(self, addresses: U64) -> I64:
        """The number of the variable that each address is in, -1 where none is known."""
        found = np.full(len(addresses), -1, np.int64)
        for one, symbols, first in zip(self.loaded.files, self.symbols, self.first.tolist(), strict=False):
            own = symbols.numbers(addresses - np.uint64(one.bias & WORD))
            mine = (own >= 0) & (found < 0)
            found[mine] = own[mine] + first
        return found

    def name(self, number: int) -> str:
        """What a variable is called, by its number."""
        part = int(np.searchsorted(self.first, number, "right")) - 1
        return said(self.symbols[part].name(number - int(self.first[part])), self.loaded.files[part].plugin)


def said(name: str, plugin: str) -> str:
    """A variable's name, or a part's of it: with the plugin, if it is of one."""
    return f"{name} of plugin {plugin}" if name and plugin else name
