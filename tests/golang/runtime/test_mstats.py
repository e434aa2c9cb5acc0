"""The figures of runtime.MemStats on made memory: shards, classes, wrapping, the heap goal."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from gdbext.errors import MissingSymbol
from gdbext.golang.runtime import mstats
from gdbext.golang.runtime.mgcpacer import WRAP
from tests.counters import Counters
from tests.synthetic import HEAP, Span, World


def made(minor: int = 27) -> Counters:
    world = World(minor)
    world.mheap()
    return Counters(world)


@pytest.mark.parametrize("minor", [21, 23, 24, 25, 27])
def test_shards_are_summed_whatever_one_of_them_says(minor: int) -> None:
    counters = made(minor)
    counters.shards[0] = {"smallAllocCount.5": 10, "largeAlloc": 80_000, "largeAllocCount": 2, "tinyAllocCount": 30}
    counters.shards[1] = {"smallFreeCount.5": WRAP, "inStacks": WRAP + 1 - 8192, "smallAllocCount.67": 1}
    counters.shards[2] = {"smallFreeCount.5": 5, "inStacks": 24576, "largeFree": 40_000, "largeFreeCount": 1}
    found = mstats.memstats(counters.finish().program)
    assert found.value("HeapAlloc") == found.value("Alloc") == 6 * 48 + 32768 + 40_000
    assert (found.value("Mallocs"), found.value("Frees"), found.value("HeapObjects")) == (43, 35, 8)
    assert found.value("TotalAlloc") == 10 * 48 + 32768 + 80_000
    assert found.value("StackInuse") == 16384 and found.slots == 8 and found.pending_objects == 0
    assert (found.mallocs[5], found.frees[5], found.mallocs[0]) == (10, 4, 2)


def test_what_cached_spans_count_is_added() -> None:
    counters = made()
    span = counters.world.span(Span(HEAP, 48, 170, freeindex=30))
    counters.cache({10: counters.cached(span, 12)}, tinyAllocs=7)
    found = mstats.memstats(counters.finish().program)
    assert (found.value("HeapAlloc"), found.value("Mallocs"), found.value("Frees")) == (18 * 48, 25, 7)
    assert found.pending_objects == 18


@pytest.mark.parametrize(("minor", "more"), [(24, 50), (25, 0)])
def test_what_was_had_from_the_system(minor: int, more: int) -> None:
    counters = made(minor)
    counters.stats = {
        "stacks_sys": 1,
        "mspan_sys": 2,
        "mcache_sys": 4,
        "buckhash_sys": 8,
        "gcMiscSys": 16,
        "other_sys": 32,
    }
    counters.pacer |= {"heapInUse": 1000, "heapFree": 200, "heapReleased": 30}
    counters.shards[0] = {"inStacks": 5000, "inWorkBufs": 700}
    if more:
        counters.shards[0]["inPtrScalarBits"] = more
    counters.allocators = {"spanalloc__inuse": 11, "cachealloc__inuse": 12}
    found = mstats.memstats(counters.finish().program)
    assert (found.value("HeapSys"), found.value("HeapIdle"), found.value("HeapInuse"), found.value("HeapReleased")) == (
        1230,
        230,
        1000,
        30,
    )
    assert (found.value("StackSys"), found.value("GCSys"), found.value("OtherSys")) == (5001, 716 + more, 32)
    assert (found.value("MSpanInuse"), found.value("MCacheInuse"), found.value("MSpanSys")) == (11, 12, 2)
    assert found.value("Sys") == 1230 + 5001 + 2 + 4 + 8 + 716 + more + 32


def test_collections() -> None:
    counters = made()
    counters.stats = {"numgc": 5, "numforcedgc": 2, "last_gc_unix": 1 << 60, "pause_total_ns": 99}
    found = mstats.memstats(counters.finish().program)
    assert [found.value(name) for name in ("NumGC", "NumForcedGC", "LastGC", "PauseTotalNs")] == [5, 2, 1 << 60, 99]


def test_all_fields_as_encoding_json_writes_them() -> None:
    counters = made()
    counters.shards[0] = {"smallAllocCount.1": 3, "smallFreeCount.1": 1, "smallAllocCount.67": 5}
    counters.stats = {"numgc": 2}
    world = counters.finish()
    stats = world.symbols["runtime.memstats"]
    world.words(stats + world.offset("runtime.mstats", "pause_ns"), 11, 22, 33)
    world.words(stats + world.offset("runtime.mstats", "pause_end"), 1000, 2000, 500)
    world.write(stats + world.offset("runtime.mstats", "gc_cpu_fraction"), struct.pack("<d", 0.25))
    found = mstats.memstats(world.program)
    fields = found.fields()
    assert tuple(fields) == mstats.FIELDS and len(fields) == 32
    assert fields["PauseNs"] == [11, 22, 33, *[0] * 253] and len(fields["PauseEnd"]) == 256
    assert list(found.pauses.latest()) == [(2000, 22), (1000, 11)]
    assert fields["GCCPUFraction"] == 0.25 and fields["EnableGC"] is True and fields["DebugGC"] is False
    assert len(fields["BySize"]) == 61 and fields["BySize"][:2] == [
        {"Size": 0, "Mallocs": 0, "Frees": 0},
        {"Size": 8, "Mallocs": 3, "Frees": 1},
    ]


def test_the_ring_of_pauses_goes_round() -> None:
    ring = mstats.Pauses(np.arange(256, dtype=np.uint64), np.arange(256, dtype=np.uint64) + np.uint64(1000), 258)
    latest = list(ring.latest())
    assert latest[:3] == [(1001, 1), (1000, 0), (1255, 255)] and len(latest) == 256


def test_counters_that_nobody_finds() -> None:
    counters = made()
    counters.finish()
    del counters.world.symbols["runtime.gcController"]
    with pytest.raises(MissingSymbol, match="gcController"):
        mstats.memstats(counters.world.program)


def test_any_bytes_are_taken(monkeypatch: Any) -> None:
    """Figures may be nonsense; nothing raises."""
    counters = made()
    world = counters.finish()
    for name, variable in (("mstats", "memstats"), ("gcControllerState", "gcController")):
        world.write(world.symbols[f"runtime.{variable}"], b"\xff" * world.binary.layout(f"runtime.{name}").size)
    assert mstats.memstats(world.program).value("HeapAlloc") <= WRAP
