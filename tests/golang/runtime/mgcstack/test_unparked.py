"""Words that count when nothing may be missed: of what is not parked, of threads, of their own stacks."""

from __future__ import annotations

import struct

import pytest

from gdbext.golang.runtime.mgcstack.unparked import unparked
from gdbext.golang.runtime.rootwords import CONSERVATIVE, THREAD, Part, joined
from gdbext.target import Thread
from gdbext.target.arch import Vectors
from tests.golang.madecode import Code, Function, Gs, Stacks
from tests.synthetic import World

Stack = tuple[int, int, int, int]
TID = 77


class Made:
    """A goroutine on a thread, whose stacks are full of numbers: each word says where it is."""

    def __init__(self, minor: int = 27) -> None:
        self.world = World(minor)
        self.code = Code(self.world, Function("main.f", 64))
        self.gs, self.stacks = Gs(self.code), Stacks(self.code)

    def full(self) -> Stack:
        pc, sp, low, high = self.stacks.push("main.f", "runtime.goexit")
        for at in range(low, high, 8):
            if not self.world.program.word(at):
                self.world.words(at, at)
        return pc, sp, low, high

    def system(self) -> tuple[int, Stack]:
        """A g of the runtime's own, in no list, and its stack."""
        stack = self.full()
        at = self.world.off_heap.take(self.world.binary.layout("runtime.g").size)
        self.world.put("runtime.g", at, stack__lo=stack[2], stack__hi=stack[3], sched__sp=stack[1])
        return at, stack

    def thread(self, **registers: int) -> None:
        self.world.target.thread_list = [Thread(TID, registers)]

    def found(self) -> Part:
        return joined(list(unparked(self.gs.finish())))


def where(part: Part, kind: int) -> set[int]:
    return set(part.where[part.kind == kind].tolist())


@pytest.mark.parametrize("minor", [21, 27])
def test_a_parked_goroutine_has_maps(minor: int) -> None:
    made = Made(minor)
    made.gs.add(1, made.full())
    assert len(made.found().value) == 0


@pytest.mark.parametrize("status", [2, 3, 8, 0x1002])
def test_from_the_lowest_stack_pointer_on(status: int) -> None:
    made = Made()
    pc, sp, low, high = made.full()
    made.gs.add(1, (pc, sp, low, high), atomicstatus=status, m=made.gs.machine(procid=TID))
    made.thread(rip=pc, rsp=sp - 64)
    assert where(made.found(), CONSERVATIVE) == set(range(sp - 64, high, 8))


def test_all_of_a_stack_whose_thread_is_elsewhere() -> None:
    made = Made()
    pc, sp, low, high = made.full()
    made.gs.add(1, (pc, sp, low, high), atomicstatus=2, m=made.gs.machine(procid=TID))
    made.thread(rip=pc, rsp=1 << 20)
    assert where(made.found(), CONSERVATIVE) == set(range(low, high, 8))


def systems(sp_on: str) -> tuple[Part, Stack, Stack]:
    """A thread that has work, whose stack pointer is on one of its stacks, on a goroutine's or nowhere."""
    made = Made()
    (g0, scheduler), (gsignal, handler), own = made.system(), made.system(), made.full()
    g = made.gs.add(1, own, atomicstatus=2, m=1)
    machine = made.gs.machine(procid=TID, g0=g0, gsignal=gsignal, curg=g)
    made.world.put("runtime.g", g, m=machine)
    stacks = {"scheduler": scheduler, "handler": handler, "own": own, "nowhere": (0, 1 << 20, 0, 0)}
    made.thread(rip=scheduler[0], rsp=stacks[sp_on][1])
    return made.found(), scheduler, handler


@pytest.mark.parametrize(("sp_on", "scheduler_from", "handler_from"), [
    ("scheduler", 1, None), ("handler", 2, 1), ("own", 1, None), ("nowhere", 2, 2),
])  # fmt: skip
def test_stacks_of_schedulers_and_signal_handlers(sp_on: str, scheduler_from: int, handler_from: int | None) -> None:
    found, scheduler, handler = systems(sp_on)
    used = set(range(scheduler[scheduler_from], scheduler[3], 8))
    if handler_from is not None:
        used |= set(range(handler[handler_from], handler[3], 8))
    assert where(found, THREAD) - {0} == used
    assert set(found.owner[found.kind == THREAD].tolist()) == {TID}


def test_a_thread_with_nothing_to_run_holds_nothing() -> None:
    made = Made()
    (g0, scheduler), (gsignal, _) = made.system(), made.system()
    made.gs.machine(procid=TID, g0=g0, gsignal=gsignal)
    made.thread(rip=scheduler[0], rsp=scheduler[1], rax=0xC0_0000_0008)
    assert len(made.found().value) == 0


def test_registers_of_every_thread() -> None:
    made = Made()
    made.thread(rip=1, rsp=2, rax=0xC0_0000_0008, rbx=0)
    made.world.target.vector_registers[TID] = Vectors(struct.pack("<3Q", 5, 0, 6) + b"odd")
    found = made.found()
    assert sorted(found.value.tolist()) == [1, 2, 5, 6, 0xC0_0000_0008] and where(found, THREAD) == {0}


def test_what_cannot_be_read_is_said() -> None:
    made = Made()
    made.gs.add(1, (0, 1 << 45, 1 << 45, (1 << 45) + 4096), atomicstatus=3)
    assert made.found().notes == ("4,096 bytes of a stack in use could not be read",)


@pytest.mark.parametrize(("p", "notes"), [(0, 0), (1 << 20, 1)])
def test_a_thread_that_has_work_and_is_not_there_is_said(p: int, notes: int) -> None:
    """A core may have no registers, and what a scheduler is about to call may be nowhere else."""
    made = Made()
    made.gs.machine(procid=TID, p=p)
    said = "1 threads that have a processor are not there: what their registers hold is not known"
    assert made.found().notes == (said,) * notes


def test_stacks_that_lie_over_one_another_are_read_once() -> None:
    made = Made()
    pc, sp, low, high = made.full()
    for goid in range(1, 40):
        made.gs.add(goid, (pc, sp, low, high), atomicstatus=8)
    found = made.found()
    assert sorted(found.where.tolist()) == list(range(low, high, 8))


def test_bounds_without_sense_are_left_out() -> None:
    made = Made()
    made.gs.add(1, (0, 0, 1 << 20, 1 << 60), atomicstatus=3)
    assert len(made.found().value) == 0
