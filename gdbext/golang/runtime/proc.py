"""All goroutines at once (runtime/proc.go): who they are, what they wait for, where they are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from gdbext.errors import GdbextError
from gdbext.golang.reading.program import distinct
from gdbext.golang.runtime.chan import wait_channels
from gdbext.golang.runtime.nanotime import A_CENTURY, Now, now
from gdbext.golang.runtime.os_linux import Saved, match_threads, running_registers
from gdbext.golang.runtime.runtime2 import (
    IDLE,
    LEFT_OUT,
    RUNNING,
    SCAN_BIT,
    STATUS,
    Machine,
    each_once,
    listed_gs,
    machines,
    read_gs,
    wait_reasons,
)
from gdbext.golang.runtime.traceback import PcTable
from gdbext.golang.runtime.traces import Start
from gdbext.golang.unstopped.goroutines import REACH, copy_whole, read_unstopped, stack_ranges

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools
    from gdbext.golang.reading.program import Program
    from gdbext.golang.runtime.symtab import Symtab
    from gdbext.target import Thread
    from gdbext.target.image import Image


UNREADABLE = "unreadable g"


@define(eq=False)
class Goroutines:
    """Every goroutine, dead ones left out, one entry of each array per goroutine in the order they were first made.

    ``g`` has the declared fields of runtime.g (runtime/runtime2.py), status without its scan bit. ``pc``, ``sp``,
    ``bp``: where the goroutine is, 0 where unknown. ``trouble``: why a row is not whole, by row.
    """

    program: Program = field(repr=False)
    symtab: Symtab = field(repr=False)
    address: U64
    g: NDArray[Any] = field(repr=False)
    scanning: Bools = field(repr=False)
    pc: U64
    sp: U64
    bp: U64
    trapped: Bools = field(repr=False)
    tid: NDArray[np.int64]
    """The OS thread's id as this machine knows it, 0 where there is none."""
    trouble: dict[int, str]
    machines: list[Machine] = field(repr=False)
    snapshot: Image | None = field(default=None, repr=False)
    """Stacks copied while the program ran; None where the program stands still."""
    listed: int = 0
    """Entries of the runtime's list, ``lost``: those that name no g: zeros, repetitions, what was never made a g."""
    lost: int = 0

    @classmethod
    def of(cls, program: Program, symtab: Symtab) -> Goroutines:
        """All goroutines. Raises GdbextError only where there is no list of them; a bad one is a row with a reason."""
        listed = listed_gs(program)
        addresses = each_once(listed)
        if not program.target.memory.stable:
            rows, readable, snapshot = read_unstopped(program, addresses)
        else:
            (rows, readable), snapshot = read_gs(program, addresses), None
        found = _resolve(_select(program, symtab, addresses, rows, readable, snapshot))
        found.listed = len(listed)
        found.lost = len(listed) - int(np.count_nonzero(~readable | (rows["atomicstatus"] != IDLE)))
        return found

    def __len__(self) -> int:
        return len(self.address)

    @property
    def losses(self) -> list[str]:
        """What is to be said of the list."""
        many = f"{self.lost:,} of {self.listed:,} entries of the list of goroutines name none"
        return [f"{many}: those goroutines are missing"] if self.lost else []

    @property
    def goid(self) -> U64:
        return self._column("goid")

    @property
    def status(self) -> U64:
        """``runtime._Gwaiting`` and so on; see ``status_name``."""
        return self._column("atomicstatus")

    @property
    def wait_reason(self) -> U64:
        """Numbers that differ between releases; see ``reason``."""
        return self._column("waitreason")

    @property
    def parent_goid(self) -> U64:
        return self._column("parentGoid")

    @property
    def waiting(self) -> U64:
        """The first sudog of each goroutine that waits on channels, else 0."""
        return self._column("waiting")

    @cached_property
    def unreadable(self) -> Bools:
        """Whose g cannot be read: its fields are zeros, of which none is known."""
        rows = [row for row, why in self.trouble.items() if why == UNREADABLE]
        found = np.zeros(len(self), np.bool_)
        found[rows] = True
        return found

    def _column(self, name: str) -> NDArray[Any]:
        column: NDArray[Any] = self.g[name]
        return column

    def status_name(self, row: int) -> str:
        """A status in the runtime's words."""
        status = int(self.status[row])
        return STATUS.get(status, f"bad status {status:#x}")

    @cached_property
    def reasons(self) -> dict[int, str]:
        """The runtime's words for the wait reasons in use, by number."""
        try:
            return wait_reasons(self.program, distinct(self.wait_reason).tolist())
        except GdbextError:
            return {}

    def reason(self, row: int) -> str:
        """What a waiting goroutine waits for; "" for one that does not wait."""
        number = int(self.wait_reason[row])
        return self.reasons.get(number, f"unknown wait reason {number}") if self.status[row] in (4, 10) else ""

    @cached_property
    def now(self) -> Now:
        """The program's clock."""
        return now(self.program, self.latest_stamp(A_CENTURY))

    def waited(self) -> NDArray[np.int64]:
        """Nanoseconds that each goroutine has waited at least, -1 where nobody noted it.

        ``waitsince`` is set when a collection scans the stack of a goroutine that waits, not when it starts to wait.
        """
        since = self._column("waitsince")
        known = (since > 0) & np.isin(self.status, (3, 4, 10))
        return np.where(known, np.maximum(self.now.ns - since, 0), -1)

    def latest_stamp(self, limit: int) -> int:
        """The latest time noted in any g; 0 where there is none."""
        stamps = np.concatenate([self._column("waitsince"), self._column("trackingStamp")])
        stamps = stamps[(stamps > 0) & (stamps < limit)]
        return int(stamps.max()) if len(stamps) else 0

    @cached_property
    def rows(self) -> dict[int, int]:
        """The row of each goid."""
        return {goid: row for row, goid in enumerate(self.goid.tolist())}

    def on_thread(self, tid: int) -> int:
        """The row of the goroutine that an OS thread works for, -1 for none."""
        rows = np.flatnonzero(self.tid == tid)
        return int(rows[0]) if tid and len(rows) else -1

    def start(self, rows: NDArray[Any] | None = None) -> Start:
        """Where to start walking the stacks (of some rows)."""
        whole = Start(self.pc, self.sp, self._column("low"), self._column("high"), self.trapped)
        return whole if rows is None else whole.take(rows)

    def stacks(self, rows: NDArray[Any] | None = None, reach: int = REACH) -> Image:
        """An image of the stacks in use (of some rows): ``reach`` bytes from each SP, more where it costs nothing."""
        if self.snapshot is not None:
            return self.snapshot
        if (whole := self.program.whole_image()) is not None:
            return whole
        start = self.start(rows)
        return self.program.target.memory.image(stack_ranges(start.sp, start.high, reach))

    def cut_stacks(self) -> NDArray[np.int64]:
        """The rows whose stacks were copied in part only."""
        if self.snapshot is None:
            return np.zeros(0, np.int64)
        return np.flatnonzero((self.sp != 0) & (self._column("high") - self.sp > REACH))

    def whole_stacks(self, rows: NDArray[np.int64]) -> tuple[Image, NDArray[np.int64]]:
        """A copy of whole stacks, made now, and those of the rows whose goroutines have not moved since."""
        image, same = copy_whole(self.program, self.address[rows], self.g[rows])
        return image, rows[same]

    @cached_property
    def _waiters(self) -> dict[int, list[int]]:
        rows, channels = wait_channels(self.program, self.address, self.waiting)
        found: dict[int, list[int]] = {}
        for row, channel in zip(rows.tolist(), channels.tolist(), strict=True):
            found.setdefault(channel, []).append(int(self.goid[row]))
        return found

    def waiters(self, channel: int) -> list[int]:
        """The goids of the goroutines that wait to send to or receive from the hchan at that address."""
        return self._waiters.get(channel, [])


