"""Settings of a made program, and why one of them is not known."""

from __future__ import annotations

from gdbext.analysis.memory.settings import Unknown, settings
from tests.counters import Counters
from tests.synthetic import World


def test_each_is_known_by_itself() -> None:
    world = World()
    world.mheap()
    counters = Counters(world)
    counters.pacer |= {"gcPercent": -1, "memoryLimit": 5 << 30}
    counters.finish()
    counters.slice("runtime.allp", [0] * 4)
    found = settings(world.program)
    assert (found.gogc, found.limit, found.known_limit, found.maxprocs) == (-1, 5 << 30, 5 << 30, 4)
    assert isinstance(found.cpus, Unknown) and "runtime.ncpu" in found.cpus.why
    assert found.flag("madvdontneed") is None and isinstance(found.environment, Unknown)


def test_no_limit() -> None:
    world = World()
    world.mheap()
    Counters(world).finish()
    assert settings(world.program).limit is None
