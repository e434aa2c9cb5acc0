"""The executable of a Go program: which Go built it, what its symbols, layouts and functions are.

The same on every host. Addresses are the linker's; a target adds its bias. Nothing but the headers and the build
information is read before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.binary import buildinfo, debugfile
from gdbext.binary.answers import Remembered, RememberedLayouts
from gdbext.binary.dwarf import constants as dw
from gdbext.binary.dwarf.skimmer import Dwarf
from gdbext.binary.elf import ET_CORE, PT_LOAD, Elf, Symbols
from gdbext.binary.layouts import DwarfLayouts, Layout, Layouts, TableLayouts
from gdbext.errors import MissingSymbol

if TYPE_CHECKING:
    from gdbext.binary.dwarf.variables import Subprogram

UNSIGNED = 0xFFFFFFFFFFFFFFFF


@frozen
class Global:
    """A global variable: its name, link-time address and the name of its type."""

    name: str
    address: int
    type_name: str


class Binary:
    """An executable that the Go linker made. Use ``open``."""

    def __init__(self, elf: Elf, debug_directories: Sequence[str] = debugfile.DIRECTORIES) -> None:
        """Raises UnsupportedTarget with the one line that says why."""
        if elf.type == ET_CORE:
            raise elf.refuse("a core file, not an executable")
        info = buildinfo.read(elf)
        self.path = elf.path
        self.elf = elf
        self.arch = elf.machine
        self.go_version = info.version
        self.minor = info.minor
        self.experiments = info.experiments
        self.modules = info.modules
        self.entry = elf.entry
        self._debug_directories = debug_directories

    @classmethod
    def open(cls, path: str, debug_directories: Sequence[str] = debugfile.DIRECTORIES) -> Binary:
        """The executable at ``path``. Raises UnsupportedTarget.

        ``debug_directories``: where separate debug files are searched, besides next to the executable.
        """
        return cls(Elf.open(path), debug_directories)

    @property
    def build_id(self) -> str:
        """The GNU build id in hex, "" without one (Go writes one from 1.24)."""
        return self.elf.build_id

    @property
    def go_build_id(self) -> str:
        """Go's own build id, "" without one."""
        return self.elf.go_build_id

    @cached_property
    def debug_file(self) -> Elf | None:
        """The separate file with debug information and symbols, searched only if the executable lacks either."""
        if self.elf.has_section(".debug_info") and self.elf.has_section(".symtab"):
            return None
        return debugfile.find(self.elf, self._debug_directories)

    def _having(self, section: str) -> Elf | None:
        if self.elf.has_section(section):
            return self.elf
        other = self.debug_file
        return other if other is not None and other.has_section(section) else None

    @cached_property
    def dwarf(self) -> Dwarf | None:
        """The debug information of the executable or of its debug file; None without any."""
        elf = self._having(".debug_info")
        return Dwarf(elf) if elf is not None else None

    @cached_property
    def remembered(self) -> Remembered:
        """What the debug information was asked before."""
        others = [self.dwarf.elf] if self.dwarf is not None and self.dwarf.elf is not self.elf else []
        return Remembered([self.elf, *others])

    @property
    def has_dwarf(self) -> bool:
        """Whether there is debug information, here or in a separate file."""
        return self.dwarf is not None

    @cached_property
    def symbols(self) -> Symbols:
        """The symbol table of the executable or of its debug file; an empty one without any."""
        elf = self._having(".symtab")
        return (elf or self.elf).symbols()

    @property
    def has_symbols(self) -> bool:
        """Whether ``symbol`` can find anything."""
        return len(self.symbols) > 0 or self.has_dwarf

    def symbol(self, name: str) -> int:
        """The link-time address of a global variable or function. Raises MissingSymbol."""
        found = self.symbols.find(name)
        if found is None and len(self.symbols) == 0 and self.dwarf is not None:
            found = self.remembered.address(name, self.dwarf.address_of)
        if found is None:
            hint = "" if self.has_symbols else "it is stripped: use the unstripped build or its separate debug file"
            raise MissingSymbol(name, hint)
        return found

    @cached_property
    def _tables(self) -> TableLayouts:
        return TableLayouts(self.minor, self.arch, self.experiments)

    @cached_property
    def layouts(self) -> Layouts:
        """Where layouts come from: the DWARF, then the shipped tables."""
        tables = self._tables
        hint = f"neither its debug information nor our tables for Go 1.{self.minor} have it"
        if self.dwarf is None:
            return Layouts([tables], f"it has no debug information, and our tables for Go 1.{self.minor} lack it")
        return Layouts([RememberedLayouts(DwarfLayouts(self.dwarf), self.remembered), tables], hint)

    def layout(self, name: str) -> Layout:
        """A structure's layout. Raises MissingField."""
        return self.layouts.layout(name)

    def constant(self, name: str) -> int | None:
        """The value of a constant of package runtime; None where its release has none of that name."""
        found = self.remembered.constant(name, self.dwarf.constant) if self.dwarf is not None else None
        return found if found is not None else self._tables.constant(name)

    def subprogram(self, pc: int) -> Subprogram | None:
        """The function that holds a link-time pc, with its variables; None without debug information for it."""
        from gdbext.binary.dwarf.variables import Subprogram

        return Subprogram.at(self.dwarf, pc) if self.dwarf is not None else None

    def globals(self) -> Iterator[Global]:
        """Every global variable that the debug information names, in its order."""
        dwarf = self.dwarf
        if dwarf is None:
            return
        for row in dwarf.globals:
            kind = dwarf.entry(int(row[dw.SECOND_VALUE])) if row[dw.SECOND_VALUE] else None
            address = int(row[dw.FIRST_VALUE]) & UNSIGNED
            yield Global(dwarf.row_name(row), address, kind.own_name if kind is not None else "")

    def loads(self) -> list[tuple[int, int, int, int]]:
        """The PT_LOAD segments: (link-time address, size in memory, offset in the file, size in the file)."""
        rows = self.elf.segments[self.elf.segments["type"] == PT_LOAD]
        return [(int(r["vaddr"]), int(r["memsz"]), int(r["offset"]), int(r["filesz"])) for r in rows]
