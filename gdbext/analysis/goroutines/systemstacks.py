"""The stacks of the runtime itself: on each thread one for the scheduler (g0) and one for signals (gsignal)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.analysis.goroutines.grouping import locations
from gdbext.analysis.goroutines.stacks import Call, frame_calls
from gdbext.analysis.goroutines.threads import OsThread, os_threads, where
from gdbext.errors import MemoryFault
from gdbext.golang.runtime.os_linux import Registers, through_signals
from gdbext.golang.runtime.runtime2 import G
from gdbext.golang.runtime.traceback import ENDS, SWITCHES_STACK, PcTable, Walk

if TYPE_CHECKING:
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.runtime2 import Machine

G0, SIGNAL = "g0", "gsignal"
DEEPEST = 1 << 12
"""Frames of a system stack; they are small."""


@frozen
class SystemStack:
    """One stack of a thread. ``sp``: where its first frame is. ``stops``: why it is not whole, "" where it is."""

    thread: OsThread
    which: str
    sp: int = 0
    calls: tuple[Call, ...] = ()
    stops: str = ""


def system_stacks(goroutines: Goroutines) -> Iterator[SystemStack]:
    """The scheduler's stack of every thread of Go, and the signal stack of those that are in a signal handler."""
    table = PcTable(goroutines.symtab)
    for thread in os_threads(goroutines):
        if thread.machine is not None:
            yield from _of_thread(goroutines, table, thread, thread.machine)


def _of_thread(goroutines: Goroutines, table: PcTable, thread: OsThread, machine: Machine) -> Iterator[SystemStack]:
    at = where(goroutines.program.arch, thread.thread) if thread.thread is not None else None
    now = Registers(*at, 0, trapped=True) if at else None
    if now is not None:
        steps = list(through_signals(goroutines.program, table, machine, now))
        now = steps[-1]
        if handlers := [each for each in steps if machine.in_signal(each.sp)]:
            yield _walked(goroutines, table, thread, SIGNAL, handlers, machine.signal_stack)
    if now is not None and machine.on_g0(now.sp) and table.info(now.pc).function >= 0:
        yield _walked(goroutines, table, thread, G0, [now], machine.g0_stack)
        return
    saved = _saved(goroutines, machine)
    if saved is None:
        needs = "it is in code that is not Go's" if now is not None else "needs the thread's registers"
        yield SystemStack(thread, G0, stops=needs)
    else:
        yield _walked(goroutines, table, thread, G0, [saved], machine.g0_stack)


def _saved(goroutines: Goroutines, machine: Machine) -> Registers | None:
    """Where the scheduler goes on when the thread's goroutine has run."""
    try:
        row = goroutines.program.record(G, machine.g0)
    except MemoryFault:
        return None
    pc, sp = int(row["sched_pc"]), int(row["sched_sp"])
    return Registers(pc, sp, 0, trapped=False) if pc and machine.on_g0(sp) else None


def _walked(
    goroutines: Goroutines,
    table: PcTable,
    thread: OsThread,
    which: str,
    places: Sequence[Registers],
    stack: tuple[int, int],
) -> SystemStack:
    """``places``: where each part begins that lies on this stack, innermost first; a nested signal begins one."""
    calls: list[Call] = []
    first = places[0].sp
    for at in places:
        walk = Walk(goroutines.program, table, at.pc, at.sp, *stack, trapped=at.trapped, limit=DEEPEST)
        for frame in walk:
            calls += frame_calls(table.symtab, locations(table.symtab, frame.pc, frame.trapped), frame, first)
    # The scheduler's stack begins where a goroutine's stack was left.
    why = "" if walk.end == SWITCHES_STACK else ENDS[walk.end]
    return SystemStack(thread, which, first, tuple(calls), why)
