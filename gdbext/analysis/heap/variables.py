"""Global variables and the rows of their types: what the debug information says that nothing in memory does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from gdbext.binary.dwarf import constants as dw
from gdbext.compute.arrays import U64
from gdbext.errors import GdbextError, MemoryFault
from gdbext.golang.plugins import Loaded, LoadedFiles
from gdbext.golang.reading.program import Program
from gdbext.golang.types.flat.closures import Told
from gdbext.golang.types.flat.dies import Dies, Value, value_of
from gdbext.golang.types.flat.table import TypeTable

if TYPE_CHECKING:
    from gdbext.golang.runtime.moduledata import Module

NONE = np.zeros((0, 3), np.uint64)


@frozen(eq=False)
class Variables:
    """``rows``: (run-time address, row of the type in ``table``, 1). ``told``: by each file's debug information."""

    table: TypeTable = field(repr=False)
    rows: U64 = field(repr=False)
    told: tuple[Told, ...] = field(default=(), repr=False)


def variables(program: Program, table: TypeTable, files: LoadedFiles) -> Variables:
    """The global variables that may hold pointers, those of plugins too; none without debug information, or where that
    is damaged."""
    found = Variables(table, NONE)
    for file in files.files:
        more = _of_one(program, found.table, file)
        found = Variables(more.table, np.concatenate([found.rows, more.rows]), (*found.told, *more.told))
    return found


def _of_one(program: Program, table: TypeTable, file: Loaded) -> Variables:
    try:
        return _variables(program, table, file)
    except GdbextError:
        return Variables(table, NONE)


def _variables(program: Program, table: TypeTable, file: Loaded) -> Variables:
    dwarf, module = file.binary.dwarf, file.module
    if dwarf is None:
        return Variables(table, NONE)
    found, sections = dwarf.globals, _sections(program, module)
    address = found[:, dw.FIRST_VALUE].view(np.uint64) + np.uint64(file.bias)
    inside = np.logical_or.reduce([(address >= begin) & (address < end) for begin, end, _ in sections])
    address, dies = address[inside], Dies(dwarf, table, module.types)
    row = dies.rows(found[inside, dw.SECOND_VALUE])
    chosen = (row >= 0) & (dies.table.described.pointers[row] != 0)
    for place in np.flatnonzero(chosen & (row >= len(table))).tolist():
        chosen[place] = _agree(sections, value_of(dies.table, int(row[place])), int(address[place]))
    out = np.ones((int(chosen.sum()), 3), np.uint64)
    out[:, 0], out[:, 1] = address[chosen], row[chosen].astype(np.uint64)
    return Variables(dies.table, out, (Told(file, dies),))


def _sections(program: Program, module: Module) -> list[tuple[int, int, int]]:
    """(begin, end, mask) of sections with pointers; the mask has a bit for each word, none where it is unreadable."""
    made = list[tuple[int, int, int]]()
    for begin, end, mask, bits in (
        (module.data, module.edata, module.gcdatamask, module.gcdatamask_bits),
        (module.bss, module.ebss, module.gcbssmask, module.gcbssmask_bits),
    ):
        try:
            made.append((begin, end, int.from_bytes(program.read(mask, (bits + 7) // 8), "little")))
        except MemoryFault:
            made.append((begin, end, 0))
    return made


def _agree(sections: list[tuple[int, int, int]], value: Value, address: int) -> bool:
    """Whether a variable has its pointers where the linker says: what we made of a type is not taken on trust."""
    words = (1 << value.size // 8) - 1
    return any(
        begin <= address <= end - value.size and (mask >> (address - begin) // 8) & words == value.bits
        for begin, end, mask in sections
    )
