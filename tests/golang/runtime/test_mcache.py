"""The caches of Ps on made memory: cached spans and what only they count."""

from __future__ import annotations

import pytest

from gdbext.errors import InconsistentRuntime
from gdbext.golang.runtime import mcache
from tests.counters import Counters
from tests.synthetic import HEAP, PAGE, Span, World

SMALL, TINY = Span(HEAP, 48, 170, freeindex=30), Span(HEAP + PAGE, 16, 512, freeindex=7, noscan=True, sizeclass=2)


@pytest.mark.parametrize("minor", [21, 24, 27])
def test_cached_spans_and_what_they_count(minor: int) -> None:
    world = World(minor)
    made = Counters(world)
    small, tiny = world.span(SMALL), world.span(TINY)
    made.cache({10: made.cached(small, 12)}, tiny=HEAP + PAGE, tinyoffset=5, tinyAllocs=3, flushGen=6)
    made.cache({5: made.cached(tiny, 0)}, tinyAllocs=4)
    found = mcache.caches(made.finish().program)
    assert found.p.tolist() == [0, 1] and found.unreadable == 0 and found.tiny_allocs == 7
    assert [int(found.cache[0][name]) for name in ("tiny", "tiny_offset", "flush_gen")] == [HEAP + PAGE, 5, 6]
    assert found.spans.owner.tolist() == [0, 1] and found.spans.address.tolist() == [small, tiny]
    assert found.spans.pending.tolist() == [18, 7]


def test_a_p_without_a_cache_has_none() -> None:
    world = World()
    made = Counters(world)
    made.cache({})
    world.put("runtime.p", made.ps[0], mcache=0)
    made.cache({}, number=9)
    assert mcache.caches(made.finish().program).p.tolist() == [9]


@pytest.mark.parametrize(
    "wrong",
    [
        {"spanclass": 11},  # of another class than its place says
        {"allocCount": 171},
        {"allocCountBeforeCache": 31},
        {"nelems": 0},
    ],
)
def test_what_is_no_cached_span_is_left_out_and_counted(wrong: dict[str, int]) -> None:
    world = World()
    made = Counters(world)
    good, bad = world.span(SMALL), world.span(SMALL)
    made.cache({10: made.cached(bad, 0, **wrong)})
    made.cache({10: made.cached(good, 0)})
    found = mcache.caches(made.finish().program)
    assert found.spans.address.tolist() == [good] and found.unreadable == 1


def test_unreadable_ones_are_counted() -> None:
    world = World()
    made = Counters(world)
    made.cache({10: 0x10})
    made.cache({})
    world.put("runtime.p", made.ps[1], mcache=0x10)
    made.ps.append(0x10)
    found = mcache.caches(made.finish().program)
    assert found.p.tolist() == [0] and len(found.spans.owner) == 0 and found.unreadable == 3


def test_a_torn_list_of_ps_is_refused() -> None:
    world = World()
    Counters(world).finish()
    world.words(world.symbols["runtime.allp"] + 8, 1 << 40, 1 << 41)
    with pytest.raises(InconsistentRuntime, match="length"):
        mcache.caches(world.program)
