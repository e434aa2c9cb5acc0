"""Which OS thread runs which goroutine, and its registers (runtime/os_linux.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.errors import MemoryFault
from gdbext.golang.runtime.traceback import Walk

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.runtime2 import Machine
    from gdbext.golang.runtime.traceback import Frame, PcTable
    from gdbext.target import Thread

SIGNAL_FRAMES = 256
NESTED_SIGNALS = 64
GOGO = "gogo"
"""It sets SP to that of the goroutine's stack and jumps to where that goes on."""
NO_TRACE = "running: its thread is in code that left no trace of the goroutine"


@frozen
class Registers:
    """Where a goroutine is. ``trapped``: ``pc`` is no return address, the thread was stopped there."""

    pc: int
    sp: int
    bp: int
    trapped: bool
    frame: int = 0
    """Where the kernel saved all registers for a signal handler; 0 where they are the thread's own."""


@frozen
class Saved:
    """What a running goroutine's g says: its stack's bounds and the registers of its last switch to another stack."""

    low: int
    high: int
    pc: int
    sp: int
    bp: int

    def holds(self, sp: int) -> bool:
        """Whether a stack pointer is on this stack."""
        return self.low < sp <= self.high


def match_threads(program: Program, machines: Sequence[Machine], threads: Iterable[Thread]) -> dict[int, Thread]:
    """The thread of each m, by the m's address.

    A thread's own word for its g comes first: procid is the id inside the PID namespace of the program.
    """
    by_g = {g: machine.address for machine in machines for g in (machine.g0, machine.gsignal, machine.curg) if g}
    by_id = {machine.procid: machine.address for machine in machines if machine.procid}
    found: dict[int, Thread] = {}
    for thread in threads:
        own = next((by_g[g] for g in _current_gs(program, thread) if g in by_g), 0)
        by_number = by_id.get(thread.tid if thread.namespace_tid is None else thread.namespace_tid, 0)
        if own and own not in found:
            found[own] = thread
        elif by_number:
            found.setdefault(by_number, thread)
    return found


def _current_gs(program: Program, thread: Thread) -> list[int]:
    """What may be the current g: the thread-local word, then the register of Go's calling convention."""
    candidates, arch = [], program.arch
    if base := thread.registers.get(arch.tls, 0):
        with suppress(MemoryFault):  # a thread may not have set up its TLS yet
            candidates.append(program.word(base + arch.tls_g))
    return [g for g in (*candidates, thread.registers.get(arch.g, 0)) if g]


def running_registers(
    program: Program, table: PcTable, machine: Machine, thread: Thread | None, saved: Saved
) -> Registers | str:
    """Where a running goroutine is, or why nobody can tell."""
    arch = program.arch
    if thread is None or arch.pc not in thread.registers:
        return "running: needs the thread's registers"
    pc, sp, bp = (thread.registers.get(name, 0) for name in (arch.pc, arch.sp, arch.fp))
    *_, now = through_signals(program, table, machine, Registers(pc, sp, bp, trapped=True))
    if machine.in_signal(now.sp):
        return "running: in a signal handler whose frame could not be found"
    return _on_own_stack(table, machine, now, saved)


def _on_own_stack(table: PcTable, machine: Machine, now: Registers, saved: Saved) -> Registers | str:
    """The goroutine's own registers when its thread may be on the system stack, or in the kernel's vdso."""
    function = table.info(now.pc).function
    is_go = function >= 0
    if saved.holds(now.sp) and is_go:
        if table.symtab.name(function) == GOGO:  # has set SP already
            return Registers(saved.pc, now.sp, saved.bp, trapped=False)
        return now
    if saved.holds(machine.vdso_sp) and table.info(machine.vdso_pc).function >= 0:
        return Registers(machine.vdso_pc, machine.vdso_sp, now.bp, trapped=False)
    if saved.holds(now.sp) or not (is_go or machine.on_g0(now.sp)):  # what was saved is of an earlier switch
        return NO_TRACE
    if saved.holds(saved.sp) and table.info(saved.pc).function >= 0:  # systemstack, mcall; gogo clears sched.sp
        return Registers(saved.pc, saved.sp, saved.bp, trapped=False)
    return NO_TRACE


def through_signals(program: Program, table: PcTable, machine: Machine, now: Registers) -> Iterator[Registers]:
    """Where a thread is, then what each signal handler on its signal stack interrupted, outwards.

    A crash sends SIGABRT from inside the handler of what it crashes for. The last one is on the signal stack only
    where what its handler interrupted could not be found.
    """
    yield now
    for _ in range(NESTED_SIGNALS):
        before = _before_signal(program, table, machine, now) if machine.in_signal(now.sp) else None
        if before is None:
            return
        now = before
        yield now


def interrupted_registers(
    program: Program, table: PcTable, machine: Machine, thread: Thread
) -> Iterator[tuple[int, int]]:
    """(address, value) of the registers of what a thread does outside of signal handlers; address 0 for its own."""
    arch = program.arch
    pc, sp, bp = (thread.registers.get(name, 0) for name in (arch.pc, arch.sp, arch.fp))
    *_, now = through_signals(program, table, machine, Registers(pc, sp, bp, trapped=True))
    if not now.frame:
        yield from ((0, value) for value in thread.registers.values())
        return
    begin, end = arch.interrupted_general
    for at in range(now.frame + begin, now.frame + end, 8):
        with suppress(MemoryFault):
            yield at, program.word(at)


def _before_signal(program: Program, table: PcTable, machine: Machine, now: Registers) -> Registers | None:
    """The registers that the kernel saved when it started the signal handler that is now at ``now``."""
    walk = Walk(program, table, now.pc, now.sp, *machine.signal_stack, trapped=True, limit=SIGNAL_FRAMES)
    frames = list(walk)
    top = _signal_frame(table, frames[-1]) if frames else None
    if top is None:
        return None
    try:
        pc, sp, bp = (program.word(top + at) for at in program.arch.interrupted)
    except MemoryFault:
        return None
    inwards = machine.in_signal(sp) and sp <= top  # no kernel wrote that
    return None if inwards else Registers(pc, sp, bp, trapped=True, frame=top)


def _signal_frame(table: PcTable, outermost: Frame) -> int | None:
    """What the kernel left above the outermost frame of a signal stack; None where that is no handler's.

    Where the program has sigreturn__sigaction (else the kernel's vdso has the like), sigtramp returns into that. SP is
    what lies above sigtramp's return address then, until the system call has put the registers back.
    """
    name = table.symtab.name(outermost.function)
    if name == "runtime.sigtramp":
        return outermost.cfa
    return outermost.sp if name == "runtime.sigreturn__sigaction" else None
