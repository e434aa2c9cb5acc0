"""Walking one goroutine's stack by pclntab (runtime/traceback.go): no DWARF, no frame pointers, no debugger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import define, frozen

from gdbext.errors import InconsistentRuntime, MemoryFault
from gdbext.golang.runtime.symtab import Symtab

if TYPE_CHECKING:
    from gdbext.golang.reading.declarations import Reader

TOP_FRAME, SP_WRITE = 1, 2
"""``abi.FuncFlag``: the bottom of a stack; a function that sets SP in a way that no table describes."""
LEAVES = {
    *("runtime.mcall", "runtime.systemstack", "runtime.morestack", "runtime.asmcgocall", "racecall"),
    *("runtime.nanotime1", "runtime.walltime", "time.now", "runtime.vgetrandom1"),
}
"""Those that set SP to leave a goroutine's stack and to come back: on that stack the tables are right."""
LARGEST_FRAME = 1 << 30
MOST_FRAMES = 1 << 16
"""Endless recursion fills a gigabyte with ten million."""

COMPLETE, SWITCHES_STACK, UNKNOWN_PC, OUT_OF_STACK, UNREADABLE, CUT, NO_FRAME = range(7)
ENDS = (
    "",
    "a function that switches stacks",
    "a return address outside of Go code",
    "a frame outside of the goroutine's stack",
    "unreadable stack memory",
    "the frame limit",
    "no frame",
)
"""Why a walk ended, in words; "" when it reached the bottom of the stack."""


@frozen
class PcInfo:
    """What a pc says about the frame it is in. ``size``: the caller's SP less this frame's; 0 where unknown."""

    function: int
    size: int
    top: bool = False
    sp_write: bool = False
    leaves: bool = False
    """It sets SP in no other way than ``LEAVES`` says."""
    injected: bool = False
    """A call that the program did not make (sigpanic, asyncPreempt, debugCall): the frame below was interrupted."""
    panic: bool = False

    def loses_sp(self, innermost: bool, trapped: bool, own: bool) -> bool:
        """Whether the caller's SP is not where the tables say. An innermost SP writer may have stopped at its entry,
        before it wrote; one that was interrupted (``trapped``) may be on the goroutine's ``own`` stack still."""
        return self.sp_write and not (innermost and (not trapped or (own and self.leaves)))

    @property
    def no_frame(self) -> bool:
        """Not Go code, or code whose frame no table describes."""
        return self.size == 0 and not self.top


UNKNOWN = PcInfo(-1, 0)


@frozen
class Frame:
    """One physical frame: ``sp`` at ``pc``, ``cfa`` is the caller's SP (the runtime calls it fp).

    ``trapped``: ``pc`` is where the function was interrupted and not a return address. ``panicked``: by a fault, so
    that it goes on only through its deferred calls.
    """

    function: int
    pc: int
    sp: int
    cfa: int
    trapped: bool = False
    panicked: bool = False


class PcTable:
    """``PcInfo`` by pc, remembered."""

    def __init__(self, symtab: Symtab) -> None:
        self.symtab, self.arch = symtab, symtab.program.arch
        self._panic = symtab.ids("runtime.sigpanic")
        self._injected = self._panic | symtab.ids("runtime.asyncPreempt", "runtime.debugCallV2")
        self._callback = symtab.ids("runtime.cgocallback")
        self._known: dict[int, PcInfo] = {}

    def info(self, pc: int) -> PcInfo:
        """What is known of a pc; UNKNOWN outside of Go code."""
        found = self._known.get(pc)
        if found is None:
            found = self._known[pc] = self._look_up(pc)
        return found

    def _look_up(self, pc: int) -> PcInfo:
        index = self.symtab.function(pc)
        if index < 0:
            return UNKNOWN
        try:
            func = self.symtab.func(index)
            delta = self.symtab.value(index, func.pcsp, pc) if func.pcsp else -1
        except InconsistentRuntime:
            return UNKNOWN
        size = self.arch.frame_size(delta) if 0 <= delta < LARGEST_FRAME else 0
        # cgocallback writes SP too, but keeps both stacks unwindable through itself.
        sp_write = bool(func.flag & SP_WRITE) and func.func_id not in self._callback
        return PcInfo(
            function=index,
            size=size,
            top=bool(func.flag & TOP_FRAME),
            sp_write=sp_write,
            leaves=sp_write and self.symtab.name(index) in LEAVES,
            injected=func.func_id in self._injected,
            panic=func.func_id in self._panic,
        )


@define
class Walk:
    """A walk under way: iterate for the frames; ``end`` says afterwards why there are no more."""

    reader: Reader
    table: PcTable
    pc: int
    sp: int
    low: int = 0
    high: int = 1 << 64
    trapped: bool = False
    own: bool = False
    """It is a goroutine's stack that is walked, and not one of the runtime's."""
    limit: int = MOST_FRAMES
    end: int = NO_FRAME

    def __iter__(self) -> Iterator[Frame]:
        panicked = False
        for depth in range(self.limit):
            info = self.table.info(self.pc)
            frame = Frame(info.function, self.pc, self.sp, self.sp + info.size, self.trapped, panicked)
            self.end = self._problem(info, frame)
            if self.end:
                return
            yield frame
            if not self._step(info, frame, depth == 0):
                return
            self.trapped, panicked = info.injected, info.panic
        self.end = CUT

    def _problem(self, info: PcInfo, frame: Frame) -> int:
        """Why there is no such frame, 0 where there is."""
        if info.no_frame:
            return UNKNOWN_PC
        return COMPLETE if self.low <= frame.sp and frame.cfa <= self.high else OUT_OF_STACK

    def _step(self, info: PcInfo, frame: Frame, innermost: bool) -> bool:
        """Go to the caller; False at the end."""
        if info.top or info.loses_sp(innermost, self.trapped, self.own):
            self.end = COMPLETE if info.top else SWITCHES_STACK
            return False
        try:
            self.pc = int.from_bytes(self.reader.read(self.table.arch.return_at(frame.sp, frame.cfa), 8), "little")
        except MemoryFault:
            self.end = UNREADABLE
            return False
        self.sp = frame.cfa
        return True
