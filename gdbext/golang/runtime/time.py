"""The runtime's timers (runtime/time.go): what each will call with, and the heaps of them that processors have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from gdbext.errors import GdbextError
from gdbext.golang.reading.declarations import BYTES, IFACE, INT, SLICE, UINT, declare, optional
from gdbext.golang.runtime import runtime1

if TYPE_CHECKING:
    from gdbext.compute.arrays import I64, U64, Bools
    from gdbext.golang.reading.program import Program

TIMER = declare(
    "runtime.timer",
    when=INT,
    period=INT,
    f=UINT,
    arg=IFACE,
    state=optional(UINT),
    status=optional(UINT),  # until Go 1.22
    nextwhen=optional(INT),  # until Go 1.22
)
TIME_TIMER = declare(
    "runtime.timeTimer",
    "time.Timer",  # until Go 1.22 the runtime's half is in the open
    arg=IFACE("timer.arg", "r.arg"),
    timer=BYTES("timer", "r"),
)
P_TIMERS = declare("runtime.p", heap=SLICE("timers.heap", "timers"))  # a structure with it from Go 1.23 on
ENTRY = declare("runtime.timerWhen", missing_ok=True, timer=UINT)  # Go 1.23; before that the pointer alone
ZOMBIE, DELETED = 4, 3
MODIFIED = (7, 8)
"""timerModifiedEarlier, timerModifiedLater: the heap has yet to be told of ``nextwhen`` (until Go 1.22)."""
MOST_PROCESSORS = 1 << 16
ASYNC = "asynctimerchan"
"""The setting of GODEBUG (Go 1.23 to 1.26) with which 1 has channels as they were: their timers are always in a heap.
It is so where go.mod says less than go 1.23."""


@frozen(eq=False)
class Heaps:
    """The timers that processors look after: ``array`` of each processor's heap, ``timer`` in those of number
    ``owner``; ``stopped``: it only waits to be thrown out. ``broken``: heaps and timers that could not be read."""

    array: U64
    owner: I64
    timer: U64
    stopped: Bools
    broken: int


def arguments(program: Program, timers: U64) -> U64:
    """What the time.Timers at the addresses will call their functions with: data words; 0 where unreadable."""
    records, readable = program.records(TIME_TIMER, timers)
    found: U64 = np.where(readable, records["arg"]["data"], 0).astype(np.uint64)
    return found


def heaps(program: Program) -> Heaps:
    """All of them. Raises MissingSymbol, MemoryFault, MissingField."""
    processors = program.slice_words(program.symbol("runtime.allp"), MOST_PROCESSORS)
    records, readable = program.records(P_TIMERS, processors[processors != 0])
    headers, broken = records["heap"][readable], int(np.count_nonzero(~readable))
    arrays, owners, timers = [], [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
    each, most = (program.bound(ENTRY).size if program.has(ENTRY) else 8), program.most(8)
    for header in headers:
        count = min(int(header["len"]), most)
        arrays.append(int(header["array"]))
        where = np.uint64(header["array"]) + np.uint64(each) * np.arange(count, dtype=np.uint64)
        words, fine = program.gather(where, np.dtype("<u8"))
        broken += int(np.count_nonzero(~fine))
        timers.append(words[fine])
        owners.append(np.full(int(np.count_nonzero(fine)), len(arrays) - 1))
    timer = np.concatenate(timers)
    stopped, lost = _stopped(program, timer)
    return Heaps(np.array(arrays, np.uint64), np.concatenate(owners), timer, stopped, broken + lost)


@frozen(eq=False)
class Rows:
    """Timers, one entry of each array for each. ``when``: nanotime; ``period``: nanoseconds, 0 for once. ``f``: the
    funcval of what the runtime calls, ``data``: what it calls it with, the interface's data word."""

    timer: U64
    when: I64
    period: I64
    f: U64
    data: U64
    readable: Bools


def rows(program: Program, timers: U64) -> Rows:
    """The timers at some addresses. Raises MissingField."""
    records, readable = program.records(TIMER, timers)
    when = records["when"].astype(np.int64)
    if "nextwhen" in program.bound(TIMER):
        when = np.where(np.isin(records["status"], MODIFIED), records["nextwhen"], when)
    data = np.where(readable, records["arg"]["data"], 0).astype(np.uint64)
    f = np.where(readable, records["f"], 0).astype(np.uint64)
    return Rows(timers, when, records["period"].astype(np.int64), f, data, readable)


def waited_for_only(program: Program) -> bool | None:
    """Whether timers of channels are in a heap only while somebody waits for them (needsAdd of runtime/time.go); None
    where that hangs on a setting that cannot be read."""
    if not program.has(ENTRY):
        return False
    try:
        return runtime1.debug_settings(program).get(ASYNC) != 1
    except GdbextError:
        return None


def inside(program: Program) -> int:
    """How far into a time.Timer of AfterFunc and its like the runtime's timer lies. Raises MissingField."""
    return program.bound(TIME_TIMER).offset("timer")


def period_at(program: Program) -> int:
    """How far into the runtime's timer it says after how long it comes again. Raises MissingField."""
    return program.bound(TIMER).offset("period")


def _stopped(program: Program, timers: U64) -> tuple[Bools, int]:
    """(which timers are stopped, how many could not be read: those count as running)."""
    records, readable = program.records(TIMER, timers)
    if "state" in program.bound(TIMER):
        stopped = records["state"] & ZOMBIE != 0
    else:
        stopped = records["status"] == DELETED
    return stopped & readable, int(np.count_nonzero(~readable))
