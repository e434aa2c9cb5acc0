"""The pacer: when a collection begins, where it wants to end, and what it works with (runtime/mgcpacer.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from gdbext.golang.reading.declarations import FLOAT, INT, UINT, declare

if TYPE_CHECKING:
    from gdbext.golang.reading.program import Program

GC_CONTROLLER = declare(
    "runtime.gcControllerState",
    gc_percent=INT("gcPercent"),
    memory_limit=INT("memoryLimit"),
    heap_minimum=UINT("heapMinimum"),
    runway=UINT,
    percent_goal=UINT("gcPercentHeapGoal"),
    sweep_trigger=UINT("sweepDistMinTrigger"),
    triggered=UINT,
    heap_live=UINT("heapLive"),
    heap_scan=UINT("heapScan"),
    stack_scan=UINT("maxStackScan"),
    last_stack_scan=UINT("lastStackScan"),
    globals_scan=UINT("globalsScan"),
    heap_marked=UINT("heapMarked"),
    heap_work=INT("heapScanWork"),
    stack_work=INT("stackScanWork"),
    globals_work=INT("globalsScanWork"),
    scan_credit=INT("bgScanCredit"),
    assist_ns=INT("assistTime"),
    dedicated_ns=INT("dedicatedMarkTime"),
    fractional_ns=INT("fractionalMarkTime"),
    idle_ns=INT("idleMarkTime"),
    assist_work_per_byte=FLOAT("assistWorkPerByte"),
    heap_in_use=UINT("heapInUse"),
    heap_released=UINT("heapReleased"),
    heap_free=UINT("heapFree"),
    total_alloc=UINT("totalAlloc"),
    total_free=UINT("totalFree"),
    mapped_ready=UINT("mappedReady"),
)

WRAP = (1 << 64) - 1
RUNWAY = 64 << 10  # minRunway of heapGoalInternal
HEADROOM, LEAST_HEADROOM = 3, 1 << 20  # memoryLimitHeapGoalHeadroomPercent, memoryLimitMinHeapGoalHeadroom
NOT_TRIGGERED = WRAP
NO_LIMIT = (1 << 63) - 1
EARLIEST, LATEST, OF = 45, 61, 64
"""minTriggerRatioNum, maxTriggerRatioNum, triggerRatioDen."""
DEFAULT_MINIMUM = 4 << 20
SMALL_MINIMUM = 512 << 10
"""defaultHeapMinimum; the second with GOEXPERIMENT=heapminimum512kib."""
BY_PERCENT, BY_LIMIT, BY_MINIMUM, BY_SWEEP, BY_TRIGGER = "GOGC", "limit", "minimum", "sweep", "triggered"


@frozen
class Pace:
    """The next collection, or the one under way: sizes of the heap in bytes.

    ``why``: what made the goal: "GOGC", "limit", "minimum" (GOGC's for small heaps), "sweep" (what has to be swept
    first), "triggered" (the collection began late and gets some room).
    """

    goal: int
    trigger: int
    why: str


def controller(program: Program) -> Any:
    """The GC_CONTROLLER record. Raises MissingSymbol, MissingField, MemoryFault."""
    return program.record(GC_CONTROLLER, program.symbol("runtime.gcController"))


def default_minimum(program: Program) -> int:
    """The least goal with GOGC=100."""
    return SMALL_MINIMUM if "heapminimum512kib" in program.binary.experiments else DEFAULT_MINIMUM


def pace(pacer: Any, minimum: int = DEFAULT_MINIMUM, pending: int = 0) -> Pace:
    """heapGoalInternal and trigger, of a GC_CONTROLLER record. ``pending``: bytes in cached spans not yet counted."""
    goal, least, why = _goal(pacer, pending)
    marked = int(pacer["heap_marked"])
    if marked >= goal:
        return Pace(goal, goal, why)
    least = max(least, marked, (goal - marked) // OF * EARLIEST + marked)
    most = max((goal - marked) // OF * LATEST + marked, goal - minimum if goal > minimum else 0, least)
    runway = int(pacer["runway"])
    trigger = least if runway > goal else goal - runway
    return Pace(goal, min(max(trigger, least), most), why)


def heap_goal(pacer: Any, pending: int = 0) -> int:
    """The heap's size at which the next collection shall end."""
    return _goal(pacer, pending)[0]


def _goal(pacer: Any, pending: int) -> tuple[int, int, str]:
    """(goal, the least trigger, what made it)."""
    goal, limited = int(pacer["percent_goal"]), _limited_goal(pacer, pending)
    if limited < goal:
        return limited, 0, BY_LIMIT
    why = BY_MINIMUM if goal == int(pacer["heap_minimum"]) else BY_PERCENT
    least, triggered = int(pacer["sweep_trigger"]), int(pacer["triggered"])
    if least > goal:
        goal, why = least, BY_SWEEP
    if triggered != NOT_TRIGGERED and goal < triggered + RUNWAY & WRAP:
        goal, why = triggered + RUNWAY & WRAP, BY_TRIGGER
    return goal, least, why


def _limited_goal(pacer: Any, pending: int) -> int:
    """What the memory limit leaves (memoryLimitHeapGoal)."""
    limit, ready, marked = (int(pacer[name]) for name in ("memory_limit", "mapped_ready", "heap_marked"))
    heap = int(pacer["heap_free"]) + int(pacer["total_alloc"]) + pending - int(pacer["total_free"])
    other = ready - heap + max(0, ready - limit)
    if other >= limit:
        return marked
    goal = limit - other
    headroom = max(goal // 100 * HEADROOM, LEAST_HEADROOM)
    return max(headroom if goal < 2 * headroom else goal - headroom, marked)
