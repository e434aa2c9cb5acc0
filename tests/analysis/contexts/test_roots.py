"""Contexts in plain memory: pairs and addresses in ranges."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.contexts import roots
from tests.synthetic import DATA, HEAP, OFF_HEAP, Contexts, World


def test_pairs_in_ranges() -> None:
    world = World()
    made = Contexts(world)
    ctypes, _ = made.finish()
    world.words(HEAP + 8, made.itabs["value"], 0x1230, made.cancelers["cancel"], 0x4560)
    ranges = [(HEAP, HEAP + 8), (HEAP, HEAP + 40), (0x10, 0x90), (HEAP + 8, HEAP + 16)]
    found = roots.pairs(world.target.memory.image(()), ranges, ctypes.words, ctypes.kind_of)
    assert len(found) == 2 and found.range.tolist() == [1, 1] and found.data.tolist() == [0x1230, 0x4560]
    assert found.address.tolist() == [HEAP + 8, HEAP + 24]
    assert [ctypes.kinds[kind].name for kind in found.kind] == ["*context.valueCtx", "*context.cancelCtx"]
    assert len(roots.pairs(world.target.memory.image(()), [], ctypes.words, ctypes.kind_of)) == 0


def test_more_pairs_than_first_thought_of() -> None:
    world = World(heap_pages=64)
    made = Contexts(world)
    ctypes, _ = made.finish()
    count = roots.ROOM + 1000
    for at in range(0, count, 1000):
        world.words(HEAP + 16 * at, *[made.itabs["value"], 0x1230] * min(1000, count - at))
    ranges = [(HEAP, world.heap.end)]
    assert len(roots.pairs(world.target.memory.image(()), ranges, ctypes.words, ctypes.kind_of)) == count
    rows = roots.holders(world.target.memory.image(()), ranges, np.array([0x1230, 0x1238], np.uint64))
    assert rows.tolist() == [[0, 0]]


def test_holders_are_unique() -> None:
    world = World()
    world.words(HEAP, 0x10, 0x20, 0x10)
    world.words(OFF_HEAP, 0x20)
    ranges = [(HEAP, HEAP + 24), (OFF_HEAP, OFF_HEAP + 8), (DATA, DATA)]
    wanted = np.array([0x10, 0x20], np.uint64)
    assert roots.holders(world.target.memory.image(()), ranges, wanted).tolist() == [[0, 0], [0, 1], [1, 1]]
