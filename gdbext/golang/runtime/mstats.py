"""What the runtime counts of its memory, as runtime.ReadMemStats tells it (runtime/mstats.go, runtime/mgcpacer.go).

ReadMemStats lets every P give back its cached spans first; here what was allocated from those is added instead
(``mcache.py``), so that the figures are those that the program would read at this moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import field, frozen

from gdbext.golang.reading.declarations import BYTES, FLOAT, UINT, declare, optional
from gdbext.golang.runtime.mcache import Caches, caches
from gdbext.golang.runtime.mgcpacer import WRAP, controller, heap_goal
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
    pause_ns=BYTES,
    pause_end=BYTES,
    numgc=UINT,
    numforcedgc=UINT,
    gc_cpu_fraction=FLOAT,
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
ALLOCATORS = declare("runtime.mheap", spans=UINT("spanalloc.inuse"), caches=UINT("cachealloc.inuse"))

SHARDS = 3
"""consistentHeapStats: what is written, what is read, and what is being cleared; all of them together count."""
PAUSES = 256
"""Entries of the ring of pauses."""
BY_SIZE = 61
"""Entries of MemStats.BySize: as many size classes as there were when that became fixed."""
FIELDS = (
    *("Alloc", "TotalAlloc", "Sys", "Lookups", "Mallocs", "Frees"),
    *("HeapAlloc", "HeapSys", "HeapIdle", "HeapInuse", "HeapReleased", "HeapObjects"),
    *("StackInuse", "StackSys", "MSpanInuse", "MSpanSys", "MCacheInuse", "MCacheSys"),
    *("BuckHashSys", "GCSys", "OtherSys"),
    *("NextGC", "LastGC", "PauseTotalNs", "PauseNs", "PauseEnd", "NumGC", "NumForcedGC", "GCCPUFraction"),
    *("EnableGC", "DebugGC", "BySize"),
)
"""Of runtime.MemStats, in their order."""


@frozen(eq=False)
class Pauses:
    """The latest pauses, as the runtime has them: collection N is entry (N - 1) % PAUSES. ``ns``: how long they took;
    ``end``: when they ended, in nanoseconds since 1970. ``numgc``: how many collections there were."""

    ns: U64
    end: U64
    numgc: int

    def latest(self) -> Iterator[tuple[int, int]]:
        """(end, ns) of each pause that is still known, the latest first (readGCStats)."""
        for number in range(self.numgc - 1, max(self.numgc - PAUSES, 0) - 1, -1):
            yield int(self.end[number % PAUSES]), int(self.ns[number % PAUSES])


@frozen(eq=False)
class MemStats:
    """runtime.MemStats at this moment.

    ``values``: by the names of its fields, all that are one number. By size class, tiny objects not counted:
    ``sizes``, ``mallocs``, ``frees``; class 0 are large objects.
    ``pending_objects``: how many of them are known from cached spans only.
    """

    values: Mapping[str, int]
    cpu_fraction: float
    pauses: Pauses = field(repr=False)
    sizes: U64 = field(repr=False)
    mallocs: U64 = field(repr=False)
    frees: U64 = field(repr=False)
    pending_objects: int

    def value(self, name: str) -> int:
        """A field of runtime.MemStats by its name."""
        return self.values[name]

    def fields(self) -> dict[str, Any]:
        """All of runtime.MemStats, by Go's names and in Go's order; what is no number as encoding/json writes it."""
        rest = {
            "Lookups": 0,
            "PauseNs": self.pauses.ns.tolist(),
            "PauseEnd": self.pauses.end.tolist(),
            "GCCPUFraction": self.cpu_fraction,
            "EnableGC": True,
            "DebugGC": False,
            "BySize": self._by_size(),
        }
        every = {**self.values, **rest}
        return {name: every[name] for name in FIELDS}

    def _by_size(self) -> list[dict[str, int]]:
        rows = zip(self.sizes.tolist(), self.mallocs.tolist(), self.frees.tolist(), strict=True)
        found = [dict(zip(("Size", "Mallocs", "Frees"), row, strict=True)) for row in rows]
        return [dict.fromkeys(found[0], 0), *found[1:BY_SIZE]]

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
    pacer = controller(program)
    allocators = program.record(ALLOCATORS, program.symbol("runtime.mheap_"))
    counted, by_class = _summed(program, stats["heap_stats"]), sizes(program)
    pending = _pending(cached, len(counted.small_allocs))
    mallocs, frees = counted.small_allocs + pending, counted.small_frees.copy()
    mallocs[0], frees[0] = counted.numbers["large_allocs"], counted.numbers["large_frees"]
    classes = min(len(by_class), len(mallocs))
    found = by_class[:classes], mallocs[:classes], frees[:classes]
    tiny = counted.numbers["tiny_allocs"] + cached.tiny_allocs & WRAP
    goal = heap_goal(pacer, _bytes(by_class, pending))
    values = {
        **_allocated(counted.numbers, *found, tiny),
        **_system(stats, pacer, allocators, counted.numbers),
        **_collections(stats, goal),
    }
    return MemStats(values, float(stats["gc_cpu_fraction"]), pauses(stats), *found, int(pending.sum()))


def pauses(stats: Any) -> Pauses:
    """The ring of an MSTATS record."""
    ns, end = (np.frombuffer(stats[name].tobytes(), "<u8")[:PAUSES] for name in ("pause_ns", "pause_end"))
    return Pauses(ns, end, int(stats["numgc"]))


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


def _collections(stats: Any, goal: int) -> dict[str, int]:
    found = {"NextGC": goal}
    fields = {
        "LastGC": "last_gc_unix",
        "PauseTotalNs": "pause_total_ns",
        "NumGC": "numgc",
        "NumForcedGC": "numforcedgc",
    }
    return found | {name: int(stats[field]) for name, field in fields.items()}
