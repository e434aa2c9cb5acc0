"""A copy of a Go program as it was at one moment: stopped for as long as the copying takes, and decoded afterwards.

Everything is prepared before the stop: the program opened, its layouts bound, memory for the copy touched.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping as MappingOf
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.compute.freememory import free_memory
from gdbext.errors import GdbextError, UnsupportedTarget
from gdbext.golang.reading.opening import open_program
from gdbext.golang.runtime import mpagealloc
from gdbext.target import Identity, Thread, procfs, stopped
from gdbext.target.layers import Piece
from gdbext.target.process import Process
from gdbext.target.resident import Plan, Room, constant_pieces
from gdbext.target.snapshot import Frozen, Snapshot

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.compute.touching import Touching
    from gdbext.golang.reading.program import Program
    from gdbext.target import Mapping
    from gdbext.target.arch import Vectors

SPARE = 256 << 20
ATTEMPTS = 3
NONE = np.zeros((0, 2), np.uint64)


@frozen(eq=False)
class Prepared:
    """A process that is about to be copied, and what is known of it already."""

    process: Process
    program: Program
    constant: list[Piece]
    born: tuple[object, ...]

    @classmethod
    def of(cls, process: Process) -> Prepared:
        """Raises UnsupportedTarget where it is no program that anything could be said of."""
        constant = constant_pieces(process.binary.elf, process.bias)
        return cls(process, open_program(process), constant, procfs.incarnation(process.memory.pid))

    @property
    def pid(self) -> int:
        return self.process.memory.pid

    def plan(self) -> Plan:
        """What would be copied of it now. Raises UnsupportedTarget when it has ended or become another program."""
        try:
            if procfs.incarnation(self.pid) != self.born:
                raise UnsupportedTarget(f"process {self.pid} has become another program")
            self.process.memory.refresh()
            return Plan.of(self.pid, self.process.memory.known(), self.constant, self._free())
        except OSError as error:
            raise UnsupportedTarget(f"process {self.pid} has ended") from error

    def _free(self) -> U64:
        try:
            return mpagealloc.free_ranges(self.program)
        except GdbextError:
            return NONE

    def copied(self, room: Room) -> Copied | int:
        """A copy of it as it is now; where ``room`` is too small, how many bytes it would take."""
        plan, began = self.plan(), time.monotonic_ns()
        if plan.size > room.size:
            return plan.size
        pieces = self.process.memory.copy_to(room, plan)
        return Copied(room, plan, pieces, tuple(self.process.memory.known()), time.monotonic_ns() - began)


@frozen(eq=False)
class Copied:
    """Memory that was copied."""

    room: Room
    plan: Plan
    pieces: list[Piece]
    mappings: tuple[Mapping, ...]
    took_ns: int

    def frozen(self, prepared: Prepared) -> Frozen:
        """As a target has it."""
        elf = prepared.process.binary.elf
        return Frozen(self.room.image(self.pieces, self.plan, prepared.constant, elf), self.mappings)


@frozen(eq=False)
class Moment:
    """What there is of a process that stood still."""

    copied: Copied
    registers: MappingOf[int, stopped.Registers]
    inner: MappingOf[int, int | None]
    clock_ns: int | None


def snapshot(pid: int) -> Snapshot:
    """A process as it is now, stopped while it is copied. Raises UnsupportedTarget with one line that says why not.

    Its memory is held twice until the snapshot goes: once there, once here.
    """
    if why := procfs.why_not_attach(pid):
        raise UnsupportedTarget(f"cannot stop process {pid}", why)
    process = Process.open(pid)
    try:
        return _snapshot(Prepared.of(process))
    finally:
        process.close()


def _snapshot(prepared: Prepared) -> Snapshot:
    wanted = prepared.plan().size
    for _ in range(ATTEMPTS):
        room = room_for(prepared.pid, wanted)
        taken, stopped_ns = stopped.while_stopped(prepared.pid, partial(_take, prepared, room))
        if isinstance(taken, Moment):
            said = f"process {prepared.pid} was stopped for {stopped_ns / 1e9:.2f} s: all this is of that moment"
            return _of(prepared, taken, said, stopped_ns)
        wanted = taken + taken // 4
    raise UnsupportedTarget(f"process {prepared.pid} grows faster than memory for a copy can be had", LEAVE_IT)


def copied(
    process: Process, registers: MappingOf[int, stopped.Registers], touching: Touching | None = None
) -> Snapshot:
    """A process that a debugger holds, and goes on holding, with what that knows of its threads.

    ``touching``: memory for the copy, begun before. Raises UnsupportedTarget, with one line.
    """
    prepared = Prepared.of(process)
    plan = prepared.plan()
    if touching is None or touching.size < plan.size:
        _check_room(prepared.pid, plan.size)
        room = Room(plan.size, touched=False)
    else:
        room = Room.begun(touching, plan.size)
    taken = prepared.copied(room)
    if isinstance(taken, int):
        raise UnsupportedTarget(f"process {prepared.pid} does not stand still")
    inner = _inner(prepared.pid, registers)
    said = f"process {prepared.pid} was copied in {taken.took_ns / 1e9:.2f} s and runs on, detached; {STAYS}"
    return _of(prepared, Moment(taken, registers, inner, _clock(prepared.pid)), said, None)


STAYS = "go- commands answer from this copy until GDB has another program"
LEAVE_IT = "python -m gdbext pid PID reads it as it runs, without a copy of all"


def room_for(pid: int, size: int) -> Room:
    """Memory for a copy of so many bytes, with some to spare. Raises UnsupportedTarget, with figures."""
    free = _check_room(pid, size)
    return Room(min(size + size // 10 + SPARE, max(size, free * 9 // 10)))


def _check_room(pid: int, size: int) -> int:
    """How much memory is free; raises UnsupportedTarget where that is too little."""
    free = free_memory()
    if size > free:
        figures = f"{size >> 20:,} MiB of process {pid} are to be copied and {free >> 20:,} MiB are free here"
        raise UnsupportedTarget(figures, LEAVE_IT)
    return free


def _take(prepared: Prepared, room: Room, stop: stopped.Stop) -> Moment | int:
    """While it stands still."""
    copied = prepared.copied(room)
    if isinstance(copied, int):
        return copied
    return Moment(copied, stop.registers(prepared.process.arch), _inner(prepared.pid, stop.held), _clock(prepared.pid))


def _inner(pid: int, tids: Iterable[int]) -> dict[int, int | None]:
    """The threads' ids in a PID namespace of the process's own; empty where it has none."""
    if procfs.namespace_tid(pid, pid) is None:
        return {}
    return {tid: procfs.namespace_tid(pid, tid) for tid in tids}


def _clock(pid: int) -> int | None:
    """What time it is in the process; None where nobody can tell."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) if procfs.same_clock(pid) else None


def _of(prepared: Prepared, taken: Moment, said: str, stopped_ns: int | None) -> Snapshot:
    process = prepared.process
    vectors: dict[int, Vectors] = {tid: one.vectors_of(process.arch) for tid, one in taken.registers.items()}
    threads = [
        Thread(tid, one.general, tid == prepared.pid, taken.inner.get(tid)) for tid, one in taken.registers.items()
    ]
    return Snapshot(
        Identity("live", prepared.pid, taken.clock_ns, stopped_ns),
        process.binary,
        process.arch,
        process.bias,
        [said, *taken.copied.plan.notes],
        taken.copied.frozen(prepared),
        tuple(threads),
        vectors,
    )
