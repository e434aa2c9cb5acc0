"""Global variables and the rows of their types: what the debug information says that no descriptor does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gdbext.binary.dwarf import constants as dw
from gdbext.compute.arrays import I64, U64
from gdbext.errors import GdbextError
from gdbext.golang.reading.program import Program
from gdbext.golang.reading.words import index_in
from gdbext.golang.types.flat.table import TypeTable

if TYPE_CHECKING:
    from gdbext.golang.runtime.moduledata import Module

TYPEDEFS = 4


def variables(program: Program, table: TypeTable, module: Module) -> U64:
    """Rows (run-time address, row of the type, 1) of the global variables whose types have descriptors; none without
    debug information, or where that is damaged."""
    dwarf = program.binary.dwarf
    try:
        index = dwarf.index if dwarf is not None else np.zeros((0, dw.INDEX_COLUMNS), np.int64)
    except GdbextError:
        index = np.zeros((0, dw.INDEX_COLUMNS), np.int64)
    chosen = index[index[:, dw.TAG] == dw.TAG_VARIABLE]
    said = _runtime_types(index, chosen[:, dw.SECOND_VALUE])
    # An offset from moduledata.types; in Go 1.21 and 1.22 some are absolute.
    address = np.where(said >= module.types, said, said + module.types).astype(np.uint64)
    row = np.where(said != 0, index_in(table.described.address, address), -1)
    bias = np.uint64(program.target.bias)
    out = np.ones((len(chosen), 3), np.uint64)
    out[:, 0], out[:, 1] = chosen[:, dw.FIRST_VALUE].view(np.uint64) + bias, row.astype(np.uint64)
    return np.ascontiguousarray(out[row >= 0])


def _runtime_types(index: I64, entries: I64) -> I64:
    """DW_AT_go_runtime_type of the types at the entries, 0 without; a typedef's may sit on what it names."""
    tags = index[:, dw.TAG]
    types = index[(tags != dw.TAG_VARIABLE) & (tags != dw.TAG_SUBPROGRAM)]
    types = types[np.argsort(types[:, dw.DIE], kind="stable")]
    found = np.zeros(len(entries), np.int64)
    if not len(types):
        return found
    at, todo = entries.copy(), np.arange(len(entries))
    for _ in range(TYPEDEFS):
        place = np.minimum(np.searchsorted(types[:, dw.DIE], at), len(types) - 1)
        rows = types[place]
        here = rows[:, dw.DIE] == at
        found[todo[here]] = rows[here, dw.SECOND_VALUE]
        more = here & (rows[:, dw.SECOND_VALUE] == 0) & (rows[:, dw.TAG] == dw.TAG_TYPEDEF)
        todo, at = todo[more], rows[more, dw.FIRST_VALUE]
    return found
