"""The queue of cleanups in made memory."""

from __future__ import annotations

import pytest

from gdbext.golang.runtime.mcleanup import Queued, queued_cleanups
from tests.synthetic import World

BLOCK = "runtime.cleanupBlock"


def block(world: World, following: int, count: int, *words: int) -> int:
    at = world.off_heap.take(world.binary.layout(BLOCK).size)
    world.put(BLOCK, at, cleanupBlockHeader__alllink=following, cleanupBlockHeader__n=count)
    world.words(at + world.offset(BLOCK, "cleanups"), *words)
    return at


def read(world: World, first: int) -> Queued:
    at = world.symbols["runtime.gcCleanups"] = world.data.take(world.binary.layout("runtime.cleanupQueue").size)
    world.put("runtime.cleanupQueue", at, all=first)
    return queued_cleanups(world.program)


@pytest.mark.parametrize(("minor", "each"), [(25, 1), (26, 3), (27, 3)])
def test_words_of_all_entries(minor: int, each: int) -> None:
    """A function; from Go 1.26 on what calls it, the function and its argument."""
    world = World(minor)
    second = block(world, 0, 1, *range(101, 101 + each), 7, 7)
    found = read(world, block(world, second, 2, *range(1, 1 + 2 * each), 7, 7))
    assert sorted(found.value.tolist()) == [*range(1, 1 + 2 * each), *range(101, 101 + each)]
    assert [world.program.word(at) for at in found.address.tolist()] == found.value.tolist()
    assert found.broken == 0


def test_releases_without_the_queue() -> None:
    assert len(queued_cleanups(World(24).program).value) == 0


def test_more_entries_than_a_block_has() -> None:
    world = World()
    assert len(read(world, block(world, 0, 0xFFFFFFFF, 1)).value) == 480 // 8


def test_links_into_nowhere_end() -> None:
    assert read(World(), 1 << 45).broken == 1
