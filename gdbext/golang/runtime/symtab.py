"""Modules, functions, files and lines (runtime/symtab.go): everything that pclntab knows, no DWARF needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.golang.runtime.moduledata import FIRST_MODULE, Module, read_modules
from gdbext.golang.runtime.pclntab import NO_DATA, Func, Steps, c_string, decode_steps, find_strings

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.reading.program import Program

MEMO = 1 << 16


@frozen
class Location:
    """A function and the line in it. ``inlined``: the code lies in another function's body."""

    function: str
    file: str
    line: int
    inlined: bool = False
    func_id: int = 0


class Symtab:
    """Functions by pc. A function index counts the functions of all modules in address order."""

    def __init__(self, program: Program, modules: Iterable[Module]) -> None:
        self.program = program
        self.modules = tuple(sorted(modules, key=lambda module: module.text))
        self._first = np.cumsum([0, *(len(module.tables.ftab) for module in self.modules)])
        parts = [module.text + module.tables.ftab["entry"].astype(np.uint64) for module in self.modules]
        self._entries: U64 = np.concatenate(parts)
        self._sentinel = np.zeros(len(self._entries), np.bool_)
        self._sentinel[self._first[1:] - 1] = True
        self._funcs: dict[int, Func] = {}
        self._names: dict[tuple[int, int], str] = {}
        self._steps: dict[tuple[int, int], Steps] = {}

    @classmethod
    def of(cls, program: Program) -> Symtab:
        """The symbol tables of a program. Raises MissingSymbol, MemoryFault, InconsistentRuntime."""
        return cls(program, read_modules(program, program.symbol(FIRST_MODULE)))

    @property
    def entries(self) -> U64:
        """Where functions start, in order, by their indices; one behind the last of each module is none."""
        return self._entries

    def functions(self, pcs: NDArray[Any]) -> NDArray[np.int64]:
        """The function index of each pc, -1 where no Go function has it."""
        index = np.searchsorted(self._entries, np.asarray(pcs, np.uint64), "right") - 1
        return np.where((index < 0) | self._sentinel[index], -1, index)

    def function(self, pc: int) -> int:
        """The function index of one pc, -1 where no Go function has it."""
        return int(self.functions(np.array([pc & 0xFFFFFFFFFFFFFFFF], np.uint64))[0])

    def module(self, index: int) -> Module:
        """The module that a function belongs to."""
        return self.modules[int(np.searchsorted(self._first, index, "right")) - 1]

    def first(self, number: int) -> int:
        """The index of the first function of a module, by the module's number."""
        return int(self._first[number])

    def entry(self, index: int) -> int:
        """Where a function starts."""
        return int(self._entries[index])

    def end(self, index: int) -> int:
        """Where the next function starts."""
        return int(self._entries[index + 1])

    def code(self, index: int, most: int) -> bytes:
        """A function's instructions, so many bytes of them at most. Raises MemoryFault."""
        entry = self.entry(index)
        return self.program.read(entry, min(self.end(index) - entry, most))

    def func(self, index: int) -> Func:
        """A function's record. Raises InconsistentRuntime."""
        found = self._funcs.get(index)
        if found is None:
            module = self.module(index)
            row = module.tables.ftab[index - int(self._first[self.modules.index(module)])]
            found = _keep(self._funcs, index, module.tables.func_at(self.entry(index), int(row["func"])))
        return found

    def name(self, index: int) -> str:
        """A function's name as ``runtime.Stack`` prints it: type arguments are ``[...]``."""
        return self.name_at(self.module(index), self.func(index).name_offset)

    def name_at(self, module: Module, offset: int) -> str:
        """The name at an offset of a module's funcnametab."""
        key = (module.address, offset)
        found = self._names.get(key)
        if found is None:
            found = _keep(self._names, key, printed_name(c_string(module.tables.names, offset)))
        return found

    def linker_name(self, module: Module, offset: int) -> str:
        """The same as the linker has it, with type arguments."""
        return c_string(module.tables.names, offset)

    def find(self, name: str) -> list[int]:
        """The entry pcs of the functions of that name (as the linker has it), in address order."""
        found: list[int] = []
        for module, first in zip(self.modules, self._first, strict=False):
            offsets = find_strings(module.tables.names, name)
            rows = np.flatnonzero(np.isin(module.tables.name_offsets(), offsets)) if offsets else ()
            found += [int(self._entries[first + row]) for row in rows]
        return found

    def beginning_with(self, name: str) -> U64:
        """The entry pcs of the functions whose names (as the linker has them) begin so."""
        return np.concatenate([self._entries[rows] for rows in self._beginning_with(name.encode())])

    def _beginning_with(self, name: bytes) -> Iterator[I64]:
        for module, first in zip(self.modules, self._first, strict=False):
            names, at = np.frombuffer(module.tables.names, np.uint8), module.tables.name_offsets()
            fits = (at >= 0) & (at + len(name) <= len(names))
            for place, letter in enumerate(name):
                fits &= names[np.where(fits, at + place, 0)] == letter
            yield first + np.flatnonzero(fits)

    def ids(self, *names: str) -> frozenset[int]:
        """The funcIDs of runtime functions that the runtime treats specially; their numbers change between releases."""
        entries = [entry for name in names for entry in self.find(name)]
        return frozenset(self.func(self.function(entry)).func_id for entry in entries) - {0}

    def value(self, index: int, table: int, pc: int) -> int:
        """The value of a pc-value table (an offset of pctab) of a function at ``pc``; -1 for none."""
        module, func = self.module(index), self.func(index)
        key = (module.address, table)
        found = self._steps.get(key)
        if found is None:
            found = _keep(self._steps, key, decode_steps(module.tables.pctab, table, self.program.arch.quantum))
        return found.at(pc - func.entry)

    def pcdata(self, index: int, which: int, pc: int) -> int:
        """PCDATA table ``which`` at ``pc``; -1 for none."""
        tables = self.func(index).pcdata
        return self.value(index, tables[which], pc) if which < len(tables) else -1

    def funcdata(self, index: int, which: int) -> int:
        """The address of FUNCDATA ``which``, 0 for none."""
        offsets = self.func(index).funcdata
        if which >= len(offsets) or offsets[which] == NO_DATA:
            return 0
        return self.module(index).gofunc + offsets[which]

    def line(self, index: int, pc: int) -> tuple[str, int]:
        """(file, line) of the code at ``pc``, wherever it was inlined from; ("?", 0) where there is none."""
        func, tables = self.func(index), self.module(index).tables
        file = tables.file(func.cu_offset, self.value(index, func.pcfile, pc))
        line = self.value(index, func.pcln, pc)
        return (file, line) if file != "?" and line >= 0 else ("?", 0)


