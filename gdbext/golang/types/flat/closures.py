"""Rows for closures: a function's entry pc and the variables that it captured (cmd/compile, typecheck.ClosureType).

The debug information says what a function captured and where that is (Go 1.23); as the compiler leaves out what it
optimised away, a descriptor of a structure that agrees with all that is known says it better, where there is one only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import numpy as np
from attrs import field, frozen

from gdbext.binary.dwarf import constants as dw
from gdbext.binary.dwarf.shapes.reading import captures
from gdbext.compute.arrays import I32, U64
from gdbext.errors import GdbextError, MemoryFault
from gdbext.golang.plugins import Loaded
from gdbext.golang.runtime.moduledata import code
from gdbext.golang.runtime.symtab import Symtab
from gdbext.golang.types.flat.dies import Broken, Dies, value_of
from gdbext.golang.types.flat.kernels import CLOSURE
from gdbext.golang.types.flat.names import Name
from gdbext.golang.types.flat.rows import Row, bounded, moved
from gdbext.golang.types.flat.table import TypeTable
from gdbext.golang.types.rtype import STRUCT, UINTPTR

WORD = 8
MOST_WORDS = 64
BEGINNING = "struct { F uintptr; "
MADE = {"reflect.makeFuncStub": "reflect.makeFuncImpl", "reflect.methodValueCall": "reflect.methodValue"}
"""What package reflect's functions are called through (reflect/makefunc.go)."""


@frozen
class Seen:
    """What the objects of one function are like: ``function`` is its index; the size of their slots, their pointers."""

    function: int
    size: int
    bits: int


Captures = Mapping[int, int]
"""Rows of types by their offset."""


@frozen
class Candidate:
    """A descriptor of a structure that may be a closure's: its row, the size of its slot, its pointers."""

    row: int
    size: int
    bits: int
    fields: Captures


@frozen(eq=False)
class Told:
    """What the debug information of a file says of types."""

    file: Loaded
    dies: Dies = field(repr=False)

    def again(self) -> Told:
        """The same, to make other types from."""
        return Told(self.file, self.dies.again())


