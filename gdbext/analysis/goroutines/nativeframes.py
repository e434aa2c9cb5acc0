"""How a debugger's own unwinder can show a goroutine: what it has to know of it, and of the runtime's code.

A goroutine that waits, and one that is in a system call, has left its pc, sp and bp in its g. That is all that is
needed to unwind Go code, in which no other register keeps its value over a call. What those held is unknown::

    frame 0          the borrowed thread's own innermost frame. It is answered for with the goroutine's saved registers,
                     and gets an id below the goroutine's stack: GDB demands that ids grow outwards.
    frame 1, 2 …     the goroutine's, unwound by the debugger from DWARF like any other.

A goroutine in C is on a thread, but the C frames are on another stack, which lies higher::

    frame 0 … k      C, as the debugger unwinds it
    frame k+1        runtime.asmcgocall: answered with a pc in an inlined call, for GDB compares the ids only of two
                     frames neither of which is inlined
    frame k+2, k+3   a bridge: these two are hidden; answered with what entersyscall saved
    frame k+4 …      the goroutine's
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from attrs import field, frozen

from gdbext.errors import UsageError
from gdbext.golang.runtime.preempt import Injected, extents, injected_functions
from gdbext.golang.runtime.symtabinl import PCDATA_INL_TREE_INDEX

if TYPE_CHECKING:
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.target.arch import Arch

HAVE_INLINED_CALLS = ("runtime.exitsyscall", "runtime.entersyscall", "runtime.mallocgc", "runtime.schedule")
LARGEST_FUNCTION = 1 << 16
WORD = 8
MARKED = 64
"""How far below the goroutine's SP the one of the bridge lies, by which it is known."""


@frozen
class Code:
    """Places in the runtime's code. ``asmcgocall``, ``goexit``: [start, end) of what goes over to a C stack, and of
    what is below everything else.

    ``within_inlined``: a pc in the middle of an instruction, so that nothing ever stands there, of a call that was
    inlined; 0 where there is none (a runtime built with -l).
    """

    arch: Arch
    injected: tuple[Injected, ...] = ()
    asmcgocall: tuple[tuple[int, int], ...] = ()
    goexit: tuple[tuple[int, int], ...] = ()
    within_inlined: int = 0

    @classmethod
    def of(cls, symtab: Symtab) -> Code:
        """What the binary's tables say."""
        places = _within_inlined(symtab, HAVE_INLINED_CALLS)
        asmcgocall, goexit = (extents(symtab, f"runtime.{name}") for name in ("asmcgocall", "goexit"))
        return cls(symtab.program.arch, injected_functions(symtab), asmcgocall, goexit, next(iter(places), 0))


def _within_inlined(symtab: Symtab, names: Iterable[str]) -> Iterable[int]:
    for start, end in (extent for name in names for extent in extents(symtab, name)):
        index = symtab.function(start)
        for pc in range(start, min(end, start + LARGEST_FUNCTION)):
            if symtab.pcdata(index, PCDATA_INL_TREE_INDEX, pc) >= 0:
                yield pc + 1
                break


@frozen
class Standing:
    """Where a goroutine stands. ``pc``, ``sp``, ``bp``: as saved in its g, or its thread's; [low, high): its stack.

    ``pc`` is one that a debugger can take for a return address. ``tid``: the OS thread it is on, 0 for none.
    ``trapped``: the registers are its thread's own.
    """

    goid: int
    state: str
    tid: int
    pc: int
    sp: int
    bp: int
    low: int
    high: int
    code: Code = field(repr=False)
    trapped: bool = False
    in_syscall: bool = False
    """In a system call or in C."""

    def holds(self, sp: int) -> bool:
        """Whether a stack pointer is on this goroutine's stack."""
        return self.low < sp <= self.high


@frozen
class Caller:
    """What to answer for a frame: its identity, and the registers of the frame that called it.

    ``interrupted``: ``pc`` is an instruction that was interrupted, and no return address.
    """

    id_sp: int
    id_pc: int
    pc: int
    sp: int
    bp: int = 0
    interrupted: bool = False


@frozen
class Way:
    """The way from a thread's frames to a goroutine's. ``level``: of the borrowed frame; None where C leads to Go."""

    where: Standing
    level: int | None

    @property
    def _bridge(self) -> int:
        return self.where.code.within_inlined if self.level is None else 0

    def hides(self, level: int, pc: int) -> bool:
        """Whether a frame is none of the goroutine's: borrowed, or of the bridge."""
        return level <= self.level if self.level is not None else pc == self._bridge

    def is_last(self, pc: int) -> bool:
        """Whether there is nothing below a frame; what lies where goexit would return to may be anything."""
        return any(start <= pc < end for start, end in self.where.code.goexit)

    def caller(self, level: int, pc: int, sp: int, word: Callable[[int], int]) -> Caller | None:
        """What to answer for a frame; None: the debugger knows better. ``word``: reads 8 bytes of memory."""
        if self.level is not None and level <= self.level:
            return self._goroutine()
        marker = self.where.sp - MARKED
        if self._bridge and any(start <= pc < end for start, end in self.where.code.asmcgocall):
            return Caller(sp + WORD, pc, self._bridge, marker)
        if self._bridge and (pc, sp) == (self._bridge, marker):
            return self._goroutine()
        return self._below_injected(pc, sp, word)

    def _goroutine(self) -> Caller:
        where = self.where
        return Caller(where.sp - WORD, where.pc, where.pc, where.sp, where.bp)

    def _below_injected(self, pc: int, sp: int, word: Callable[[int], int]) -> Caller | None:
        size = next((size for each in self.where.code.injected if (size := each.frame_size(pc))), 0)
        if not size or not self.where.holds(sp):
            return None
        arch, cfa = self.where.code.arch, sp + size
        return Caller(cfa, pc, word(arch.return_at(sp, cfa)), cfa, word(arch.fp_at(sp, cfa)), interrupted=True)


def standing(goroutines: Goroutines, code: Code, row: int) -> Standing:
    """Where the goroutine of a row stands. Raises UsageError where nobody can tell."""
    g, goid = goroutines.g[row], int(goroutines.goid[row])
    if row in goroutines.trouble or not goroutines.pc[row]:
        why = goroutines.trouble.get(row, "its saved registers are empty")
        raise UsageError(f"goroutine {goid} cannot be shown: {why}", "go-goroutines lists the others")
    return Standing(
        goid=goid,
        state=state(goroutines, row),
        tid=int(goroutines.tid[row]),
        pc=_as_return_address(goroutines, row),
        sp=int(goroutines.sp[row]),
        bp=int(goroutines.bp[row]),
        low=int(g["low"]),
        high=int(g["high"]),
        trapped=bool(goroutines.trapped[row]),
        in_syscall=bool(g["syscallsp"]),
        code=code,
    )


def state(goroutines: Goroutines, row: int) -> str:
    """Status and wait reason in the runtime's words."""
    return ", ".join(filter(None, [goroutines.status_name(row), goroutines.reason(row)]))


def _as_return_address(goroutines: Goroutines, row: int) -> int:
    """A debugger looks up the byte before a return address; before a function that never ran lies another one.

    newproc1 in runtime/proc.go adds one to the address of goexit for the same reason.
    """
    pc, symtab = int(goroutines.pc[row]), goroutines.symtab
    index = symtab.function(pc)
    starts = index >= 0 and pc == symtab.entry(index) and not goroutines.trapped[row]
    return pc + 1 if starts else pc


__all__ = ["Caller", "Code", "Standing", "Way", "standing", "state"]
