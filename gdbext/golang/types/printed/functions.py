"""What a function value says: the function's name, and the variables that it captured (cmd/compile, closure.go)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import field, frozen

from gdbext.binary.dwarf import constants as dw
from gdbext.errors import GdbextError

if TYPE_CHECKING:
    from gdbext.binary.dwarf.skimmer import Entry
    from gdbext.golang.plugins import LoadedFiles
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.golang.types.printed.form import Form, Forms


@frozen(eq=False)
class Functions:
    """Asked about function values."""

    symtab: Symtab = field(repr=False)
    forms: Forms = field(repr=False)
    files: LoadedFiles = field(repr=False)

    def name(self, pc: int) -> str:
        """The function that begins at a pc; "" where none does."""
        index = self.symtab.function(pc)
        if index < 0 or self.symtab.entry(index) != pc:
            return ""
        try:
            return self.symtab.name(index)
        except GdbextError:
            return ""

    def captured(self, pc: int) -> list[tuple[str, Form, int]]:
        """(name, type, offset in the closure object) of the captured variables that the debug information names (Go
        1.23): what the compiler found a constant for, or has no use of, is not among them."""
        try:
            return sorted(self._captured(pc), key=lambda one: one[2])
        except GdbextError:
            return []

    def _captured(self, pc: int) -> Iterator[tuple[str, Form, int]]:
        file = self.files.at(pc)
        dwarf, low = file.binary.dwarf, pc - file.bias
        row = dwarf.function_at(low) if dwarf is not None else None
        if dwarf is None or row is None or int(row[dw.FIRST_VALUE]) != low:
            return
        for entry in dwarf.subtree(int(row[dw.DIE])):
            at = entry.number(dw.CLOSURE_OFFSET)
            if at is not None and (found := self._form(entry)) is not None:
                yield entry.name, found, at

    def _form(self, entry: Entry) -> Form | None:
        type_ = entry.type
        return self.forms.entry(type_) if type_ is not None else None
