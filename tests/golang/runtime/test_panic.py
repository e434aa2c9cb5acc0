"""Lists of deferred calls in made memory."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.golang.runtime.panic import Defers, read_defers
from tests.synthetic import World


def call(world: World, fn: int, link: int = 0, heap: bool = False) -> int:
    at = world.off_heap.take(world.binary.layout("runtime._defer").size)
    world.put("runtime._defer", at, fn=fn, link=link, heap=heap)
    return at


def read(world: World, *heads: int) -> Defers:
    return read_defers(world.program, np.array(heads, np.uint64))


@pytest.mark.parametrize("minor", [21, 22, 27])
def test_calls_in_the_order_in_which_they_run(minor: int) -> None:
    world = World(minor)
    first = call(world, 1, call(world, 2, call(world, 3), heap=True))
    found = read(world, 0, first, call(world, 4))
    assert found.owner.tolist() == [1, 1, 1, 2]
    assert found.record["fn"].tolist() == [1, 2, 3, 4]
    assert found.record["heap"].tolist() == [0, 1, 0, 0]
    assert [world.program.word(at) for at in found.words("fn", world.program).tolist()] == [1, 2, 3, 4]
    assert found.broken == 0


def test_a_call_that_follows_itself() -> None:
    world = World()
    at = call(world, 1)
    world.put("runtime._defer", at, link=at)
    assert read(world, at).broken == 1


def test_nobody_defers() -> None:
    assert len(read(World()).record) == 0
