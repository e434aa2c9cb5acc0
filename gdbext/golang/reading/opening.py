"""The Program of a Target, handed the symbols that it has: the linker's, else those that its code tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdbext.golang.reading.program import Program
from gdbext.golang.reading.symbols import ElfSymbols, Symbols

if TYPE_CHECKING:
    from gdbext.target import Target


def open_program(target: Target) -> Program:
    """What every decoder gets of a target."""
    return Program(target, _symbols(target))


def _symbols(target: Target) -> Symbols:
    if target.binary.has_symbols:
        return ElfSymbols(target.binary, target.bias)
    # Most programs have symbols, and are not made to wait for what reads code.
    from gdbext.golang.reading.stripped import StrippedSymbols

    return StrippedSymbols(target)
