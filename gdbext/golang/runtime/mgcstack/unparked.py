"""What a stop anywhere hides from stack maps: words that count besides the collector's roots.

A collection looks at goroutines at safepoints only; a debugger stops them anywhere. Arguments lie in spill areas then,
pointers in registers, callers of duffcopy have no map for their pc, the closure of a timer that fires is known to a
scheduler's stack alone, a stack is being copied. So all words count from the lowest stack pointer on of each goroutine
that is not parked, of schedulers' and signal handlers' stacks, and of all registers. Most of them are no pointers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gdbext.golang.runtime.os_linux import match_threads
from gdbext.golang.runtime.rootwords import CONSERVATIVE, THREAD, Part
from gdbext.golang.runtime.runtime2 import COPYSTACK, RUNNING, SCAN_BIT, SYSCALL, G
from gdbext.golang.unstopped.goroutines import LARGEST
from gdbext.target import merge_ranges

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.runtime.proc import Goroutines
    from gdbext.golang.runtime.runtime2 import Machine
    from gdbext.target import Thread
    from gdbext.target.image import Image

SHORT = 1 << 18
"""Bytes of a stack that is looked at as a whole."""
MOVING = (RUNNING, SYSCALL, COPYSTACK)
"""States of goroutines that are not parked, unless they noted where a system call was made: a collection relies on the
maps from there on."""


def unparked(goroutines: Goroutines) -> Iterator[Part]:
    """The words, each once. Of a target whose threads have no registers all of the stacks, and a note."""
    program, every = goroutines.program, goroutines.program.target.threads()
    threads = match_threads(program, goroutines.machines, every)
    if lost := sum(one.p != 0 and one.address not in threads for one in goroutines.machines):
        yield Part.none(f"{lost:,} threads that have a processor are not there: what their registers hold is not known")
    calm = {
        threads[one.address].tid
        for one in goroutines.machines
        if one.address in threads and _is_calm(goroutines, one, threads[one.address])
    }
    every = [one for one in every if one.tid not in calm]
    stacks = list(_apart([*_stacks(goroutines, threads), *_systems(goroutines, threads)]))
    image = program.whole_image() or program.target.memory.image([(one.begin, one.end) for one in stacks])
    for one in stacks:
        yield from _words(image, one)
    yield from _registers(goroutines, every)


def _is_calm(goroutines: Goroutines, machine: Machine, thread: Thread | None) -> bool:
    """Whether what a thread's registers and its own stacks hold is of before: it has nothing to run and no processor to
    run it on (stopm), or waits in a system call of its goroutine, whose stack has maps from there on (entersyscall)."""
    if machine.p == 0 and machine.curg == 0:
        return True
    sp = thread.registers.get(goroutines.program.arch.sp, 0) if thread is not None else 0
    if sp == 0 or machine.on_g0(sp) or machine.in_signal(sp):
        return False
    row = np.flatnonzero(goroutines.address == np.uint64(machine.curg))
    return bool(len(row)) and int(goroutines.g["syscallsp"][row[0]]) != 0


class Stack(NamedTuple):
    """What may be in use of one, [begin, end). ``kind``, ``owner``: see ``rootwords.Part``."""

    kind: int
    owner: int
    begin: int
    end: int


def _apart(stacks: Sequence[Stack]) -> Iterator[Stack]:
    """What none of those before has: stacks lie over one another where memory is damaged, and 100,000 that are one and
    the same would be read 100,000 times."""
    done = 0
    for one in sorted(stacks, key=lambda each: (each.begin, -each.end)):
        if one.end > done:
            yield one._replace(begin=max(one.begin, done))
            done = one.end


def _stacks(goroutines: Goroutines, threads: dict[int, Thread]) -> Iterator[Stack]:
    """Of goroutines that are not parked, or of which nobody knows."""
    status = goroutines.g["atomicstatus"] & np.uint64(~SCAN_BIT & (1 << 64) - 1)
    moving = np.isin(status, MOVING) & (goroutines.g["syscallsp"] == 0)
    rows = np.flatnonzero(moving | np.isin(np.arange(len(goroutines)), list(goroutines.trouble)))
    for row in rows.tolist():
        g = goroutines.g[row]
        thread = threads.get(int(g["m"]))
        sp = thread.registers.get(goroutines.program.arch.sp, 0) if thread is not None else 0
        known = sp, int(goroutines.sp[row]), int(g["sched_sp"]), int(g["syscallsp"])
        yield from _sane(CONSERVATIVE, row, *_used(int(g["low"]), int(g["high"]), sp, known))


def _used(low: int, high: int, sp: int, known: tuple[int, ...]) -> tuple[int, int]:
    """From the lowest stack pointer on; all of a stack that a thread may use while its own is elsewhere."""
    inside = [one for one in known if low < one <= high]
    return (min(inside) if low < sp <= high and inside else low), high


def _systems(goroutines: Goroutines, threads: dict[int, Thread]) -> Iterator[Stack]:
    """Of the schedulers and the signal handlers of all threads."""
    for machine in goroutines.machines:
        thread = threads.get(machine.address)
        if _is_calm(goroutines, machine, thread):
            continue
        sp = thread.registers.get(goroutines.program.arch.sp, 0) if thread is not None else 0
        tid = thread.tid if thread is not None else -1
        for begin, end in _system(goroutines, machine, sp):
            yield from _sane(THREAD, tid, begin, end)


def _system(goroutines: Goroutines, machine: Machine, sp: int) -> Iterator[tuple[int, int]]:
    """What is in use of a thread's two stacks: of neither more than the scheduler's own frames while a goroutine runs
    on its stack; all of the scheduler's that a signal handler may have interrupted."""
    (low, high), handlers = machine.g0_stack, machine.signal_stack
    if machine.on_g0(sp):
        yield sp, high
    elif machine.in_signal(sp):
        yield from ((_saved(goroutines, machine) if high - low > SHORT else low, high), (sp, handlers[1]))
    elif _on_own(goroutines, machine, sp):
        yield _saved(goroutines, machine), high
    else:
        yield from ((_saved(goroutines, machine) if high - low > SHORT else low, high), handlers)


