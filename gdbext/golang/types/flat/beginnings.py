"""Types that larger structures begin with: a pointer to such a one may be a pointer to the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve

from gdbext.errors import GdbextError
from gdbext.golang.runtime.moduledata import code
from gdbext.golang.types.flat.kernels import NO_OUTER, Described
from gdbext.golang.types.rtype import STRUCT

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.moduledata import Module
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.golang.types.flat.table import TypeTable

ALLOCATORS = ("runtime.newobject", "runtime.makeslice", "runtime.mallocgc")
"""What code calls with a type, or the beginnings of such names (runtime/malloc.go; of mallocgc there is one for each
size class since Go 1.26)."""
NESTED = 64
"""Types that begin with one another."""


def with_beginnings(program: Program, symtab: Symtab, table: TypeTable, classes: U64) -> TypeTable:
    """The table with ``Described.outer``: of structures that the program's own code allocates.

    ``classes``: the slot for (index * 8) bytes.
    """
    described = table.described
    whole, inner = _pairs(described, classes)
    rows = np.unique(whole)
    if not len(rows):
        return table
    made = np.zeros(len(described.size), np.bool_)
    allocators = np.unique(np.concatenate([symtab.beginning_with(name) for name in ALLOCATORS]))
    for module in symtab.modules:
        made[rows] |= _allocated(program, module, allocators, described.address[rows])
    return evolve(table, described=described._replace(outer=outer(described, whole[made[whole]], inner[made[whole]])))


def outer(described: Described, whole: I64, inner: I64) -> U64:
    """``Described.outer`` of every row."""
    found = np.full(len(described.size), NO_OUTER, np.uint64)
    np.minimum.at(found, inner, described.size[whole])
    return found


def _pairs(described: Described, classes: U64) -> tuple[I64, I64]:
    """(structures, types that they begin with) where both get slots of one size, and no pointers lie behind."""
    count = len(described.address)
    whole = np.flatnonzero(described.kind[:count] == STRUCT)
    inner, wholes, inners = described.first[whole].astype(np.int64), [whole[:0]], [whole[:0]]
    for _ in range(NESTED):
        alike = (inner >= 0) & (described.pointers[inner] == described.pointers[whole])
        whole, inner = whole[alike], inner[alike]
        if not len(whole):
            break
        same = _slot(described.size[inner], classes) == _slot(described.size[whole], classes)
        wholes.append(whole[same])
        inners.append(inner[same])
        inner = described.first[inner].astype(np.int64)
    return np.concatenate(wholes), np.concatenate(inners)


def _slot(size: U64, classes: U64) -> U64:
    """What a small object gets; of larger ones the size."""
    at = (size + np.uint64(7)) >> np.uint64(3)
    found: U64 = np.where(at < len(classes), classes[np.minimum(at, len(classes) - 1).astype(np.int64)], size)
    return found


def _allocated(program: Program, module: Module, allocators: U64, types: U64) -> Bools:
    """Which of the types with sorted descriptors a module's code allocates; all where it cannot be read."""
    try:
        text = code(program, module)
    except GdbextError:
        return np.ones(len(types), np.bool_)
    return program.arch.given_to(text, module.text, allocators, types)
