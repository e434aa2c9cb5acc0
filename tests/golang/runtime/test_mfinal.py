"""The queue of finalizers in made memory."""

from __future__ import annotations

import pytest

from gdbext.golang.runtime.mfinal import Queued, queued_finalizers
from tests.synthetic import World


def block(world: World, following: int, *entries: tuple[int, int], count: int = -1) -> int:
    """A block of (fn, arg)."""
    name = "runtime.finBlock" if world.minor >= 25 else "runtime.finblock"
    at = world.off_heap.take(world.binary.layout(name).size)
    world.put(name, at, alllink=following, cnt=len(entries) if count < 0 else count)
    for number, (fn, arg) in enumerate(entries):
        world.put("runtime.finalizer", at + world.offset(name, "fin") + 40 * number, fn=fn, arg=arg, ot=fn + arg)
    return at


def read(world: World, first: int) -> Queued:
    world.variable("runtime.allfin", first)
    return queued_finalizers(world.program)


@pytest.mark.parametrize("minor", [21, 24, 25, 27])
def test_entries_of_all_blocks(minor: int) -> None:
    world = World(minor)
    found = read(world, block(world, block(world, 0, (5, 6)), (1, 2), (3, 4)))
    rows = sorted(zip(*(found.entry[name].tolist() for name in ("fn", "arg", "ot", "fint")), strict=True))
    assert rows == [(1, 2, 3, 0), (3, 4, 7, 0), (5, 6, 11, 0)]
    for at, fn in zip(found.address.tolist(), found.entry["fn"].tolist(), strict=True):
        assert world.program.word(at + world.offset("runtime.finalizer", "fn")) == fn
    assert found.broken == 0


def test_no_queue() -> None:
    assert len(read(World(), 0).entry) == 0


def test_more_entries_than_a_block_has() -> None:
    world = World()
    assert len(read(world, block(world, 0, (1, 2), count=0xFFFFFFFF)).entry) == 101


def test_rings_and_links_into_nowhere_end() -> None:
    world = World()
    at = block(world, 0, (1, 2))
    world.put("runtime.finBlock", at, alllink=at)
    ring = read(world, at)
    assert (ring.entry["fn"].tolist(), ring.broken) == ([1], 1)
    assert (len((lost := read(world, 1 << 45)).entry), lost.broken) == (0, 1)
