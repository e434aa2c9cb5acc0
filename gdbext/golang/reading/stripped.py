"""The runtime's variables in a program without a symbol table (``-ldflags=-s``).

The line table is always there and names every function. The module data is found by its pointer to the line table,
any other variable by the code of functions that are known to touch it: so many variables does the function refer to,
and the wanted one is the n-th. That was the same in every release from Go 1.21 to 1.27; where a function refers to
another number of variables (another compiler, other flags), it is no witness, and where witnesses disagree the variable
is not found. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.errors import GdbextError, InconsistentRuntime, MemoryFault, MissingSymbol
from gdbext.golang.reading.declarations import INT, declare
from gdbext.golang.reading.program import Program
from gdbext.golang.reading.symbols import NoSymbols
from gdbext.golang.runtime.moduledata import FIRST_MODULE, read_modules
from gdbext.golang.runtime.pclntab import MAGIC, PC_HEADER
from gdbext.golang.runtime.runtime2 import G, M
from gdbext.golang.runtime.symtab import Symtab

if TYPE_CHECKING:
    from gdbext.target import Target
    from gdbext.target.arch import Arch

HEADER = declare("runtime.pcHeader", funcnameOffset=INT)
MODULE_SECTION = ".go.module"
"""Go 1.26 and later."""
LINE_TABLES = (".gopclntab", ".data.rel.ro.gopclntab")  # the second until Go 1.25, position-independent
LONGEST_FUNCTION = 1 << 16
HINT = "the program is stripped, and it is not where we look: use the unstripped build or its separate debug file"


@frozen
class Witness:
    """``function`` refers to ``count`` variables in the order of its code; the wanted one is number ``index``."""

    function: str
    index: int
    count: int


WITNESSES: Mapping[str, tuple[Witness, ...]] = {
    "runtime.allgs": (Witness("runtime.forEachG", 1, 3), Witness("runtime.allgadd", 3, 7)),
    "runtime.allglen": (Witness("runtime.forEachGRace", 0, 2), Witness("runtime.allgadd", 6, 7)),
    "runtime.allgptr": (Witness("runtime.forEachGRace", 1, 2), Witness("runtime.allgadd", 5, 7)),
    "runtime.allm": (
        Witness("runtime.schedtrace", 16, 17),
        Witness("runtime.schedtrace", 14, 15),  # not optimised
    ),
    "runtime.allp": (
        Witness("runtime.preemptall", 0, 2),
        Witness("runtime.flushmcache", 1, 2),
        Witness("runtime.timeSleepUntil", 1, 3),
    ),
    "runtime.mheap_": (
        Witness("runtime.(*pageAlloc).enableChunkHugePages", 0, 1),
        Witness("runtime.stackpoolalloc", 1, 2),
        Witness("runtime.gcResetMarkState", 0, 7),
    ),
    "runtime.work": (Witness("runtime.putfull", 0, 1), Witness("runtime.trygetfull", 0, 1)),
    "runtime.gcphase": (Witness("runtime.freeSomeWbufs", 1, 3),),
    "runtime.memstats": (
        Witness("runtime.(*mheap).freeSpanLocked", 3, 4),
        Witness("runtime.(*mheap).grow", 2, 5),
    ),
    "runtime.gcController": (Witness("runtime.(*mcache).refill", 5, 6), Witness("runtime.(*mcache).releaseAll", 5, 6)),
    "runtime.mbuckets": (Witness("runtime.mProf_FlushLocked", 0, 1), Witness("runtime.stkbucket", 3, 6)),
    "runtime.mProfCycle": (Witness("runtime.mProf_Free", 0, 2), Witness("runtime.mProf_PostSweep", 0, 3)),
    "runtime.MemProfileRate": (
        Witness("runtime.profilealloc", 1, 2),
        Witness("runtime.nextSample", 0, 1),  # not optimised
    ),
    "runtime.itabTable": (Witness("runtime.itabAdd", 0, 2), Witness("runtime.getitab", 0, 4)),
    "runtime.allfin": (
        Witness("runtime.queuefinalizer", 5, 11),
        Witness("runtime.queuefinalizer", 5, 10),  # until Go 1.24
        Witness("runtime.markroot", 4, 15),
        Witness("runtime.markroot", 4, 13),  # until Go 1.24
        Witness("runtime.markroot", 3, 14),  # not optimised
        Witness("runtime.markroot", 3, 12),
    ),
    "runtime.gcCleanups": (  # Go 1.25
        Witness("runtime.(*activeSweep).end", 6, 7),
        Witness("runtime.runCleanups", 2, 5),
        Witness("runtime.runCleanups", 0, 4),  # not optimised
    ),
    "runtime.semtable": (Witness("runtime.semrelease1", 0, 1),),
    "runtime.waitReasonStrings": (Witness("runtime.waitReason.String", 0, 1),),
    "runtime.isIdleInSynctest": (  # Go 1.25
        Witness("runtime.(*synctestBubble).changegstatus", 0, 1),
        Witness("runtime.waitReason.isIdleInSynctest", 0, 1),  # not optimised
    ),
    "time.startNano": (Witness("time.init", 0, 1), Witness("time.Until", 0, 1)),
}


def header_start(arch: Arch) -> bytes:
    """The first bytes of a line table: its magic, two zeros, the least instruction's size, the pointer's size."""
    return MAGIC.to_bytes(4, "little") + bytes([0, 0, arch.quantum, 8])


class StrippedSymbols:
    """Finds variables of one program, each once. What was found is kept: variables do not move."""

    def __init__(self, target: Target) -> None:
        self.program = Program(target, NoSymbols())
        self._known: dict[str, int] = {}

    def address(self, name: str) -> int:
        """Where a variable is. Raises MissingSymbol."""
        found = self._known.get(name)
        if found is None:
            try:
                found = self._module() if name == FIRST_MODULE else self._witnessed(name)
            except (MemoryFault, InconsistentRuntime) as error:
                raise MissingSymbol(name, f"the program is stripped: {error.message}") from error
            self._known[name] = found
        return found

    @cached_property
    def _symtab(self) -> Symtab:
        return Symtab(self.program, read_modules(self.program, self.address(FIRST_MODULE)))

    def _witnessed(self, name: str) -> int:
        found = {address for witness in WITNESSES.get(name, ()) for address in self._said_by(witness)}
        if name == "runtime.allm":
            found = {address for address in found if self._is_list_of_machines(address)}
        if len(found) != 1:
            raise MissingSymbol(name, HINT)
        return found.pop()

    def _is_list_of_machines(self, address: int) -> bool:
        """Whether an m is there: its g0 belongs to it."""
        program = self.program
        try:
            machine = program.word(address)
            return int(program.record(G, int(program.record(M, machine)["g0"]))["m"]) == machine != 0
        except MemoryFault:
            return False

    def _said_by(self, witness: Witness) -> Iterator[int]:
        symtab = self._symtab
        for entry in symtab.find(witness.function):
            index = symtab.function(entry)
            module = symtab.module(index)
            # An external linker puts these sections in an order of its own.
            low = min(module.noptrdata, module.data, module.bss, module.noptrbss)
            high = max(module.enoptrdata, module.edata, module.ebss, module.enoptrbss)
            named = self.program.arch.variables(symtab.code(index, LONGEST_FUNCTION), entry, low, high)
            if len(named) == witness.count:
                yield named[witness.index]

    def _module(self) -> int:
        """The module data: in a section of its own, else the words that point to the line table and its names."""
        binary, bias = self.program.binary, self.program.target.bias
        section = binary.elf.sections.get(MODULE_SECTION)
        if section is not None:
            return section.address + bias
        found = {address for table in self._line_tables() for address in self._pointing_to(table + bias)}
        if len(found) != 1:
            raise MissingSymbol(FIRST_MODULE, HINT)
        return found.pop()

    def _line_tables(self) -> list[int]:
        """Link-time addresses at which the line table may be: where its section is; without sections by its start."""
        elf = self.program.binary.elf
        named = [elf.sections[name].address for name in LINE_TABLES if name in elf.sections]
        return named or list(self._header_starts())

    def _header_starts(self) -> Iterator[int]:
        binary, start = self.program.binary, header_start(self.program.arch)
        for address, _, offset, size in binary.loads():
            data, at = binary.elf.data[offset : offset + size].tobytes(), -1
            while (at := data.find(start, at + 1)) >= 0:
                yield address + at

    def _pointing_to(self, table: int) -> Iterator[int]:
        """Where writable memory has the address of the line table and, behind it, that of its function names."""
        try:
            if int(self.program.record(PC_HEADER, table)["magic"]) != MAGIC:
                return
            names = table + int(self.program.record(HEADER, table)["funcnameOffset"])
        except GdbextError:
            return
        for address, _, _, size in self.program.binary.loads():
            words = self._words(address + self.program.target.bias, size)
            for row in np.flatnonzero((words[:-1] == table) & (words[1:] == names)).tolist():
                yield address + self.program.target.bias + 8 * row

    def _words(self, address: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        """The words of a segment; none where it cannot be read."""
        try:
            return np.frombuffer(self.program.read(address, size // 8 * 8), np.uint64)
        except MemoryFault:
            return np.zeros(1, np.uint64)