class Closures:
    """Makes rows for closures. ``told``: of each file that has debug information."""

    def __init__(self, symtab: Symtab, told: Sequence[Told]) -> None:
        self.symtab, self.told = symtab, told

    def rows(self, table: TypeTable, seen: Sequence[Seen], classes: U64) -> tuple[TypeTable, I32]:
        """``table`` with rows for functions' closures, and the row of each, -1 where nothing is known.

        ``table`` has the rows of all that is ``told``. ``classes``: the size of the slot for (index * 8) bytes.
        """
        table, captures = self._captures(table, seen)
        candidates = list(_candidates(table, classes))
        fitting = [_fitting(one, captured, candidates) for one, captured in zip(seen, captures, strict=True)]
        doubtful = [one for one, some in zip(seen, fitting, strict=True) if len(some) > 1]
        allocated = self._allocated(table, doubtful, candidates) if doubtful else {}
        made, names, found = list[Row](), dict[int, Name](), np.full(len(seen), -1, np.int32)
        for number, (one, captured, some) in enumerate(zip(seen, captures, fitting, strict=True)):
            name = self._name(one)
            if (known := table.parts.row(MADE.get(name, ""))) >= 0:
                found[number] = known
                continue
            sure = some if len(some) == 1 else [each for each in some if each.row == allocated.get(one.function)]
            row = Row(CLOSURE, like=sure[0].row) if sure else _of_captures(table, one, captured)
            if row is not None:
                found[number] = len(table) + len(made)
                names[int(found[number])] = Name(name, " (closure)")
                made.append(row)
        return table.grown(made, names), found

    def _name(self, one: Seen) -> str:
        try:
            return self.symtab.name(one.function)
        except GdbextError:
            return ""

    def _allocated(self, table: TypeTable, seen: Sequence[Seen], candidates: Sequence[Candidate]) -> dict[int, int]:
        """The rows of the types that code allocates before it writes the functions' entries: it makes closures."""
        program = self.symtab.program
        rows = np.array(sorted(candidate.row for candidate in candidates), np.int64)
        functions = np.array(sorted(one.function for one in seen), np.int64)
        wanted = table.described.address[rows], self.symtab.entries[functions]
        made = dict[int, int]()
        for module in self.symtab.modules:
            try:
                found = program.arch.taken_before(code(program, module), module.text, *wanted)
            except MemoryFault:
                continue
            sure = found >= 0
            made.update(zip(functions[sure].tolist(), rows[found[sure]].tolist(), strict=True))
        return made

    def _captures(self, table: TypeTable, seen: Sequence[Seen]) -> tuple[TypeTable, list[dict[int, int]]]:
        """What the debug information says that each function captured, and the table with those types."""
        made: list[dict[int, int]] = [{} for _ in seen]
        for one in self.told:
            with suppress(GdbextError):
                self._read_captures(one.file, one.dies.on(table), seen, made)
            table = one.dies.table
        return table, made

    def _read_captures(self, file: Loaded, dies: Dies, seen: Sequence[Seen], made: list[dict[int, int]]) -> None:
        entries = np.array([self._entry(file, dies, one.function) for one in seen], np.int64)
        said = captures(dies.dwarf, entries)
        rows = dies.rows(said[:, dw.CAPTURED_TYPE])
        for number, at, row in zip(
            said[:, dw.CAPTURED_BY].tolist(), said[:, dw.CAPTURED_AT].tolist(), rows.tolist(), strict=True
        ):
            if row >= 0:
                made[number][at] = row

    def _entry(self, file: Loaded, dies: Dies, function: int) -> int:
        """The entry of a function in a file's debug information; 0 without one."""
        pc = self.symtab.entry(function)
        row = dies.dwarf.function_at(pc - file.bias) if pc in file else None
        return int(row[dw.DIE]) if row is not None and int(row[dw.FIRST_VALUE]) == pc - file.bias else 0


def _of_captures(table: TypeTable, one: Seen, captured: Captures) -> Row | None:
    """As large as the slot: what is not said of it holds no pointers, or the object is only likely of this type."""
    if not captured:
        return None
    bits, parts = 0, []
    for at, row in captured.items():
        try:
            value = value_of(table, row)
        except Broken:
            return None
        if (at % WORD and value.bits) or not 0 < at <= one.size - value.size or value.slots is None:
            return None
        bits |= value.bits << at // WORD
        parts.append(moved(value.slots, at))
    return Row(CLOSURE, one.size, bits=bits, slots=bounded(parts)) if bits & ~one.bits == 0 else None


def _fitting(one: Seen, captured: Captures, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The descriptors that agree with all that is known of a function's closures."""
    return [
        candidate
        for candidate in candidates
        if (candidate.bits, candidate.size) == (one.bits, one.size)
        and all(candidate.fields.get(at) == row for at, row in captured.items())
    ]


def _candidates(table: TypeTable, classes: U64) -> Iterator[Candidate]:
    """Every structure that begins with a word for a pc, as the compiler names it."""
    described, types = table.described, table.types
    kind, first, size = (column[: table.own] for column in (described.kind, described.first, described.size))
    small = (size > WORD) & (size <= MOST_WORDS * WORD)
    for row in np.flatnonzero((kind == STRUCT) & (first >= 0) & (described.kind[first] == UINTPTR) & small).tolist():
        try:
            type_ = types.at(int(described.address[row]))
            if not type_.name.startswith(BEGINNING):
                continue
            fields = {field.offset: table.row(field.type) for field in types.fields(type_)[1:]}
        except GdbextError:
            continue
        yield Candidate(row, int(classes[(type_.size + 7) // 8]), int(described.mask[row]), fields)
