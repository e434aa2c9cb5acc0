"""Where a made runtime keeps what it knows."""

from __future__ import annotations

import numpy as np

from gdbext.golang import metadata
from tests.counters import Counters, Profile
from tests.synthetic import HEAP, OFF_HEAP, PAGE, Span, World


def made(minor: int = 27) -> World:
    world = World(minor)
    world.span(Span(HEAP, 48, 170, freeindex=1))
    world.span(Span(HEAP + PAGE, 0, 0, npages=2, state=2))
    world.span(Span(HEAP + 3 * PAGE, 0, 0, npages=1, state=0))
    world.mheap()
    return world


def test_spans_dead_ones_too() -> None:
    world = made()
    size = world.binary.layout("runtime.mspan").size
    found = metadata.spans(world.program).tolist()
    assert found[:-1] == [[at, at + size] for at in world.spans]
    assert (
        found[-1][0] <= world.program.word(world.symbols["runtime.mheap_"] + offset(world, "allspans")) < found[-1][1]
    )


def offset(world: World, name: str) -> int:
    return world.offset("runtime.mheap", name)


def test_spans_by_hand() -> None:
    world = made()
    assert metadata.manual_spans(world.program).tolist() == [[HEAP + PAGE, HEAP + 3 * PAGE]]
    work = world.symbols["runtime.work"] = world.off_heap.take(world.binary.layout("runtime.workType").size)
    assert metadata.work_buffers(world.program).tolist() == []
    world.words(work + world.offset("runtime.workType", "wbufSpans.busy.first"), world.spans[1])
    assert metadata.work_buffers(world.program).tolist() == [[HEAP + PAGE, HEAP + 3 * PAGE]]


def test_caches() -> None:
    world = made()
    counters = Counters(world)
    at = counters.cache({})
    counters.finish()
    assert metadata.caches(world.program).tolist() == [[at, at + world.binary.layout("runtime.mcache").size]]


def test_buckets_of_profiles() -> None:
    world = made()
    profile = Profile(world)
    one = profile.bucket(16, (1, 2, 3), (1, 0))
    other = profile.bucket(32, (1,), kind=2)
    profile.bucket(32, (), nstk=1 << 40)
    head, record = (world.binary.layout(f"runtime.{name}").size for name in ("bucket", "memRecord"))
    found = sorted(metadata.buckets(world.program, "runtime.mbuckets").tolist())
    assert found == sorted([[one, one + head + 24 + record], [other, other + head + 8 + metadata.BLOCK_RECORD]])
    world.variable("runtime.buckhash", 0)
    assert metadata.bucket_table(world.program).tolist() == []
    world.variable("runtime.buckhash", OFF_HEAP)
    ((start, end),) = metadata.bucket_table(world.program).tolist()
    assert start == OFF_HEAP and 0 <= end - start - 8 * metadata.BUCKETS < 4096


def test_object_bits_and_a_list_that_comes_back() -> None:
    world = made()
    first, second = (world.off_heap.take(64, 4096) for _ in range(2))
    world.words(first + world.offset("runtime.gcBitsArena", "next"), second)
    world.words(second + world.offset("runtime.gcBitsArena", "next"), first)
    world.variable("runtime.gcBitsArenas", 1, 0, 0, first, 0)
    found = metadata.object_bits(world.program).tolist()
    assert found == [[first, first + metadata.BITS_CHUNK], [second, second + metadata.BITS_CHUNK]]


def test_queues_of_spans_to_be_marked() -> None:
    world = made()
    work = world.symbols["runtime.work"] = world.off_heap.take(world.binary.layout("runtime.workType").size)
    queue = world.off_heap.take(world.binary.layout("runtime.spanSPMC").size)
    world.put("runtime.spanSPMC", queue, ring=OFF_HEAP + 4096, cap=1024)
    world.words(work + world.offset("runtime.workType", "spanSPMCs.list.obj"), queue)
    assert metadata.queues(world.program).tolist() == [[OFF_HEAP + 4096, OFF_HEAP + 4096 + 8192]]
    assert metadata.queues(made(21).program).tolist() == []


def test_pages_of_nothing_and_of_the_end() -> None:
    assert metadata.whole_pages(5000, 5000).tolist() == [[4096, 4096]]
    assert metadata.whole_pages(5000, 9000).tolist() == [[4096, 8192]]
    (row,) = metadata.whole_pages((1 << 64) - 8, (1 << 64) + 100).tolist()
    assert row[0] < row[1]
    assert metadata.joined().shape == (0, 2) and metadata.joined(np.zeros((0, 2), np.uint64)).dtype == np.uint64
