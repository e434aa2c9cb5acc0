"""Goroutines of a program that keeps running: read again what changed, give up on what never stands still."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from gdbext.golang.runtime.proc import Goroutines
from gdbext.golang.runtime.runtime2 import RUNNING
from gdbext.golang.runtime.traces import Traces
from gdbext.golang.unstopped.goroutines import GAP, ROUNDS, stack_ranges
from gdbext.target.image import Image
from tests.golang.madecode import Code, Function, Gs, Stacks
from tests.synthetic import World

STACK = ("main.f", "runtime.goexit")


class Moving:
    """A program whose goroutines are changed between two looks at them: at each copy of their stacks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, change: Callable[[int], None]) -> None:
        self.code = Code(World(), Function("main.f"), Function("main.g"))
        self.gs, self.stacks, self.copies = Gs(self.code), Stacks(self.code), 0
        memory = self.code.world.target.memory
        monkeypatch.setattr(memory, "stable", False)

        def image(ranges: list[tuple[int, int]]) -> Image:
            """Copies of what lies in the ranges, page by page."""
            start = self.code.world.heap.start
            if any(low >= start for low, _ in ranges) and all(low < start + (1 << 20) for low, _ in ranges):
                change(self.copies)
                self.copies += 1
            return Image.of_arrays((region.start, region.data.copy()) for region in memory.regions)

        monkeypatch.setattr(memory, "image", image)
        whole = memory.whole
        monkeypatch.setattr(memory, "read", lambda address, size: whole().read(address, size))
        monkeypatch.setattr(memory, "whole", lambda: None)


def innermost(found: Goroutines) -> list[str]:
    traces = Traces(found.symtab)
    nodes, _ = traces.walk(found.stacks(), found.start())
    stacks = map(traces.frames, nodes.tolist(), found.sp.tolist())
    return [found.symtab.name(frames[0].function) for frames in stacks if frames]


def test_a_goroutine_that_moved_once_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Moving

    def change(copies: int) -> None:
        if copies == 0:
            made.code.world.put("runtime.g", g, sched__pc=later[0], sched__sp=later[1])

    made = Moving(monkeypatch, change)
    pc, sp, low, high = made.stacks.push(*STACK)
    later = (made.code.pc("main.g"), sp)
    g = made.gs.add(1, (pc, sp, low, high))
    found = made.gs.finish()
    assert innermost(found) == ["main.g"] and found.trouble == {}


def test_one_that_ran_and_is_where_it_was_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy was made while it ran something else on the same stack."""
    made: Moving

    def change(copies: int) -> None:
        made.code.world.heap.data[:] = 0 if copies == 0 else parked
        made.code.world.put("runtime.g", g, trackingSeq=0)

    made = Moving(monkeypatch, change)
    g = made.gs.add(1, made.stacks.push("main.f", "main.g", "runtime.goexit"), trackingSeq=255)
    parked = made.code.world.heap.data.copy()
    found = made.gs.finish()
    nodes, _ = Traces(found.symtab).walk(found.stacks(), found.start())
    assert made.copies == 2
    assert nodes.tolist() == [2]


def test_one_that_never_stands_still_counts_as_running(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Moving

    def change(copies: int) -> None:
        made.code.world.put("runtime.g", g, sched__sp=sp + 8 * (copies % 2 == 0))

    made = Moving(monkeypatch, change)
    stack = made.stacks.push(*STACK)
    sp = stack[1]
    g = made.gs.add(1, stack)
    made.gs.add(2, made.stacks.push(*STACK))
    found = made.gs.finish()
    assert made.copies == ROUNDS
    assert found.status.tolist() == [RUNNING, 4] and list(found.trouble) == [0] and innermost(found) == ["main.f"]


def test_the_copy_stays_when_the_stack_moves_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Moving(monkeypatch, lambda copies: None)
    made.gs.add(1, made.stacks.push("main.f", "main.g", "runtime.goexit"))
    found = made.gs.finish()
    made.code.world.heap.data[:] = 0
    nodes, _ = Traces(found.symtab).walk(found.stacks(), found.start())
    assert nodes.tolist() == [2]


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(-64, 1 << 16)), max_size=20), st.integers(1, 1 << 16))
def test_ranges_hold_every_stack_in_order(stacks: list[tuple[int, int]], reach: int) -> None:
    sp = np.array([start for start, _ in stacks], np.uint64)
    high = np.array([max(start + size, 0) for start, size in stacks], np.uint64)
    ranges = stack_ranges(sp, high, reach)
    wanted = [(start, min(start + size, start + reach)) for start, size in stacks if start and size > 0]
    assert all(any(low <= start and end <= top for low, top in ranges) for start, end in wanted)
    assert all(before[1] + GAP < after[0] for before, after in pairwise(ranges))
    assert bool(ranges) == bool(wanted)
