"""Bubbles (runtime/synctest.go), on made records; samples/synctest has real ones."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.golang.runtime.runtime2 import G
from gdbext.golang.runtime.synctest import Bubble, bubble, idle
from tests.synthetic import World


@pytest.fixture
def world() -> World:
    return World()


def test_the_bubble_of_a_goroutine(world: World) -> None:
    at = world.off_heap.take(world.binary.layout("runtime.synctestBubble").size)
    world.put("runtime.synctestBubble", at, id=7)
    g = world.off_heap.take(world.binary.layout("runtime.g").size)
    found = []
    for address in (at, 0, 0x18):
        world.put("runtime.g", g, bubble=address)
        found.append(bubble(world.program, world.program.record(G, g)))
    assert found == [Bubble(7), None, None] and str(found[0]) == "synctest bubble 7"


def test_a_group_without_a_known_layout_is_left_out(world: World) -> None:
    """Go 1.24, whose tables have no synctestGroup."""
    g = np.zeros(1, [("syncGroup", "<u8")])
    assert bubble(world.program, g[0]) is None
    g["syncGroup"] = 0x18
    assert bubble(world.program, g[0]) is None


def test_idle_reasons(world: World) -> None:
    assert idle(world.program, [1, 2]) == frozenset()
    world.variable("runtime.isIdleInSynctest", int.from_bytes(bytes([0, 0, 1, 0, 1]), "little"))
    assert idle(world.program, [0, 1, 2, 3, 4]) == {2, 4}
