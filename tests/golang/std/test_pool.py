"""Pools of a made program."""

from __future__ import annotations

import pytest

from gdbext.errors import InconsistentRuntime, MissingSymbol
from gdbext.golang.std.pool import pools
from tests.synthetic import World


def made(minor: int, fresh: list[tuple[int, int]], old: list[tuple[int, int]]) -> World:
    """Pools by (local, victim); the first of the fresh ones is an old one too."""
    world, lists = World(minor), [list[int](), list[int]()]
    for rows, into in ((fresh, lists[0]), (old, lists[1])):
        for local, victim in rows:
            at = world.off_heap.take(world.binary.layout("sync.Pool").size)
            world.put("sync.Pool", at, local=local, victim=victim)
            into.append(at)
    lists[1] += lists[0][:1]
    for name, words in zip(("sync.allPools", "sync.oldPools"), lists, strict=True):
        array = world.off_heap.take(8 * max(len(words), 1))
        world.words(array, *words)
        world.variable(name, array, len(words), len(words))
    return world


@pytest.mark.parametrize("minor", [21, 27])
def test_each_pool_once(minor: int) -> None:
    found = pools(made(minor, [(1, 2), (3, 0)], [(0, 5)]).program)
    assert list(zip(found.local.tolist(), found.victim.tolist(), strict=True)) == [(1, 2), (3, 0), (0, 5)]


def test_damage() -> None:
    world = made(27, [(1, 2)], [])
    world.words(world.symbols["sync.oldPools"] + 8, 1 << 40)
    with pytest.raises(InconsistentRuntime):
        pools(world.program)
    with pytest.raises(MissingSymbol):
        pools(World().program)
