"""What mappings are told to be by how they are mapped."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdbext.analysis.memory import areas
from gdbext.analysis.memory.ranges import NONE
from gdbext.target.residency import Area, Residency
from tests.synthetic import World

ROWS = [
    Area(0x1000, 0x2000, "/bin/a", "r-xp", 4096),
    Area(0x2000, 0x3000, "/bin/a", "r--p", 4096),
    Area(0x3000, 0x4000, "/bin/a", "rw-p", 4096),
    Area(0x4000, 0x5000, "", "rw-p", 4096),
    Area(0x6000, 0x7000, "", "rw-p", 4096),
    Area(0x7000, 0x8000, "[heap]", "rw-p", 4096),
    Area(0x8000, 0x9000, "/data", "rw-s", 4096),
    Area(0x9000, 0xA000, "", "rw-p", 4096),
    Area(0xA000, 0xB000, "", "---p"),
    Area(0xB000, 0xC000, "[anon: Go: heap reservation]", "---p"),
    Area(0xC000, 0xD000, "[anon: Go: gc bits]", "rw-p", 4096),
    Area(0xD000, 0xE000, "[stack]", "rw-p", 4096),
    Area(0xE000, 0xF000, "[vdso]", "r-xp", 4096),
    Area(0xF000, 0x10000, "", "rw-p"),
]


def made() -> Residency:
    return Residency.of(ROWS, [np.ones(1, bool) if area.rss else None for area in ROWS], True, "")


def pages(found: Any) -> list[int]:
    return sorted(start // 0x1000 for start, _ in found.tolist())


def test_by_their_names() -> None:
    found = made()
    assert pages(areas.reserved(found)) == [0xA, 0xB]
    assert pages(areas.named(found, "[heap]")) == [7]
    assert pages(areas.of_go(found)) == [0xB, 0xC]
    assert len(areas.every(found)) == len(ROWS)


def test_a_program_and_what_is_zero_at_first() -> None:
    """The anonymous pages that follow its variables, and no others."""
    assert pages(areas.program(made(), World().program)) == [1, 2, 3, 4, 0xE]


def test_stacks_of_threads_that_go_did_not_make() -> None:
    world = World()
    g0, m = (world.off_heap.take(world.binary.layout(f"runtime.{name}").size) for name in "gm")
    world.put("runtime.g", g0, stack__lo=0x6000, stack__hi=0x6800)
    world.put("runtime.m", m, g0=g0)
    world.variable("runtime.allm", m)
    assert pages(areas.thread_stacks(made(), world.program, NONE)) == [6, 0xD]
    taken = np.array([[0x6000, 0x7000]], np.uint64)
    assert pages(areas.thread_stacks(made(), world.program, taken)) == [0xD]
