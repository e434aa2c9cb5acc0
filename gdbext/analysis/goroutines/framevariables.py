"""Interfaces and pointers in the arguments and locals of stack frames, by the binary's DWARF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from gdbext.binary.dwarf.locations import Piece
from gdbext.binary.dwarf.variables import Variable
from gdbext.errors import GdbextError, MemoryFault
from gdbext.golang.reading.declarations import Reader
from gdbext.golang.reading.program import Program
from gdbext.golang.runtime.symtab import Symtab
from gdbext.golang.runtime.traceback import Frame

WORD, INTERFACE = 8, 16


@frozen
class Held:
    """A variable of one or two words in a frame: an interface's words, or a pointer and 0."""

    variable: Variable
    first: int
    second: int

    @property
    def where(self) -> str:
        """``argument ctx of main.worker``."""
        sort = "result" if self.variable.is_result else "argument" if self.variable.is_parameter else "local"
        return f"{sort} {self.variable.name} of {self.variable.function}"


class FrameVariables:
    """Reads variables of frames; what DWARF says of a pc is remembered."""

    def __init__(self, program: Program, symtab: Symtab) -> None:
        self.program, self.symtab = program, symtab
        self._known: dict[int, tuple[Variable, ...]] = {}

    def of(self, frame: Frame, reader: Reader, registers: Mapping[str, int]) -> Iterator[Held]:
        """The interfaces and pointers of a frame. ``registers``: of the innermost frame when they are known."""
        pc = frame.pc if frame.trapped else frame.pc - 1
        for variable in self.at(pc):
            words = self._words(variable, frame, reader, registers)
            if words is not None:
                yield Held(variable, *words)

    def at(self, pc: int) -> tuple[Variable, ...]:
        """The variables of one or two words in scope at ``pc``; none without DWARF or with damaged DWARF."""
        found = self._known.get(pc)
        if found is None:
            found = self._known[pc] = self._look_up(pc - self.program.target.bias)
        return found

    def _look_up(self, pc: int) -> tuple[Variable, ...]:
        try:
            subprogram = self.program.binary.subprogram(pc)
            variables = subprogram.variables_at(pc) if subprogram is not None else []
        except GdbextError:
            return ()
        return tuple(v for v in variables if v.pieces and v.size in (WORD, INTERFACE))

    def _words(
        self, variable: Variable, frame: Frame, reader: Reader, registers: Mapping[str, int]
    ) -> tuple[int, int] | None:
        """The variable's one or two words; None where a part of it is not to be had."""
        data = b""
        for piece in variable.pieces:
            part = self._piece(piece, frame, reader, registers)
            if part is None:
                return None
            data += part
        if len(data) not in (WORD, INTERFACE):
            return None
        return int.from_bytes(data[:WORD], "little"), int.from_bytes(data[WORD:], "little")

    def _piece(self, piece: Piece, frame: Frame, reader: Reader, registers: Mapping[str, int]) -> bytes | None:
        kind, value, size = piece.kind, piece.value, piece.size
        if kind == "register":
            names = self.program.arch.dwarf
            name = names[value] if value < len(names) else ""
            return (registers[name] & (1 << 64) - 1).to_bytes(8, "little")[:size] if name in registers else None
        if kind not in ("cfa", "address"):
            return None
        try:
            return reader.read(frame.cfa + value if kind == "cfa" else value + self.program.target.bias, size)
        except MemoryFault:
            return None
