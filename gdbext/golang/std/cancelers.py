"""Which functions can cancel a context (context/context.go).

``cancel`` is unexported and no reflection reaches it, so that only package context's own functions call it, and what
these were inlined into. They are found in the code: their names depend on the compiler's release and on profiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gdbext.errors import MemoryFault
from gdbext.golang.runtime.moduledata import code
from gdbext.golang.runtime.pclntab import NO_DATA, find_strings
from gdbext.golang.runtime.symtabinl import FUNCDATA_INL_TREE, INLINED_CALL

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.moduledata import Module
    from gdbext.golang.runtime.symtab import Symtab

METHODS = tuple(f"context.(*{name}).cancel" for name in ("cancelCtx", "timerCtx", "afterFuncCtx"))
PACKAGE = "context."
LARGEST = 1 << 30
LAST_TREE = 1 << 16
"""Bytes from where the last inline tree of a module begins that are searched."""


def cancelers(program: Program, symtab: Symtab) -> U64:
    """The sorted entries of the functions that call one of ``METHODS`` directly, of those that such a function was
    inlined into, and so on. Raises MemoryFault, InconsistentRuntime."""
    methods = np.array(sorted(entry for name in METHODS for entry in symtab.find(name)), np.uint64)
    if not len(methods):
        return methods
    found = np.unique(np.concatenate([_callers(program, module, methods) for module in symtab.modules]))
    known = np.unique(symtab.functions(found))
    trees = [Trees(program, module, symtab) for module in symtab.modules]
    while True:
        names = np.union1d(known, symtab.functions(methods))
        more = np.unique(np.concatenate([known, *(one.with_any(names) for one in trees)]))
        if len(more) == len(known):
            entries: U64 = symtab.entries[more[more >= 0]]
            return entries
        known = more


def of_package(symtab: Symtab) -> U64:
    """The sorted entries of package context's own functions."""
    return np.sort(symtab.beginning_with(PACKAGE))


def _callers(program: Program, module: Module, targets: U64) -> U64:
    """Where a module's code calls one of the targets."""
    return program.arch.calls(code(program, module), module.text, targets)


class Trees:
    """The inline trees of a module's functions."""

    def __init__(self, program: Program, module: Module, symtab: Symtab) -> None:
        self.symtab, self.module = symtab, module
        self.first = symtab.first(symtab.modules.index(module))
        offsets = module.tables.funcdata(FUNCDATA_INL_TREE)
        self.functions = np.flatnonzero(offsets != NO_DATA)
        self.tree = offsets[self.functions]
        self.starts = np.unique(self.tree)
        bound = program.bound(INLINED_CALL)
        self.size, self.name = bound.size, bound.offset("nameOff")
        self.words = self._words(program)

    def _words(self, program: Program) -> I64:
        """All that trees have, in words of four bytes, from the first one's beginning."""
        if not len(self.starts):
            return np.zeros(0, np.int64)
        begin, end = self.module.gofunc + int(self.starts[0]), self.module.gofunc + int(self.starts[-1])
        for more in (LAST_TREE, 4096, 256, self.size):
            try:
                return np.frombuffer(program.read(begin, min(end - begin, LARGEST) + more), "<i4").astype(np.int64)
            except MemoryFault:
                continue
        raise MemoryFault(begin, end - begin)

    def with_any(self, functions: Sequence[int] | I64) -> I64:
        """The functions that one of those was inlined into, by their names."""
        names = np.unique(np.array(list(self._names(functions)), np.int64))
        at = 4 * np.flatnonzero(np.isin(self.words, names))
        if not len(at):
            return np.zeros(0, np.int64)
        place = at - self.name + int(self.starts[0])
        tree = np.searchsorted(self.starts, place, "right") - 1
        fits = (tree >= 0) & ((place - self.starts[tree]) % self.size == 0)
        inside = np.isin(self.tree, self.starts[np.unique(tree[fits])])
        return self.first + self.functions[inside]

    def _names(self, functions: Sequence[int] | I64) -> Iterator[int]:
        """Where this module's table of names has the names of functions, whichever module they are of."""
        for index in functions:
            if int(index) < 0:
                continue
            name = self.symtab.name(int(index))
            if self.symtab.module(int(index)) is self.module:
                yield self.symtab.func(int(index)).name_offset
            else:
                yield from find_strings(self.module.tables.names, name)