def _select(
    program: Program, symtab: Symtab, addresses: U64, rows: NDArray[Any], readable: Bools, snapshot: Image | None
) -> Goroutines:
    """The goroutines that are alive, not yet located."""
    status = np.ascontiguousarray(rows["atomicstatus"])
    scanning = (status & SCAN_BIT) != 0
    rows["atomicstatus"] = status & ~np.uint32(SCAN_BIT)
    kept = np.flatnonzero(~readable | ~np.isin(status & ~np.uint32(SCAN_BIT), LEFT_OUT))
    rows = rows if len(kept) == len(rows) else rows[kept]
    zeros = np.zeros(len(kept), np.uint64)
    return Goroutines(
        program=program,
        symtab=symtab,
        address=addresses[kept],
        g=rows,
        scanning=scanning[kept],
        pc=zeros,
        sp=zeros.copy(),
        bp=zeros.copy(),
        trapped=np.zeros(len(kept), np.bool_),
        tid=np.zeros(len(kept), np.int64),
        trouble=_troubles(rows, readable[kept]),
        machines=machines(program),
        snapshot=snapshot,
    )


def _troubles(rows: NDArray[Any], readable: Bools) -> dict[int, str]:
    """Why a g cannot be believed, by row."""
    bounds = rows["low"] < rows["high"]
    status = np.isin(rows["atomicstatus"], list(STATUS))
    found = {}
    for row in np.flatnonzero(~(readable & bounds & status)).tolist():
        low, high = int(rows["low"][row]), int(rows["high"][row])
        found[row] = (
            UNREADABLE
            if not readable[row]
            else f"bad status {int(rows['atomicstatus'][row]):#x}"
            if not status[row]
            else f"bad stack bounds {low:#x} … {high:#x}"
        )
    return found