def _on_own(goroutines: Goroutines, machine: Machine, sp: int) -> bool:
    """Whether a thread is on the stack of the goroutine that it runs."""
    row = np.flatnonzero(goroutines.address == np.uint64(machine.curg))
    return bool(len(row)) and int(goroutines.g["low"][row[0]]) < sp <= int(goroutines.g["high"][row[0]])


def _saved(goroutines: Goroutines, machine: Machine) -> int:
    """Where a scheduler stopped using its stack, all of which counts where that makes no sense."""
    low, high = machine.g0_stack
    records, readable = goroutines.program.records(G, np.array([machine.g0], np.uint64))
    sp = int(records["sched_sp"][0]) if readable[0] else 0
    return sp if low < sp <= high else low


def _sane(kind: int, owner: int, begin: int, end: int) -> Iterator[Stack]:
    begin = -(-begin // 8) * 8
    if 0 < end - begin <= LARGEST:
        yield Stack(kind, owner, begin, end)


def _words(image: Image, stack: Stack) -> Iterator[Part]:
    """Those of a stack that can be read."""
    kind, owner, begin, end = stack
    first, last = np.searchsorted(image.ends, begin, "right"), np.searchsorted(image.starts, end, "left")
    pieces = zip(image.starts[first:last].tolist(), image.ends[first:last].tolist(), strict=True)
    read = 0
    for low, high in merge_ranges((max(low, begin), min(high, end)) for low, high in pieces):
        size = (high - low) // 8 * 8
        words = np.frombuffer(image.read(low, size), "<u8")
        yield Part.of(kind, owner, low + np.arange(0, size, 8, dtype=np.uint64), words)
        read += size
    if read < end - begin:
        yield Part.none(f"{end - begin - read:,} bytes of a stack in use could not be read")


def _registers(goroutines: Goroutines, threads: Sequence[Thread]) -> Iterator[Part]:
    """Of every thread."""
    vectors = goroutines.program.target.vectors(threads)
    for thread in threads:
        general = np.array(list(thread.registers.values()), np.uint64)
        data = vectors[thread.tid].data
        wide: U64 = np.frombuffer(data[: len(data) // 8 * 8], "<u8")
        for words in (general, wide):
            yield Part.of(THREAD, thread.tid, np.zeros(len(words), np.uint64), words)
