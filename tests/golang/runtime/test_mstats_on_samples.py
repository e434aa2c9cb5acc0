"""The figures of runtime.MemStats against what the sample read with runtime.ReadMemStats just before."""

from __future__ import annotations

import pytest

from gdbext.golang.runtime import mcache, mstats
from tests import heaps, programs

DRIFTS = {"HeapIdle", "HeapSys", "HeapReleased", "HeapInuse", "StackInuse", "StackSys", "GCSys", "NextGC"}
"""The runtime's own threads go on: they take stacks, and give pages and work buffers back."""


@pytest.fixture(scope="module", params=heaps.places())
def maker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_they_are_what_the_program_read(go: str, maker: str) -> None:
    with heaps.met(programs.build("heap", go), maker) as met:
        found = mstats.memstats(met.session.program)
    said = met.truth.facts["memstats"]
    known = set(said) & set(found.values)
    assert len(known) >= 20
    assert {name: found.value(name) for name in known - DRIFTS} == {name: said[name] for name in known - DRIFTS}
    assert {name for name in known & DRIFTS if abs(found.value(name) - said[name]) > 1 << 22} == set()
    by_size = zip(found.sizes.tolist(), found.mallocs.tolist(), found.frees.tolist(), strict=True)
    assert [list(each) for each in by_size][1 : len(said["BySize"])] == said["BySize"][1:]


def test_what_was_made_since_is_known_from_cached_spans(go: str, maker: str) -> None:
    """Objects and tiny ones made after ReadMemStats: it told every P to give its spans back."""
    with heaps.met(programs.build("heap", go), maker, ["-cached", "1000"]) as met:
        cached = mcache.caches(met.session.program)
        found, totals = mstats.memstats(met.session.program, cached), met.session.heap.totals()
        check = met.session.heap_check
    said, more = met.truth.facts["memstats"], met.truth.facts["cached"]
    count, blocks = more["count"], more["count"] * more["tiny"] // 16
    assert found.value("Mallocs") - said["Mallocs"] == 2 * count
    assert found.value("HeapObjects") - said["HeapObjects"] == count + blocks
    assert found.value("HeapAlloc") - said["HeapAlloc"] == slot(found, more["size"]) * count + 16 * blocks
    assert totals == (found.value("HeapObjects"), found.value("HeapAlloc"))
    assert 0 < found.pending_objects <= count + blocks and 0 < cached.tiny_allocs <= count
    assert check == []


def slot(found: mstats.MemStats, size: int) -> int:
    return int(found.sizes[found.sizes >= size].min())


def test_a_heap_that_adds_up_says_nothing(go: str, maker: str) -> None:
    with heaps.met(programs.build("heap", go), maker, ["-young", "5000"]) as met:
        assert met.session.heap_check == []