def _keep(memo: dict[Any, Any], key: Any, value: Any) -> Any:
    """Remember a value; a full memo starts anew, for garbage could otherwise fill it without end."""
    if len(memo) >= MEMO:
        memo.clear()
    memo[key] = value
    return value


def printed_name(name: str) -> str:
    """A name with its type arguments as ``[...]`` (runtime/traceback.go, funcNamePiecesForPrint)."""
    start, end = name.find("["), name.rfind("]")
    if start < 0 or end <= start:
        return name
    split = _between(name[start + 1 : end])
    if split is None:
        return name
    inner = name[start + 1 : end]
    middle = f"[...]{inner[split[0] + 1 : split[1]]}[...]" if split != (0, 0) else "[...]"
    return name[:start] + middle + name[end + 1 :]


def _between(inner: str) -> tuple[int, int] | None:
    """Where brackets close and reopen in ``A]).M[B`` (Go 1.27's generic methods); (0, 0) nowhere, None malformed."""
    depth, closed = 1, -1
    for at, letter in enumerate(inner):
        if letter == "[":
            depth += 1
            if depth == 1:
                return (closed, at) if closed >= 0 else None
        elif letter == "]":
            depth -= 1
            if depth < 0:
                return None
            closed = at if depth == 0 else closed
    return (0, 0) if depth == 1 and closed < 0 else None
