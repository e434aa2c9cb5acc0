"""What time it is in the program (runtime/time_nofake.go): nanoseconds of CLOCK_MONOTONIC."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import frozen

from gdbext.errors import GdbextError
from gdbext.golang.reading.declarations import INT, UINT, declare, optional
from gdbext.target import procfs

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

SCHED = declare("runtime.schedt", lastpoll=INT, procresizetime=INT)
WORK = declare("runtime.workType", tSweepTerm=INT, tMark=INT, tMarkTerm=INT, tEnd=INT)
P = declare(
    "runtime.p",
    schedwhen=INT("sysmontick.schedwhen"),
    syscallwhen=INT("sysmontick.syscallwhen"),
    gcMarkWorkerStartTime=INT,
)
MEMSTATS = declare("runtime.mstats", last_gc_nanotime=UINT)
LIMITER = declare("runtime.gcCPULimiterState", lastUpdate=optional(INT))
MOST_PROCESSORS = 1 << 16
A_CENTURY = 100 * 365 * 86400 * 10**9


@frozen
class Now:
    """The program's clock. ``at_least``: the program may be later than that; ``source`` says where it was read."""

    ns: int
    at_least: bool
    source: str


def now(program: Program, noted: int = 0) -> Now:
    """The program's nanotime: on a core the latest time found in the runtime, never our clock; ns 0: none.

    ``noted``: the latest time found in the goroutines.
    """
    latest = max([noted, *_stamps(program)])
    clock, identity = time.clock_gettime_ns(time.CLOCK_MONOTONIC), program.target.identity
    if identity.clock_ns is not None and latest <= identity.clock_ns:
        return Now(identity.clock_ns, False, "this machine's monotonic clock at that moment")
    pid = identity.pid if identity.clock_runs else None
    if pid is not None and latest <= clock and procfs.same_clock(pid):
        return Now(clock, False, "this machine's monotonic clock")
    return Now(latest, True, "the latest time found in the runtime")


def _stamps(program: Program) -> Iterator[int]:
    """Times that the runtime noted. None lies in the future but a torn one, which no program lives to see."""
    for read in (_sched, _work, _memstats, _limiter, _processors):
        try:
            yield from (stamp for stamp in read(program) if 0 < stamp < A_CENTURY)
        except GdbextError:
            continue


def _sched(program: Program) -> list[int]:
    row = program.record(SCHED, program.symbol("runtime.sched"))
    return [int(row["lastpoll"]), int(row["procresizetime"])]


def _work(program: Program) -> list[int]:
    row = program.record(WORK, program.symbol("runtime.work"))
    return [int(row[name]) for name in ("tSweepTerm", "tMark", "tMarkTerm", "tEnd")]


def _memstats(program: Program) -> list[int]:
    return [int(program.record(MEMSTATS, program.symbol("runtime.memstats"))["last_gc_nanotime"])]


def _limiter(program: Program) -> list[int]:
    row = program.record(LIMITER, program.symbol("runtime.gcCPULimiter"))
    return [int(row[name]) for name in row.dtype.names]


def _processors(program: Program) -> Iterator[int]:
    for address in program.slice_words(program.symbol("runtime.allp"), MOST_PROCESSORS).tolist():
        row = program.record(P, address)
        yield from (int(row[name]) for name in row.dtype.names)
