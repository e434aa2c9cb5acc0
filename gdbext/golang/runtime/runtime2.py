"""Goroutines, threads, processors and who waits on what, as the runtime records them (runtime/runtime2.go)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from gdbext.errors import GdbextError, InconsistentRuntime, MemoryFault, MissingSymbol
from gdbext.golang.reading.declarations import INT, STRING_PARTS, UINT, declare, optional
from gdbext.golang.reading.program import distinct

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64, Bools
    from gdbext.golang.reading.program import Program

G = declare(
    "runtime.g",
    low=UINT("stack.lo"),
    high=UINT("stack.hi"),
    m=UINT,
    sched_sp=UINT("sched.sp"),
    sched_pc=UINT("sched.pc"),
    sched_bp=UINT("sched.bp"),
    syscallsp=UINT,
    syscallpc=UINT,
    syscallbp=optional(UINT),  # Go 1.23
    atomicstatus=UINT,
    goid=UINT,
    waitsince=INT,
    waitreason=UINT,
    trackingSeq=UINT,
    trackingStamp=INT,
    parentGoid=UINT,
    gopc=UINT,
    ancestors=UINT,
    startpc=UINT,
    lockedm=UINT,
    labels=UINT,
    waiting=UINT,
    ctxt=UINT("sched.ctxt"),
    defer=UINT("_defer"),
    panic=UINT("_panic"),
    asyncSafePoint=UINT,
    vectors=optional(UINT("xRegs.state")),  # Go 1.26
    bubble=optional(UINT),  # Go 1.25
    syncGroup=optional(UINT),  # Go 1.24
)
M = declare(
    "runtime.m",
    g0=UINT,
    gsignal=UINT,
    curg=UINT,
    procid=UINT,
    id=INT,
    vdsoSP=UINT,
    vdsoPC=UINT,
    alllink=UINT,
    mstartfn=UINT,
    p=UINT,
    blocked=UINT,
    incgo=UINT,
    lockedg=UINT,
)
P = declare("runtime.p", id=INT)
SUDOG = declare(
    "runtime.sudog",
    g=UINT,
    next=UINT,
    prev=UINT,
    waitlink=UINT,
    isSelect=UINT,
    # Go 1.26: a {pointer, uintptr} pair; a leak-detecting collection clears the pointer, the number stays.
    c=UINT("c.maybeTraceablePtr.vu", "c"),
)
STACK = declare("runtime.g", low=UINT("stack.lo"), high=UINT("stack.hi"))

SCAN_BIT = 0x1000
"""Set on top of the status while a collection scans the stack."""
RUNNING, SYSCALL, COPYSTACK = 2, 3, 8
STATUS = {
    1: "runnable",
    2: "running",
    3: "syscall",
    4: "waiting",
    8: "copystack",
    9: "preempted",
    10: "leaked",  # Go 1.26: waits, and a collection proved that nothing can wake it
}
IDLE = 0
"""Not even made: no g is put in the list like that."""
LEFT_OUT = (IDLE, 6, 11)
"""Idle, dead, and (Go 1.26) the spare of a thread that C made: no goroutines to a reader."""
MOST_MACHINES = 1 << 20
MOST_THREADS = 1 << 31
"""A pid_t is smaller; an m that says otherwise is overwritten, and its thread unknown."""
LONGEST_REASON = 256
CHUNK = 8192
ATTEMPTS = 8


@frozen
class Machine:
    """One ``runtime.m``: an OS thread. ``procid`` is its id inside its own PID namespace. Bounds are (low, high)."""

    address: int
    g0: int
    gsignal: int
    curg: int
    procid: int
    id: int
    vdso_sp: int
    vdso_pc: int
    g0_stack: tuple[int, int]
    signal_stack: tuple[int, int]
    start: int = 0
    """The function that the thread was started for, a funcval's address; 0 for one that runs any goroutine."""
    p: int = 0
    """The processor that it holds, 0 for none."""
    blocked: bool = False
    """It sleeps until the runtime wakes it."""
    in_c: bool = False
    locked_g: int = 0

    def in_signal(self, sp: int) -> bool:
        """Whether a stack pointer is on the stack of signal handlers."""
        return self.signal_stack[0] < sp <= self.signal_stack[1]

    def on_g0(self, sp: int) -> bool:
        """Whether a stack pointer is on the scheduler's stack."""
        return self.g0_stack[0] < sp <= self.g0_stack[1]


def all_gs(program: Program) -> U64:
    """The addresses of every g that was ever made, dead ones too. Raises GdbextError when there is no such list."""
    return each_once(listed_gs(program))