def _resolve(found: Goroutines) -> Goroutines:
    """Registers and threads: as saved at a system call, else the thread's when running, else as saved at the switch."""
    g, good = found.g, np.ones(len(found), np.bool_)
    good[list(found.trouble)] = False
    in_syscall = good & (g["syscallsp"] != 0)  # from Go 1.26 the status may still say running
    running = good & ~in_syscall & (g["atomicstatus"] == RUNNING)
    parked = good & ~in_syscall & ~running
    names = g.dtype.names or ()
    for register, saved in (("pc", "sched_pc"), ("sp", "sched_sp"), ("bp", "sched_bp")):
        getattr(found, register)[parked] = g[saved][parked]
    for register, saved in (("pc", "syscallpc"), ("sp", "syscallsp"), ("bp", "syscallbp")):
        if saved in names:
            getattr(found, register)[in_syscall] = g[saved][in_syscall]
    threads = match_threads(found.program, found.machines, found.program.target.threads())
    _set_threads(found, threads)
    _locate_running(found, np.flatnonzero(running), threads)
    _check_stacks(found)
    return found


def _set_threads(found: Goroutines, threads: dict[int, Thread]) -> None:
    tids = {machine.address: machine.procid for machine in found.machines}
    tids.update({address: thread.tid for address, thread in threads.items()})
    for row in np.flatnonzero(found.g["m"]).tolist():
        found.tid[row] = tids.get(int(found.g["m"][row]), 0)


def _locate_running(found: Goroutines, rows: NDArray[Any], threads: dict[int, Thread]) -> None:
    table, by_address = PcTable(found.symtab), {machine.address: machine for machine in found.machines}
    for row in rows.tolist():
        g = found.g[row]
        machine = by_address.get(int(g["m"]))
        saved = Saved(*(int(g[name]) for name in ("low", "high", "sched_pc", "sched_sp", "sched_bp")))
        if machine is None:
            found.trouble[row] = "running on a thread that the runtime does not list"
            continue
        at = running_registers(found.program, table, machine, threads.get(machine.address), saved)
        if isinstance(at, str):
            found.trouble[row] = at
        else:
            found.pc[row], found.sp[row], found.bp[row], found.trapped[row] = at.pc, at.sp, at.bp, at.trapped


def _check_stacks(found: Goroutines) -> None:
    """A stack pointer outside of the goroutine's stack is no place to start from."""
    outside = (found.pc != 0) & ((found.sp < found.g["low"]) | (found.sp > found.g["high"]))
    for row in np.flatnonzero(outside).tolist():
        found.trouble[row] = f"stack pointer {int(found.sp[row]):#x} outside of its stack"
    for column in (found.pc, found.sp, found.bp):
        column[outside] = 0


__all__ = ["Goroutines", "Now", "now", "stack_ranges"]
