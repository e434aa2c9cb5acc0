"""What a collection looks at of made goroutines besides their stacks."""

from __future__ import annotations

import struct

import pytest

from gdbext.golang.runtime.mgcstack.seeds import seeds
from gdbext.golang.runtime.rootwords import CONSERVATIVE, CONTEXT, DEFER, PANIC, Part
from gdbext.target import Thread
from gdbext.target.arch import Vectors
from tests.golang.madecode import Code, Function, Gs, Stacks
from tests.synthetic import World


class Made:
    def __init__(self, minor: int = 27) -> None:
        self.world = World(minor)
        self.code = Code(self.world, Function("main.f", 64))
        self.gs, self.stacks = Gs(self.code), Stacks(self.code)

    def park(self, **more: int) -> int:
        return self.gs.add(len(self.gs.g) + 1, self.stacks.push("main.f", "runtime.goexit"), **more)

    def found(self) -> Part:
        return seeds(self.gs.finish())

    def place(self, g: int, name: str) -> int:
        return g + self.world.offset("runtime.g", name)


def rows(part: Part) -> list[tuple[int, int, int, int]]:
    columns = (column.tolist() for column in (part.kind, part.owner, part.where, part.value))
    return sorted(zip(*columns, strict=True))


def test_goroutines_with_nothing_else() -> None:
    made = Made()
    made.park()
    assert rows(made.found()) == []
    assert rows(Made().found()) == []


@pytest.mark.parametrize("minor", [21, 24, 27])
def test_closures_and_panics(minor: int) -> None:
    made = Made(minor)
    made.park()
    g = made.park(sched__ctxt=5, _panic=6)
    context, panic = made.place(g, "sched.ctxt"), made.place(g, "_panic")
    assert rows(made.found()) == [(CONTEXT, 1, context, 5), (PANIC, 1, panic, 6)]


@pytest.mark.parametrize("heap", [0, 1])
@pytest.mark.parametrize("minor", [21, 27])
def test_deferred_calls(minor: int, heap: int) -> None:
    """The functions, the records that follow, and the first record where it lies on the heap."""
    made = Made(minor)
    world, size = made.world, made.world.binary.layout("runtime._defer").size
    first, second = world.off_heap.take(size), world.off_heap.take(size)
    world.put("runtime._defer", first, fn=11, link=second, heap=heap)
    world.put("runtime._defer", second, fn=12, heap=1)
    g = made.park(_defer=first)
    fn, link = (world.offset("runtime._defer", name) for name in ("fn", "link"))
    wanted = [(first + fn, 11), (second + fn, 12), (first + link, second)]
    wanted += [(made.place(g, "_defer"), first)] if heap else []
    assert rows(made.found()) == sorted((DEFER, 0, *word) for word in wanted)


def test_deferred_calls_without_an_end_are_named() -> None:
    made = Made()
    made.park(_defer=1 << 45)
    assert made.found().notes == ("the deferred calls of 1 goroutines cannot be read to the end",)


def test_vector_registers_of_the_preempted() -> None:
    made = Made()
    size = made.world.binary.layout("runtime.xRegState").size
    state = made.world.off_heap.take(size, 64)
    made.world.words(state + 16, 8, 9)
    made.park(xRegs__state=state)  # kept for later, and not of now
    made.park(xRegs__state=state, asyncSafePoint=1)
    made.park(xRegs__state=1 << 45, asyncSafePoint=1)
    found = made.found()
    assert rows(found) == [(CONSERVATIVE, 1, state + 16, 8), (CONSERVATIVE, 1, state + 24, 9)]
    assert found.notes == ("the vector registers of 1 preempted goroutines could not be read",)


def test_older_releases_have_them_on_the_stack() -> None:
    made = Made(25)
    made.park(asyncSafePoint=1)
    assert rows(made.found()) == []


def running(made: Made, registers: dict[str, int]) -> None:
    """A goroutine on a thread with these registers besides pc and sp."""
    machine = made.gs.machine(procid=77)
    stack = made.stacks.push("main.f", "runtime.goexit")
    made.gs.add(1, stack, atomicstatus=2, m=machine)
    made.world.target.thread_list = [Thread(77, {"rip": stack[0], "rsp": stack[1], **registers})]


def test_registers_of_the_running() -> None:
    made = Made()
    running(made, {"rax": 0xC0_0000_0000, "rbx": 0})
    found = made.found()
    assert {(kind, owner, where) for kind, owner, where, _ in rows(found)} == {(CONSERVATIVE, 0, 0)}
    assert 0xC0_0000_0000 in found.value.tolist() and 0 not in found.value.tolist()


def test_vector_registers_of_the_running() -> None:
    made = Made()
    running(made, {})
    made.world.target.vector_registers[77] = Vectors(struct.pack("<3Q", 0xC0_0000_0008, 0, 0xC0_0000_0010))
    found = made.found()
    assert {0xC0_0000_0008, 0xC0_0000_0010} <= set(found.value.tolist()) and found.notes == ()


def test_vector_registers_that_nobody_has_are_named() -> None:
    made = Made()
    running(made, {})
    assert made.found().notes == ("vector registers of 1 running goroutines: not made",)


def test_a_g_without_sense_is_not_believed() -> None:
    made = Made()
    made.gs.add(1, (0, 0, 1 << 40, 1 << 20), sched__ctxt=5)
    assert rows(made.found()) == []