def listed_gs(program: Program) -> U64:
    """The words of the list of all g's as they stand there. Raises GdbextError when there is no such list."""
    for attempt in range(ATTEMPTS):
        try:
            return _gs_without_lock(program)
        except (MemoryFault, InconsistentRuntime, MissingSymbol):
            try:
                return program.slice_words(program.symbol("runtime.allgs"), most_goroutines(program))
            except GdbextError:
                # The old array is freed when the list grows: on a running program simply look again.
                if program.target.memory.stable or attempt == ATTEMPTS - 1:
                    raise
    raise InconsistentRuntime("runtime.allgs keeps changing")


def most_goroutines(program: Program) -> int:
    """How many there can be."""
    return program.most(program.bound(G).size)


def _gs_without_lock(program: Program) -> U64:
    """``allgptr`` and ``allglen``, which the runtime publishes for readers without the lock."""
    count = program.word(program.symbol("runtime.allglen"))
    if count == 0 or count > (most := most_goroutines(program)):
        raise InconsistentRuntime(f"runtime.allglen is {count}" + (f"; there is memory for {most}" if count else ""))
    return np.frombuffer(program.read(program.word(program.symbol("runtime.allgptr")), 8 * count), "<u8")


def each_once(addresses: U64) -> U64:
    """What a list names, in order: a torn or overwritten one may repeat itself, or name nothing."""
    kept = addresses
    if len(distinct(addresses)) < len(addresses):
        _, first = np.unique(addresses, return_index=True)
        kept = addresses[np.sort(first)]
    result: U64 = kept[kept != 0]
    return result


def read_gs(program: Program, addresses: U64) -> tuple[NDArray[Any], Bools]:
    """The declared fields of each g, packed, and a mask of the readable ones. Reads in pieces: a g is large."""
    dtype = program.bound(G).dtype
    names = dtype.names or ()
    packed = np.zeros(len(addresses), np.dtype([(name, dtype[name]) for name in names]))
    readable = np.zeros(len(addresses), np.bool_)
    for start in range(0, len(addresses), CHUNK):
        piece = slice(start, start + CHUNK)
        rows, readable[piece] = program.records(G, addresses[piece])
        for name in names:
            packed[name][piece] = rows[name]
    return packed, readable


def machines(program: Program) -> list[Machine]:
    """Every OS thread the runtime knows; as many as can be read where the list is broken."""
    found: list[Machine] = []
    try:
        address = program.word(program.symbol("runtime.allm"))
        seen: set[int] = set()
        while address and address not in seen and len(seen) < MOST_MACHINES:
            seen.add(address)
            row = program.record(M, address)
            found.append(_machine(program, address, row))
            address = int(row["alllink"])
    except MemoryFault:
        pass  # what follows a broken link cannot be found
    return found


def _machine(program: Program, address: int, row: Any) -> Machine:
    procid = int(row["procid"])
    return Machine(
        address=address,
        g0=int(row["g0"]),
        gsignal=int(row["gsignal"]),
        curg=int(row["curg"]),
        procid=procid if procid < MOST_THREADS else 0,
        id=int(row["id"]),
        vdso_sp=int(row["vdsoSP"]),
        vdso_pc=int(row["vdsoPC"]),
        g0_stack=_stack(program, int(row["g0"])),
        signal_stack=_stack(program, int(row["gsignal"])),
        start=int(row["mstartfn"]),
        p=int(row["p"]),
        blocked=bool(row["blocked"]),
        in_c=bool(row["incgo"]),
        locked_g=int(row["lockedg"]),
    )


def processor(program: Program, address: int) -> int | None:
    """The number of a ``runtime.p``; None where it cannot be read."""
    try:
        return int(program.record(P, address)["id"]) if address else None
    except MemoryFault:
        return None


def _stack(program: Program, g: int) -> tuple[int, int]:
    try:
        row = program.record(STACK, g)
    except MemoryFault:
        return (0, 0)
    return (int(row["low"]), int(row["high"]))


def wait_reasons(program: Program, numbers: Iterable[int]) -> dict[int, str]:
    """The runtime's own words for wait reasons: their numbers differ between releases. Raises MissingSymbol."""
    table = program.symbol("runtime.waitReasonStrings")
    return {number: _reason(program, table, number) for number in numbers}


def _reason(program: Program, table: int, number: int) -> str:
    try:
        header = np.frombuffer(program.read(table + 16 * number, STRING_PARTS.itemsize), STRING_PARTS)[0]
        length = int(header["len"])
        text = program.read(int(header["str"]), length).decode("ascii") if 0 < length < LONGEST_REASON else ""
    except (MemoryFault, UnicodeDecodeError):
        text = ""
    if text.isprintable() and (text or number == 0):
        return text
    return f"unknown wait reason {number}"
