"""Pages that made Ps have put aside."""

from __future__ import annotations

import pytest

from gdbext.golang.runtime.mpagecache import cached_pages
from tests.synthetic import HEAP, PAGE, World


@pytest.mark.parametrize("minor", [21, 27])
def test_pages_of_ps(minor: int) -> None:
    world, ps = World(minor), []
    for base, free, given_back in ((HEAP, 0b1011, 0b1010), (0, (1 << 64) - 1, 0), (HEAP + 64 * PAGE, 1 << 63, 0)):
        at = world.off_heap.take(world.binary.layout("runtime.p").size)
        world.put("runtime.p", at, pcache__base=base, pcache__cache=free, pcache__scav=given_back)
        ps.append(at)
    array = world.off_heap.take(8 * 4)
    world.words(array, *ps, 0x10)
    world.variable("runtime.allp", array, 4, 4)
    free, given_back = (((found - HEAP) // PAGE).tolist() for found in cached_pages(world.program))
    assert free == [[0, 1], [1, 2], [3, 4], [127, 128]]
    assert given_back == [[1, 2], [3, 4]]
