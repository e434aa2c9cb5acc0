"""Function values of a made program."""

from __future__ import annotations

import numpy as np

from gdbext.golang.runtime.funcvals import UNKNOWN, functions
from tests.golang.madecode import Code, Function
from tests.synthetic import OFF_HEAP, World


def test_what_they_are_and_what_they_captured() -> None:
    code = Code(World(), Function("main.f"), Function("main.g[go.shape.int]"))
    world = code.world
    one, two, inside, last = world.off_heap.take(16), world.off_heap.take(16), world.off_heap.take(16), OFF_HEAP
    world.words(one, code.pc("main.f", 0), 77)
    world.words(two, code.pc("main.g[go.shape.int]", 0), 0)
    world.words(inside, code.pc("main.f", 0x10), 5)
    last = world.off_heap.end - 8  # nothing can be captured behind the end of memory
    world.words(last, code.pc("main.f", 0))
    values = np.array([one, two, inside, last, 0, 0x10], np.uint64)
    found = functions(world.program, code.symtab(), values)
    names = [found.name(row) for row in range(len(values))]
    assert names == ["main.f", "main.g[...]", UNKNOWN, "main.f", "", UNKNOWN]
    assert found.captured.tolist() == [77, 0, 5, 0, 0, 0]
    assert found.known.tolist() == [True, True, False, True, False, False]


def test_none() -> None:
    code = Code(World())
    found = functions(code.world.program, code.symtab(), np.zeros(0, np.uint64))
    assert len(found.which) == len(found.captured) == 0
