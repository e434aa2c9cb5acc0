"""All goroutines of made programs (runtime/proc.go): saved registers, damage, faults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.errors import GdbextError
from gdbext.golang.runtime.nanotime import Now
from gdbext.golang.runtime.proc import Goroutines
from gdbext.target import Thread
from tests.golang.madecode import Code, Function, Gs, Stacks
from tests.synthetic import World, failing

STACK = ("main.f", "runtime.goexit")


def made(minor: int = 27) -> tuple[Gs, Stacks]:
    code = Code(World(minor), Function("main.f"), Function("main.g"))
    return Gs(code), Stacks(code)


def places(goroutines: Goroutines) -> dict[int, str]:
    """The innermost function of each goroutine, or why there is none."""
    symtab = goroutines.symtab
    found = {}
    for row, goid in enumerate(goroutines.goid.tolist()):
        index = symtab.function(int(goroutines.pc[row]))
        found[goid] = symtab.name(index) if index >= 0 else goroutines.trouble[row]
    return found


@pytest.mark.parametrize("minor", range(21, 28))
def test_parked_in_a_system_call_and_dead(minor: int) -> None:
    gs, stacks = made(minor)
    parked, other = stacks.push(*STACK), stacks.push("main.g", "runtime.goexit")
    gs.add(1, parked)
    gs.add(2, parked[:1] + other[1:], atomicstatus=3, syscallpc=other[0], syscallsp=other[1])
    gs.add(3, atomicstatus=6)
    gs.add(4, atomicstatus=0)
    gs.add(5, parked, atomicstatus=4 | 0x1000)
    found = gs.finish()
    assert places(found) == {1: "main.f", 2: "main.g", 5: "main.f"}
    assert [found.status_name(row) for row in range(3)] == ["waiting", "syscall", "waiting"]
    assert [found.reason(row) for row in range(3)] == ["chan receive", "", "chan receive"]
    assert found.scanning.tolist() == [False, False, True] and found.trouble == {}


def test_a_system_calls_registers_count_whatever_the_status_says() -> None:
    """Go 1.26: a goroutine can be running with syscallsp set."""
    gs, stacks = made()
    stack = stacks.push("main.g", "runtime.goexit")
    gs.add(1, stacks.push(*STACK)[:2] + stack[2:], atomicstatus=2, syscallpc=stack[0], syscallsp=stack[1])
    assert places(gs.finish()) == {1: "main.g"}


def test_the_spare_of_a_thread_that_c_made_is_left_out_and_a_leaked_one_waits() -> None:
    gs, stacks = made()
    gs.add(1, stacks.push(*STACK), atomicstatus=10)
    gs.add(2, stacks.push(*STACK), atomicstatus=11)
    found = gs.finish()
    assert found.goid.tolist() == [1] and found.status_name(0) == "leaked" and found.reason(0) == "chan receive"


def test_damaged_ones_are_rows_with_a_reason() -> None:
    gs, stacks = made()
    pc, sp, low, high = stack = stacks.push(*STACK)
    gs.add(1, stack)
    gs.add(2, stack, atomicstatus=77)
    gs.add(3, (pc, sp, high, low))
    gs.add(4, (pc, high + 8, low, high))
    gs.g.append(0x18)
    found = gs.finish()
    assert len(found) == 5 and places(found)[1] == "main.f"
    assert {row: reason.split(" 0x")[0] for row, reason in found.trouble.items()} == {
        1: "bad status",
        2: "bad stack bounds",
        3: "stack pointer",
        4: "unreadable g",
    }


def test_without_registers_a_running_one_has_no_place() -> None:
    gs, stacks = made()
    gs.add(1, stacks.push(*STACK), atomicstatus=2, m=gs.machine(procid=7))
    gs.add(2, stacks.push(*STACK), atomicstatus=2, m=0x10)
    found = gs.finish()
    assert places(found) == {
        1: "running: needs the thread's registers",
        2: "running on a thread that the runtime does not list",
    }
    assert found.tid.tolist() == [7, 0]
    assert [found.on_thread(tid) for tid in (7, 0, 8)] == [0, -1, -1]


def test_running_ones_are_where_their_threads_are(monkeypatch: pytest.MonkeyPatch) -> None:
    gs, stacks = made()
    pc, sp, low, high = stacks.push(*STACK)
    machine = gs.machine(procid=7)
    gs.add(1, (0, 0, low, high), atomicstatus=2, m=machine)
    threads = [Thread(99, {"rip": pc, "rsp": sp, "rbp": 5}, namespace_tid=7)]
    monkeypatch.setattr(gs.code.world.target, "threads", lambda: threads)
    found = gs.finish()
    assert places(found) == {1: "main.f"} and found.trapped.tolist() == [True] and found.bp.tolist() == [5]
    assert found.tid.tolist() == [99]


def test_the_list_itself() -> None:
    gs, stacks = made()
    gs.g += [gs.add(1, stacks.push(*STACK)), 0]
    assert gs.finish().goid.tolist() == [1]


@pytest.mark.parametrize("damage", [("runtime.allglen", 1 << 40), ("runtime.allgptr", 0x10), ("runtime.allglen", 0)])
def test_the_locked_list_stands_in(damage: tuple[str, int]) -> None:
    gs, stacks = made()
    gs.add(1, stacks.push(*STACK))
    found = gs.finish()
    gs.code.world.words(gs.code.world.symbols[damage[0]], damage[1])
    assert Goroutines.of(found.program, found.symtab).goid.tolist() == [1]
    gs.code.world.words(gs.code.world.symbols["runtime.allgs"], 0x10, 1, 1)
    with pytest.raises(GdbextError):
        Goroutines.of(found.program, found.symtab)


def test_waited_at_least() -> None:
    gs, stacks = made()
    for goid, since, status in ((1, 100, 4), (2, 0, 4), (3, 100, 1), (4, 900, 4)):
        gs.add(goid, stacks.push(*STACK), waitsince=since, atomicstatus=status)
    found = gs.finish()
    assert found.now == Now(900, True, "the latest time found in the runtime")
    assert found.waited().tolist() == [800, -1, -1, 0]


def test_reads_that_fail_are_rows_or_errors_of_ours() -> None:
    gs, stacks = made()
    gs.add(1, stacks.push(*STACK))
    gs.add(2, stacks.push(*STACK), atomicstatus=2, m=gs.machine(procid=7))
    found = gs.finish()
    for _ in failing(found.program.target):  # type: ignore[arg-type]
        try:
            again = Goroutines.of(found.program, found.symtab)
        except GdbextError as error:
            assert str(error)
        else:
            assert len(again) == 2 and again.reason(0) and again.waited().shape == (2,)


@settings(max_examples=60)
@given(st.lists(st.binary(min_size=456, max_size=456), min_size=1, max_size=6))
def test_garbage_gs(garbage: list[bytes]) -> None:
    gs, _ = made()
    for raw in garbage:
        gs.code.world.write(gs.add(1), raw)
    found = gs.finish()
    assert len(found) <= len(garbage)
    located = np.flatnonzero(found.pc)
    assert all(found.g["low"][row] <= found.sp[row] <= found.g["high"][row] for row in located)
    assert all(found.status_name(row) and isinstance(found.reason(row), str) for row in range(len(found)))
    assert (found.waited() >= -1).all()
