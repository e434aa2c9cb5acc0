"""The files of Go code that a program has in memory: its own, and those of plugins (plugin/plugin_dlopen.go).

Each is a module of its own, and has symbols and debug information of its own.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Sequence

from attrs import field, frozen

from gdbext.binary.dwarf.variables import Variable
from gdbext.binary.executable import Binary
from gdbext.errors import GdbextError
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime.moduledata import Module
from gdbext.target import Mapping, identity
from gdbext.target.layers import loads


@frozen(eq=False)
class Loaded:
    """``bias``: what to add to a link-time address of the file. ``plugin``: its name, "" for the program itself."""

    module: Module
    binary: Binary = field(repr=False)
    bias: int
    plugin: str = ""

    def __contains__(self, address: int) -> bool:
        """Whether its code or its variables are at an address."""
        one = self.module
        return one.text <= address < one.etext or one.noptrdata <= address < max(one.ebss, one.enoptrbss)


@frozen(eq=False)
class LoadedFiles:
    """``files``: the program first, then the plugins whose files are here, and are the very ones that were loaded."""

    files: tuple[Loaded, ...]
    _scopes: dict[int, list[Variable]] = field(factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, program: Program, modules: Sequence[Module]) -> LoadedFiles:
        """Those of a program's modules, the first of which is its own."""
        own = Loaded(modules[0], program.binary, program.target.bias)
        return cls((own, *_plugins(program, modules[1:])))

    def at(self, address: int) -> Loaded:
        """The one that an address is in; the program, where no plugin has it."""
        return next((one for one in self.files[1:] if address in one), self.files[0])

    def variables_at(self, pc: int) -> list[Variable]:
        """The variables of a function at a pc, of a caller's frame at one less; none where nobody knows."""
        known = self._scopes.get(pc)
        if known is None:
            known = self._scopes[pc] = _variables_at(self.at(pc), pc)
        return known


def _variables_at(file: Loaded, pc: int) -> list[Variable]:
    try:
        subprogram = file.binary.subprogram(pc - file.bias)
        return subprogram.variables_at(pc - file.bias) if subprogram is not None else []
    except GdbextError:
        return []


def _plugins(program: Program, modules: Sequence[Module]) -> Iterator[Loaded]:
    mappings = program.target.memory.mappings() if modules else ()
    for module in modules:
        for one in mappings:
            if one.start <= module.text < one.end and one.file:
                yield from _opened(program, module, one)


def _opened(program: Program, module: Module, mapped: Mapping) -> Iterator[Loaded]:
    try:
        binary = Binary.open(mapped.file)
        for load in loads(binary.elf):
            if load.offset <= mapped.offset < load.offset + load.size:
                bias = mapped.start - (load.start + mapped.offset - load.offset)
                identity.check(binary.elf, program.target.memory, bias)
                yield Loaded(module, binary, bias, os.path.basename(mapped.file))
                return
    except (GdbextError, OSError):
        return
