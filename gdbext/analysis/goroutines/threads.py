"""What each OS thread does: which m, p and goroutine it has, and whether it runs Go, sits in the kernel or in C."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.errors import GdbextError, MemoryFault
from gdbext.golang.runtime.os_linux import match_threads
from gdbext.golang.runtime.runtime2 import G, Machine, processor

if TYPE_CHECKING:
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.target import Mapping, Thread
    from gdbext.target.arch import Arch

GO, SYSCALL, C, IDLE, SCHEDULER = "go", "syscall", "c", "idle", "scheduler"


@frozen
class OsThread:
    """One OS thread. ``machine`` is None for a thread that the Go runtime does not know (C made it)."""

    tid: int
    doing: str
    machine: Machine | None = None
    p: int | None = None
    goid: int | None = None
    locked_goid: int | None = None
    """The goroutine that alone may run on it."""
    place: str = ""
    """The Go function or the file of C code that it is in; the runtime's own threads: what they were started for."""
    syscall: str = ""
    """The system call that it is in; "" for none, or where nobody tells."""
    thread: Thread | None = None


@frozen
class Curg:
    """The goroutine that an m works for, as of now."""

    goid: int
    in_syscall: bool


def os_threads(goroutines: Goroutines) -> list[OsThread]:
    """Every thread by its id; those too that the runtime lists and the target does not have. Raises GdbextError."""
    target = goroutines.program.target
    threads = list(target.threads())
    of_machine = match_threads(goroutines.program, goroutines.machines, threads)
    matched = {thread.tid: address for address, thread in of_machine.items()}
    machines = {machine.address: machine for machine in goroutines.machines}
    mappings = target.memory.mappings()
    found = [_thread(goroutines, thread, machines.get(matched.get(thread.tid, 0)), mappings) for thread in threads]
    found += [
        _on_m(goroutines, machine, machine.procid)
        for machine in goroutines.machines
        if machine.procid and machine.address not in of_machine
    ]
    return sorted(found, key=lambda each: each.tid)


def _thread(goroutines: Goroutines, thread: Thread, machine: Machine | None, mappings: Sequence[Mapping]) -> OsThread:
    place, syscall = _place(goroutines, thread, mappings), _syscall(goroutines, thread)
    if machine is None:
        return OsThread(thread.tid, C, place=place, syscall=syscall, thread=thread)
    known = _on_m(goroutines, machine, thread.tid)
    return OsThread(
        thread.tid,
        known.doing,
        machine,
        known.p,
        known.goid,
        known.locked_goid,
        known.place or place,
        syscall,
        thread,
    )


def _on_m(goroutines: Goroutines, machine: Machine, tid: int) -> OsThread:
    """What the m alone says."""
    program = goroutines.program
    curg, started = _curg(goroutines, machine.curg), _started_for(goroutines, machine)
    return OsThread(
        tid,
        _doing(machine, curg, started),
        machine,
        processor(program, machine.p),
        curg.goid if curg else None,
        locked.goid if (locked := _curg(goroutines, machine.locked_g)) else None,
        started,
    )


def _doing(machine: Machine, curg: Curg | None, started: str) -> str:
    """The runtime's own threads (sysmon) count for the scheduler; so does one that looks for work or polls sockets."""
    if curg is None:
        return IDLE if machine.blocked and not machine.p and not started else SCHEDULER
    if not curg.in_syscall:
        return GO
    return C if machine.in_c else SYSCALL


def _curg(goroutines: Goroutines, address: int) -> Curg | None:
    """Read anew, for on a running program the list of goroutines is older than that of threads."""
    if not address:
        return None
    try:
        row = goroutines.program.record(G, address)
    except MemoryFault:
        return None
    return Curg(int(row["goid"]), bool(row["syscallsp"]))


def _started_for(goroutines: Goroutines, machine: Machine) -> str:
    """The function of a thread that never runs goroutines: runtime.sysmon, runtime.templateThread."""
    if not machine.start:
        return ""
    try:
        name = _function(goroutines, goroutines.program.word(machine.start))
    except MemoryFault:
        return ""
    return name if name in ("runtime.sysmon", "runtime.templateThread") else ""


def _function(goroutines: Goroutines, pc: int) -> str:
    symtab = goroutines.symtab
    index = symtab.function(pc)
    try:
        return symtab.name(index) if index >= 0 else ""
    except GdbextError:
        return ""


def where(arch: Arch, thread: Thread) -> tuple[int, int] | None:
    """(pc, sp) of a thread, None where nobody can tell without stopping it."""
    pc, sp = (thread.registers.get(name) for name in (arch.pc, arch.sp))
    if pc is not None and sp is not None:
        return pc, sp
    return (thread.blocked.pc, thread.blocked.sp) if thread.blocked else None


def _place(goroutines: Goroutines, thread: Thread, mappings: Sequence[Mapping]) -> str:
    at = where(goroutines.program.arch, thread)
    if at is None:
        return ""
    return _function(goroutines, at[0]) or next(_files(mappings, at[0]), "")


def _files(mappings: Sequence[Mapping], pc: int) -> Iterator[str]:
    return (os.path.basename(each.file) for each in mappings if each.start <= pc < each.end and each.file)


def _syscall(goroutines: Goroutines, thread: Thread) -> str:
    """By the kernel's word, or by the registers of one that stopped behind a syscall instruction."""
    program, arch = goroutines.program, goroutines.program.arch
    if thread.blocked is not None:
        return _call_name(arch, thread.blocked.syscall)
    number = thread.registers.get(arch.syscall, 1 << 63)
    if number >> 63:
        return ""
    try:
        size = len(arch.syscall_instruction)
        code = program.read(thread.registers.get(arch.pc, 0) - size, size)
    except (MemoryFault, ValueError):
        return ""
    return _call_name(arch, number) if code == arch.syscall_instruction else ""


def _call_name(arch: Arch, number: int) -> str:
    return arch.syscall_name(number) or f"system call {number}"
