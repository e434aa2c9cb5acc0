"""What the runtime counts of its memory, as runtime.ReadMemStats tells it (runtime/mstats.go, runtime/mgcpacer.go).

ReadMemStats lets every P give back its cached spans first; here what was allocated from those is added instead
(``mcache.py``), so that the figures are those that the program would read at this moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from gdbext.golang.reading.declarations import BYTES, INT, UINT, declare, optional
from gdbext.golang.runtime.mcache import Caches, caches
from gdbext.golang.runtime.sizeclasses import sizes

if TYPE_CHECKING:
    from gdbext.compute.arrays import U64
    from gdbext.golang.reading.program import Program

MSTATS = declare(
    "runtime.mstats",
    heap_stats=BYTES("heapStats.stats"),
    stacks_sys=UINT,
    mspan_sys=UINT,
    mcache_sys=UINT,
    buckhash_sys=UINT,
    gc_misc_sys=UINT("gcMiscSys"),
    other_sys=UINT,
    last_gc_unix=UINT,
    pause_total_ns=UINT,
    numgc=UINT,
    numforcedgc=UINT,
)
DELTA = declare(
    "runtime.heapStatsDelta",
    in_stacks=UINT("inStacks"),
    in_work_bufs=UINT("inWorkBufs"),
    in_ptr_scalar_bits=optional(UINT("inPtrScalarBits")),  # until Go 1.24
    tiny_allocs=UINT("tinyAllocCount"),
    large_alloc=UINT("largeAlloc"),
    large_allocs=UINT("largeAllocCount"),
    small_allocs=BYTES("smallAllocCount"),
    large_free=UINT("largeFree"),
    large_frees=UINT("largeFreeCount"),
    small_frees=BYTES("smallFreeCount"),
)
GC_CONTROLLER = declare(
    "runtime.gcControllerState",
    memory_limit=INT("memoryLimit"),
    percent_goal=UINT("gcPercentHeapGoal"),
    sweep_trigger=UINT("sweepDistMinTrigger"),
    triggered=UINT,
    heap_marked=UINT("heapMarked"),
    heap_in_use=UINT("heapInUse"),
    heap_released=UINT("heapReleased"),
    heap_free=UINT("heapFree"),
    total_alloc=UINT("totalAlloc"),
    total_free=UINT("totalFree"),
    mapped_ready=UINT("mappedReady"),
)
ALLOCATORS = declare("runtime.mheap", spans=UINT("spanalloc.inuse"), caches=UINT("cachealloc.inuse"))

WRAP = (1 << 64) - 1
SHARDS = 3
"""consistentHeapStats: what is written, what is read, and what is being cleared; all of them together count."""
RUNWAY = 64 << 10  # minRunway of heapGoalInternal
HEADROOM, LEAST_HEADROOM = 3, 1 << 20  # memoryLimitHeapGoalHeadroomPercent, memoryLimitMinHeapGoalHeadroom
NOT_TRIGGERED = WRAP


@frozen(eq=False)
class MemStats:
    """runtime.MemStats at this moment.

    ``values``: by the names of its fields, all that are one number. By size class, tiny objects not counted:
    ``sizes``, ``mallocs``, ``frees``; class 0 are large objects.
    ``pending_objects``: how many of them are known from cached spans only.
    """

    values: Mapping[str, int]
    sizes: U64 = field(repr=False)
    mallocs: U64 = field(repr=False)
    frees: U64 = field(repr=False)
    pending_objects: int

    def value(self, name: str) -> int:
        """A field of runtime.MemStats by its name."""
        return self.values[name]

    @property
    def slots(self) -> int:
        """How many slots are taken: HeapObjects without those that share a slot with another one."""
        return int((self.mallocs - self.frees).sum())


@frozen(eq=False)
class _Counted:
    """The sums of all shards: numbers, and by size class. Class 0 of the latter stays 0."""

    numbers: Mapping[str, int]
    small_allocs: U64
    small_frees: U64


def memstats(program: Program, cached: Caches | None = None) -> MemStats:
    """The figures of a program. Raises MissingSymbol, MemoryFault, InconsistentRuntime.

    On a program that runs they are of several moments, as ``cached`` is.
    """
    cached = caches(program) if cached is None else cached
    stats = program.record(MSTATS, program.symbol("runtime.memstats"))
    pacer = program.record(GC_CONTROLLER, program.symbol("runtime.gcController"))
    allocators = program.record(ALLOCATORS, program.symbol("runtime.mheap_"))
    counted, by_class = _summed(program, stats["heap_stats"]), sizes(program)
    pending = _pending(cached, len(counted.small_allocs))
    mallocs, frees = counted.small_allocs + pending, counted.small_frees.copy()
    mallocs[0], frees[0] = counted.numbers["large_allocs"], counted.numbers["large_frees"]
    classes = min(len(by_class), len(mallocs))
    found = by_class[:classes], mallocs[:classes], frees[:classes]
    tiny = counted.numbers["tiny_allocs"] + cached.tiny_allocs & WRAP
    values = {
        **_allocated(counted.numbers, *found, tiny),
        **_system(stats, pacer, allocators, counted.numbers),
        **_collections(stats, pacer),
    }
    return MemStats(values, *found, int(pending.sum()))


def _summed(program: Program, raw: Any) -> _Counted:
    """All shards together, modulo 2**64: a counter of one shard alone may be less than nothing."""
    bound = program.bound(DELTA)
    shards = np.frombuffer(raw.tobytes()[: SHARDS * bound.size], bound.dtype)
    names = [name for name in bound.dtype.names or () if not name.startswith("small_")]
    numbers = {name: int(shards[name].astype(np.uint64).sum(dtype=np.uint64)) for name in names}
    classes = (np.ascontiguousarray(shards[name]).view("<u8").reshape(len(shards), -1) for name in _BY_CLASS)
    return _Counted(numbers, *(rows.sum(axis=0, dtype=np.uint64) for rows in classes))


_BY_CLASS = ("small_allocs", "small_frees")


def _pending(cached: Caches, classes: int) -> U64:
    """Objects of each size class that only their cached spans count."""
    found = np.zeros(classes, np.uint64)
    number = np.minimum(cached.spans.span["spanclass"] >> 1, classes - 1)
    np.add.at(found, number, cached.spans.pending.astype(np.uint64))
    return found


def _bytes(by_class: U64, counts: U64) -> int:
    classes = min(len(by_class), len(counts))
    return int((by_class[:classes] * counts[:classes]).sum(dtype=np.uint64))


def _allocated(numbers: Mapping[str, int], by_class: U64, mallocs: U64, frees: U64, tiny: int) -> dict[str, int]:
    """Objects and their bytes; tiny ones count as made and as gone, beside the slots that they share."""
    total = numbers["large_alloc"] + _bytes(by_class, mallocs) & WRAP
    held = total - numbers["large_free"] - _bytes(by_class, frees) & WRAP
    made, gone = (int(counts.sum(dtype=np.uint64)) + tiny & WRAP for counts in (mallocs, frees))
    objects = {"Mallocs": made, "Frees": gone, "HeapObjects": made - gone & WRAP}
    return {"Alloc": held, "TotalAlloc": total, "HeapAlloc": held, **objects}


def _system(stats: Any, pacer: Any, allocators: Any, numbers: Mapping[str, int]) -> dict[str, int]:
    """Memory had from the operating system, by what it is for."""
    in_use, free, released = (int(pacer[name]) for name in ("heap_in_use", "heap_free", "heap_released"))
    stacks, heap = numbers["in_stacks"], in_use + free + released
    found = {
        "HeapInuse": in_use,
        "HeapReleased": released,
        "HeapIdle": free + released,
        "HeapSys": heap,
        "StackInuse": stacks,
        "StackSys": stacks + int(stats["stacks_sys"]),
        "MSpanInuse": int(allocators["spans"]),
        "MSpanSys": int(stats["mspan_sys"]),
        "MCacheInuse": int(allocators["caches"]),
        "MCacheSys": int(stats["mcache_sys"]),
        "BuckHashSys": int(stats["buckhash_sys"]),
        "GCSys": int(stats["gc_misc_sys"]) + numbers["in_work_bufs"] + numbers.get("in_ptr_scalar_bits", 0),
        "OtherSys": int(stats["other_sys"]),
    }
    everything = sum(value for name, value in found.items() if name.endswith("Sys"))
    return {name: value & WRAP for name, value in {**found, "Sys": everything}.items()}


def _collections(stats: Any, pacer: Any) -> dict[str, int]:
    found = {"NextGC": heap_goal(pacer)}
    fields = {
        "LastGC": "last_gc_unix",
        "PauseTotalNs": "pause_total_ns",
        "NumGC": "numgc",
        "NumForcedGC": "numforcedgc",
    }
    return found | {name: int(stats[field]) for name, field in fields.items()}


def heap_goal(pacer: Any) -> int:
    """The heap's size at which the next collection shall end (heapGoalInternal), from a GC_CONTROLLER record."""
    goal, limited = int(pacer["percent_goal"]), _limited_goal(pacer)
    if limited < goal:
        return limited
    goal = max(goal, int(pacer["sweep_trigger"]))
    triggered = int(pacer["triggered"])
    return goal if triggered == NOT_TRIGGERED else max(goal, triggered + RUNWAY & WRAP)


def _limited_goal(pacer: Any) -> int:
    """What the memory limit leaves (memoryLimitHeapGoal)."""
    limit, ready, marked = (int(pacer[name]) for name in ("memory_limit", "mapped_ready", "heap_marked"))
    heap = int(pacer["heap_free"]) + int(pacer["total_alloc"]) - int(pacer["total_free"])
    other = ready - heap + max(0, ready - limit)
    if other >= limit:
        return marked
    goal = limit - other
    headroom = max(goal // 100 * HEADROOM, LEAST_HEADROOM)
    return max(headroom if goal < 2 * headroom else goal - headroom, marked)
