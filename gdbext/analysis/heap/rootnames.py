"""What a root is called: a global variable, a variable of a goroutine's frame, a finalizer of an object."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from attrs import define, evolve, field, frozen

from gdbext.analysis.heap.globals import Global, Globals, said
from gdbext.analysis.heap.timerroots import TimerRoot, TimerRoots
from gdbext.errors import GdbextError
from gdbext.golang.runtime.rootwords import BSS, DATA, KINDS, OF_GOROUTINES, OF_SPECIALS
from gdbext.golang.runtime.traceback import PcTable, Walk

if TYPE_CHECKING:
    from gdbext.binary.dwarf.variables import Variable
    from gdbext.compute.arrays import I64, U64
    from gdbext.golang.plugins import LoadedFiles
    from gdbext.golang.runtime.mgcmark import Roots
    from gdbext.golang.runtime.mheap import Heap
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.special import Specials
    from gdbext.golang.runtime.traceback import Frame
    from gdbext.golang.types.printed.form import Forms
    from gdbext.target.image import Image


CONTENTS = "contents of an object with a finalizer"
"""Are kept until the finalizer has run; the object itself need not be."""


@frozen
class RootName:
    """``kind``: in words. ``variable``: a global's name, or a local one's of ``function``; "" where nobody says it.

    ``offset``: from the variable's beginning to the word; ``path``: what its part there is called. ``goid``: the
    goroutine, None for what is of none. ``object``: what the finalizer, cleanup or weak pointer is of, 0 for others; of
    CONTENTS the object that refers to it, of which ``variable`` is the type.
    ``plugin``: the file that the variable is of, "" for the program itself. ``timer``: by way of which the root has
    something, None for what has it itself.
    """

    kind: str
    variable: str = ""
    offset: int = 0
    goid: int | None = None
    function: str = ""
    object: int = 0
    path: str = ""
    plugin: str = ""
    timer: TimerRoot | None = None

    @property
    def text(self) -> str:
        """``main.cache.rows[3]``, ``goroutine 7, main.serve, request``, ``finalizer of 0xc000010000``."""
        if self.kind == CONTENTS:
            return f"contents of {self.object:#x} {self.variable}, which has a finalizer" if self.object else CONTENTS
        inside = self.path or (f"+{self.offset:#x}" if self.offset else "")
        place = said(f"{self.variable}{inside}", self.plugin) if self.variable else ""
        goroutine = f"goroutine {self.goid}" if self.goid is not None else ""
        parts = [part for part in (goroutine, self.function, place) if part]
        whole = f"{self.kind} of {self.object:#x}" if self.object else ", ".join(parts)
        return whole or self.kind


@define(eq=False)
class RootNames:
    """Names of single roots, by the symbol table and the debug information; made only for those that are shown."""

    roots: Roots
    goroutines: Goroutines
    specials: Specials
    forms: Forms
    files: LoadedFiles
    heap: Heap
    _frames: dict[int, list[Frame]] = field(factory=dict)

    def name(self, number: int) -> RootName:
        """The name of a root, by its number in ``roots``."""
        kind, owner, where = (int(column[number]) for column in (self.roots.kind, self.roots.owner, self.roots.where))
        if kind in (DATA, BSS):
            return self._global(KINDS[kind], where)
        if kind in OF_GOROUTINES:
            return self._local(KINDS[kind], owner, where)
        if kind in OF_SPECIALS:
            return RootName(KINDS[kind], object=int(self.specials.object[owner]))
        return RootName(KINDS[kind])

    def of_path(self, number: int, ids: Sequence[int]) -> RootName:
        """The name of a root, with the timer that has what a path from it leads to. ``ids``: the path's slots."""
        return evolve(self.name(number), timer=self._timers.at(ids))

    @cached_property
    def _timers(self) -> TimerRoots:
        return TimerRoots(self.goroutines, self.heap)

    def global_at(self, address: int) -> Global | None:
        """The variable that an address is in; None where none is known."""
        return self._globals.at(address)

    def variables(self, addresses: U64) -> I64:
        """The numbers of the variables that addresses are in, for ``variable_name``; -1 where none is known."""
        return self._globals.numbers(addresses)

    def variable_name(self, number: int) -> str:
        """What a variable is called."""
        return self._globals.name(number)

    @cached_property
    def _globals(self) -> Globals:
        return Globals.of(self.files)

    def _global(self, kind: str, where: int) -> RootName:
        found, path = self.global_at(where), ""
        if found is None:
            return RootName(kind)
        with suppress(GdbextError):
            dwarf = found.file.binary.dwarf
            told = dwarf.variable(found.name) if dwarf is not None else None
            if dwarf is not None and told is not None:
                path = self.forms.path(self.forms.entry(dwarf.entry(told[1])), found.offset)
        return RootName(kind, found.name, found.offset, path=path, plugin=found.file.plugin)

    def _local(self, kind: str, row: int, where: int) -> RootName:
        goid = int(self.goroutines.goid[row])
        frame = next((one for one in self._stack(row) if one.sp <= where < one.cfa), None)
        if frame is None:
            return RootName(kind, goid=goid)
        variable, offset = self._in_frame(frame, where)
        name, path = (variable.name, self._path(variable, offset)) if variable is not None else ("", "")
        return RootName(kind, name, offset, goid, self.goroutines.symtab.name(frame.function), path=path)

    def _path(self, variable: Variable, offset: int) -> str:
        with suppress(GdbextError):
            form = self.forms.linked(variable.type_name)
            return self.forms.path(form, offset) if form is not None else ""
        return ""

    def _stack(self, row: int) -> list[Frame]:
        found = self._frames.get(row)
        if found is None:
            self._frames.clear()  # roots of one goroutine lie side by side
            found = self._frames[row] = self._walk(row)
        return found

    def _walk(self, row: int) -> list[Frame]:
        one, mine = self.goroutines, np.array([row])
        bounds = int(one.g["low"][row]), int(one.g["high"][row])
        image: Image = one.stacks(mine)
        trapped = bool(one.trapped[row])
        return list(Walk(image, PcTable(one.symtab), int(one.pc[row]), int(one.sp[row]), *bounds, trapped, own=True))

    def _in_frame(self, frame: Frame, where: int) -> tuple[Variable | None, int]:
        """(variable, offset) of the variable of a frame that an address is in; the innermost scope counts."""
        pc = frame.pc if frame.trapped else frame.pc - 1
        found: tuple[Variable | None, int] = None, 0
        for variable in self.in_scope(pc):
            for at, piece in variable.placed:
                begin = frame.cfa + piece.value
                if piece.kind == "cfa" and begin <= where < begin + piece.size:
                    found = variable, at + where - begin
        return found

    def in_scope(self, pc: int) -> list[Variable]:
        """See ``LoadedFiles.variables_at``."""
        return self.files.variables_at(pc)
