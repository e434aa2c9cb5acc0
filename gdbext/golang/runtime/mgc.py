"""What the collector does, has done and aims at (runtime/mgc.go, runtime/mgcpacer.go, runtime/mgclimit.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from gdbext.errors import GdbextError
from gdbext.golang.reading.declarations import INT, UINT, declare
from gdbext.golang.runtime.mgcpacer import NO_LIMIT, Pace, controller, default_minimum, pace
from gdbext.golang.runtime.mstats import MSTATS, Pauses, pauses

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

WORK = declare(
    "runtime.workType",
    cycles=UINT,
    user_forced=UINT("userForced"),
    sweep_term_ns=INT("tSweepTerm"),
    mark_ns=INT("tMark"),
    mark_term_ns=INT("tMarkTerm"),
    end_ns=INT("tEnd"),
    heap_at_start=UINT("heap0"),
    heap_at_end=UINT("heap1"),
    heap_marked=UINT("heap2"),
    assist_cpu_ns=INT("cpuStats.GCAssistTime", "cpuStats.gcAssistTime"),  # the second until Go 1.25
    dedicated_cpu_ns=INT("cpuStats.GCDedicatedTime", "cpuStats.gcDedicatedTime"),
    idle_cpu_ns=INT("cpuStats.GCIdleTime", "cpuStats.gcIdleTime"),
    pause_cpu_ns=INT("cpuStats.GCPauseTime", "cpuStats.gcPauseTime"),
    gc_cpu_ns=INT("cpuStats.GCTotalTime", "cpuStats.gcTotalTime"),
    total_cpu_ns=INT("cpuStats.TotalTime", "cpuStats.totalTime"),
)
LIMITER = declare("runtime.gcCPULimiterState", enabled=UINT, last_cycle=UINT("lastEnabledCycle"))
PHASES = ("off", "mark", "mark termination")
UNKNOWN_PHASE = "unknown phase {}"


@frozen(eq=False)
class Collector:
    """The collector at one moment. ``work``, ``pacer``, ``stats``: the runtime's own records (WORK, GC_CONTROLLER,
    MSTATS). ``limited``: whether the limit on what it may take of the CPUs is in force (a memory limit that is too
    low), ``last_limited``: the last cycle in which it was; None where that is not known.
    """

    phase: str
    pace: Pace
    pauses: Pauses = field(repr=False)
    work: Any = field(repr=False)
    pacer: Any = field(repr=False)
    stats: Any = field(repr=False)
    limited: bool | None = None
    last_limited: int | None = None

    @property
    def cycles(self) -> int:
        """How many collections have begun."""
        return int(self.work["cycles"])

    @property
    def ended(self) -> int:
        """How many have ended marking (NumGC)."""
        return int(self.stats["numgc"])

    @property
    def forced(self) -> int:
        """How many of those the program asked for."""
        return int(self.stats["numforcedgc"])

    @property
    def gogc(self) -> int:
        """Per cent; -1: off."""
        return int(self.pacer["gc_percent"])

    @property
    def limit(self) -> int | None:
        """GOMEMLIMIT in bytes; None: off."""
        found = int(self.pacer["memory_limit"])
        return None if found == NO_LIMIT else found

    @property
    def is_off(self) -> bool:
        """No collection begins by itself; the goal is then beyond all memory."""
        return self.gogc < 0 and self.limit is None

    @property
    def cpu_fraction(self) -> float:
        """What share of the CPUs it took since the program began (GCCPUFraction)."""
        return float(self.stats["gc_cpu_fraction"])

    @property
    def scanned(self) -> int:
        """Bytes scanned in the cycle under way."""
        return sum(int(self.pacer[name]) for name in ("heap_work", "stack_work", "globals_work"))

    @property
    def to_scan(self) -> int:
        """As many as there are at most."""
        return sum(int(self.pacer[name]) for name in ("heap_scan", "stack_scan", "globals_scan"))


def collector(program: Program) -> Collector:
    """As it is. Raises MissingSymbol, MissingField, MemoryFault."""
    phase = int.from_bytes(program.read(program.symbol("runtime.gcphase"), 4), "little")
    pacer = controller(program)
    stats = program.record(MSTATS, program.symbol("runtime.memstats"))
    work = program.record(WORK, program.symbol("runtime.work"))
    known = PHASES[phase] if phase < len(PHASES) else UNKNOWN_PHASE.format(phase)
    pacing = pace(pacer, default_minimum(program))
    return Collector(known, pacing, pauses(stats), work, pacer, stats, *_limiter(program))


def _limiter(program: Program) -> tuple[bool | None, int | None]:
    try:
        record = program.record(LIMITER, program.symbol("runtime.gcCPULimiter"))
    except GdbextError:
        return None, None
    return bool(record["enabled"]), int(record["last_cycle"])


def ended(program: Program) -> int:
    """How many collections have ended (memstats.numgc). Raises MissingSymbol, MissingField, MemoryFault."""
    bound = program.bound(MSTATS)
    where = program.symbol("runtime.memstats") + bound.offset("numgc")
    return int.from_bytes(program.read(where, 4), "little")


__all__ = ["Collector", "collector", "ended"]
