"""Function values by the functions that they are (runtime/runtime2.go, funcval): many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.symtab import Symtab

CLOSURE = np.dtype([("pc", "<u8"), ("captured", "<u8")])
UNKNOWN = "?"


@frozen(eq=False)
class Functions:
    """Some function values. ``names`` of all that there are, ``which`` of them each is; ``captured``: its
    first captured word, 0 where none can be read. What is no function value is UNKNOWN, none at all is ""."""

    names: tuple[str, ...]
    which: I64
    captured: U64

    @property
    def known(self) -> Bools:
        """Which of them are functions."""
        found: Bools = ~np.isin(self.which, [n for n, name in enumerate(self.names) if name in ("", UNKNOWN)])
        return found

    def name(self, row: int) -> str:
        """That of one."""
        return self.names[int(self.which[row])]


def functions(program: Program, symtab: Symtab, values: U64) -> Functions:
    """The function values at some addresses; 0: none."""
    words, fine = program.gather(values, CLOSURE)
    alone, readable = program.gather(values, np.dtype("<u8"))  # one that captures nothing may lie at the end of memory
    pcs = np.where(readable, alone, 0).astype(np.uint64)
    distinct, which = np.unique(pcs, return_inverse=True)
    names = ["" if not pc else _name(symtab, pc) for pc in distinct.tolist()]
    which = which.reshape(-1)
    unreadable = (values != 0) & (pcs == 0)
    known = (*names, UNKNOWN)
    found = np.where(unreadable, len(names), which)
    return Functions(known, found.astype(np.int64), np.where(fine, words["captured"], 0).astype(np.uint64))


def _name(symtab: Symtab, pc: int) -> str:
    """Function values point at the beginnings of functions."""
    index = symtab.function(pc)
    return symtab.name(index) if index >= 0 and symtab.entry(index) == pc else UNKNOWN
