"""What go-gc says of the collector: as JSON, as sentences, as rows of pauses, and a line for each cycle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext import report
from gdbext.report.cells import human_bytes, human_duration
from gdbext.report.columns import Column, Schema
from gdbext.report.counts import plural
from gdbext.report.values import Kind, rfc3339

if TYPE_CHECKING:
    from gdbext.golang.runtime.mgc import Collector

Pause = tuple[int, int]
"""(when it ended in nanoseconds since 1970, nanoseconds)"""
SECOND = 1_000_000_000
PAUSE: Schema[Pause, Sequence[Pause]] = Schema(
    [
        Column("end_unix_ns", Kind.COUNT, "", lambda pause: pause[0]),
        Column("ns", Kind.DURATION, "pause", lambda pause: pause[1]),
        Column("", Kind.TIME, "ended (UTC)", lambda pause: moment(pause[0])),
    ]
)
"""The pauses of a cycle, together."""
GOALS = {
    "GOGC": "GOGC={gogc} of what was marked",
    "limit": "GOMEMLIMIT={limit}",
    "minimum": "the least heap with GOGC={gogc}",
    "sweep": "what has to be swept before",
    "triggered": "it began late, and gets some room",
}


def moment(unix_ns: int) -> report.Cell:
    """A time in UTC; None for never."""
    return rfc3339(*divmod(unix_ns, SECOND)) if unix_ns else None


# JSON


def document(found: Collector, pauses: Iterable[Pause]) -> dict[str, Any]:
    """All of it; bytes, nanoseconds."""
    work, pacer, stats = found.work, found.pacer, found.stats
    return {
        "phase": found.phase,
        "cycles": found.cycles,
        "cycles_forced": found.forced,
        "gogc": found.gogc,
        "memory_limit": found.limit,
        "heap_live": int(pacer["heap_live"]),
        "heap_marked": int(pacer["heap_marked"]),
        "goal": found.pace.goal,
        "goal_by": found.pace.why,
        "trigger": found.pace.trigger,
        "scan": {name: int(pacer[f"{field}_scan"]) for name, field in SCANS.items()},
        "assist": {
            "credit": int(pacer["scan_credit"]),
            "work_per_byte": float(pacer["assist_work_per_byte"]),
            "ns": int(pacer["assist_ns"]),
        },
        "last_cycle": {
            "heap_at_start": int(work["heap_at_start"]),
            "heap_at_end": int(work["heap_at_end"]),
            "heap_marked": int(work["heap_marked"]),
            "mark_ns": max(int(work["mark_term_ns"]) - int(work["mark_ns"]), 0),
            "forced": bool(work["user_forced"]),
            "end_unix_ns": int(stats["last_gc_unix"]) or None,
        },
        "gc_cpu_fraction": found.cpu_fraction,
        "cpu": {name: int(work[f"{name}_cpu_ns"]) for name in CPU},
        "limiter": {"enabled": found.limited, "last_enabled_cycle": found.last_limited},
        "pause_total_ns": int(stats["pause_total_ns"]),
        "pauses": report.Rows(map(PAUSE.object, pauses)),
    }


SCANS = {"heap": "heap", "stacks": "last_stack", "globals": "globals"}
CPU = ("assist", "dedicated", "idle", "pause", "gc", "total")


# Text


def lines(found: Collector) -> Iterator[str]:
    """What a person reads before the pauses."""
    forced = f", {found.forced:,} of them asked for by the program" if found.forced else ""
    yield f"phase: {found.phase}; {plural(found.cycles, 'cycle')} so far{forced}"
    if found.phase != "off":
        yield _marking(found)
    gogc = "off" if found.gogc < 0 else str(found.gogc)
    limit = "off" if found.limit is None else human_bytes(found.limit)
    yield f"GOGC={gogc}, GOMEMLIMIT={limit}"
    live, marked = (human_bytes(int(found.pacer[name])) for name in ("heap_live", "heap_marked"))
    yield f"heap: {live} now, {marked} left by the last cycle"
    yield _next(found, gogc, limit)
    yield from _cost(found)


def _marking(found: Collector) -> str:
    per_byte = float(found.pacer["assist_work_per_byte"])
    assist = "" if not per_byte else f", {per_byte:.3g} bytes for each that is allocated"
    return (
        f"marking: {human_bytes(found.scanned)} scanned of {human_bytes(found.to_scan)} at most; goroutines that "
        f"allocate help{assist}; {human_bytes(max(int(found.pacer['scan_credit']), 0))} of credit left"
    )


def _next(found: Collector, gogc: str, limit: str) -> str:
    if found.is_off:
        return "next cycle: none begins by itself"
    why = GOALS[found.pace.why].format(gogc=gogc, limit=limit)
    trigger, goal = human_bytes(found.pace.trigger), human_bytes(found.pace.goal)
    return f"next cycle: begins at {trigger}, aims at {goal} ({why})"


def _cost(found: Collector) -> Iterator[str]:
    total = human_duration(int(found.stats["pause_total_ns"]))
    yield f"cost: {100 * found.cpu_fraction:.2f} % of the CPUs since the start; all pauses together {total}"
    if found.limited:
        yield "the collector is at its limit: it would take more than half of the CPUs, and the heap grows instead"
    elif found.last_limited:
        yield f"the collector was at its limit (half of the CPUs) in cycle {found.last_limited:,}"


# A line for each cycle


@frozen
class Cycle:
    """A collection that ended. ``sizes``: heap at its start, at its end, marked; None where the next one followed too
    soon to be seen. ``goal``, ``by``: of the next one, and what made it (GOALS); None where none begins by itself."""

    number: int
    pause: Pause
    sizes: tuple[int, int, int] | None
    goal: int | None
    by: str | None
    cpu_fraction: float | None


def cycle_line(cycle: Cycle) -> str:
    """As GODEBUG=gctrace=1 has them, in words."""
    end = moment(cycle.pause[0])
    said = f"gc {cycle.number} ended {end}: paused {human_duration(cycle.pause[1])}"
    if cycle.sizes is None:
        return f"{said}; the next one followed at once\n"
    start, last, marked = map(human_bytes, cycle.sizes)
    goal = "none" if cycle.goal is None else f"{human_bytes(cycle.goal)} by {cycle.by}"
    share = 100 * (cycle.cpu_fraction or 0)
    return f"{said}, heap {start} → {last}, {marked} marked, next goal {goal}, {share:.2f} % of the CPUs so far\n"


def cycle_object(cycle: Cycle) -> dict[str, Any]:
    """As JSON."""
    start, end, marked = cycle.sizes or (None, None, None)
    return {
        "cycle": cycle.number,
        "end_unix_ns": cycle.pause[0],
        "pause_ns": cycle.pause[1],
        "heap_at_start": start,
        "heap_at_end": end,
        "heap_marked": marked,
        "goal": cycle.goal,
        "goal_by": cycle.by,
        "gc_cpu_fraction": cycle.cpu_fraction,
    }
