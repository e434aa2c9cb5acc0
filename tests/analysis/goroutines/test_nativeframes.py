"""What a debugger's unwinder is told, on made goroutines."""

from __future__ import annotations

import pytest
from attrs import evolve

from gdbext.analysis.goroutines.nativeframes import MARKED, Caller, Code as Known, Standing, Way, standing
from gdbext.errors import UsageError
from gdbext.golang.runtime.proc import Goroutines
from tests.golang.madecode import Code, Function, Gs, Inlined, Stacks
from tests.synthetic import ARCH, World

SWITCHES = Function("runtime.exitsyscall", inlined=[Inlined("main.inner", 0x40, 0x50, 0x45)])


def made(*functions: Function) -> tuple[Code, Gs, Stacks]:
    code = Code(World(), Function("main.f"), *functions)
    return code, Gs(code), Stacks(code)


def only(goroutines: Goroutines, known: Known | None = None) -> Standing:
    return standing(goroutines, known or Known(ARCH), 0)


def no_memory(address: int) -> int:
    raise AssertionError(f"read {address:#x}")


def test_a_waiting_goroutine_stands_where_it_was_saved() -> None:
    _, gs, stacks = made()
    pc, sp, low, high = stack = stacks.push("main.f", "runtime.goexit")
    gs.add(7, stack, sched__bp=sp + 24)
    found = only(gs.finish())
    assert (found.goid, found.state, found.tid) == (7, "waiting, chan receive", 0)
    assert (found.pc, found.sp, found.bp, found.low, found.high) == (pc, sp, sp + 24, low, high)
    assert not found.trapped and not found.in_syscall
    assert found.holds(sp) and not found.holds(low) and not found.holds(high + 1)


def test_one_that_never_ran_stands_behind_its_first_byte() -> None:
    code, gs, stacks = made()
    stack = stacks.push(("main.f", 0), "runtime.goexit")
    gs.add(7, stack, atomicstatus=1)
    assert only(gs.finish()).pc == code.pc("main.f", 0) + 1


def test_a_system_call() -> None:
    _, gs, stacks = made()
    pc, sp, *bounds = stacks.push("main.f", "runtime.goexit")
    gs.add(7, (0, 0, *bounds), atomicstatus=3, syscallpc=pc, syscallsp=sp, m=gs.machine(procid=77))
    found = only(gs.finish())
    assert (found.state, found.tid, found.pc, found.sp, found.in_syscall) == ("syscall", 77, pc, sp, True)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"atomicstatus": 2}, "running on a thread that the runtime does not list"),
        ({"atomicstatus": 5}, "bad status 0x5"),
        ({"sched__sp": 8}, "stack pointer 0x8 outside of its stack"),
        ({"sched__pc": 0}, "its saved registers are empty"),
    ],
)
def test_what_nobody_can_tell_is_refused(fields: dict[str, int], why: str) -> None:
    _, gs, stacks = made()
    gs.add(7, stacks.push("main.f", "runtime.goexit"), **fields)
    with pytest.raises(UsageError) as refused:
        only(gs.finish())
    assert refused.value.message == f"goroutine 7 cannot be shown: {why}"


STANDING = Standing(7, "waiting", tid=0, pc=0x401010, sp=0x8000, bp=0x8040, low=0x7000, high=0x9000, code=Known(ARCH))


def test_the_borrowed_frame_leads_to_the_goroutine() -> None:
    """Its id lies below the goroutine's stack pointer; of the frames inside of it, inlined ones, nobody asks."""
    way = Way(STANDING, 1)
    assert way.caller(1, 0x1234, 0xFFFF0000, no_memory) == Caller(0x7FF8, 0x401010, 0x401010, 0x8000, 0x8040)
    assert way.caller(2, 0x401010, 0x8000, no_memory) is None
    assert [way.hides(level, 5) for level in (0, 1, 2)] == [True, True, False]


def test_c_leads_to_the_goroutine_over_a_bridge() -> None:
    code, _, _ = made(Function("runtime.asmcgocall"), SWITCHES)
    known = Known.of(code.symtab())
    assert known.within_inlined == code.pc("runtime.exitsyscall", 0x41)
    way = Way(Standing(7, "syscall", 5, 0x401010, 0x8000, 0x8040, 0x7000, 0x9000, in_syscall=True, code=known), None)
    c_stack, bridge, marker = 0x7FFF0000, known.within_inlined, 0x8000 - MARKED
    assert way.caller(0, 0x1234, c_stack, no_memory) is None
    at = code.pc("runtime.asmcgocall")
    assert way.caller(3, at, c_stack, no_memory) == Caller(c_stack + 8, at, bridge, marker)
    assert way.caller(5, bridge, marker, no_memory) == Caller(0x7FF8, 0x401010, 0x401010, 0x8000, 0x8040)
    assert [way.hides(level, pc) for level, pc in ((0, 5), (3, at), (4, bridge), (6, 0x401010))] == [0, 0, 1, 0]


def test_nothing_is_below_goexit() -> None:
    code, _, _ = made()
    way = Way(evolve(STANDING, code=Known.of(code.symtab())), 0)
    assert [way.is_last(code.pc(name)) for name in ("runtime.goexit", "main.f")] == [True, False]


def test_a_runtime_without_inlined_calls_has_no_bridge() -> None:
    code, _, _ = made(Function("runtime.asmcgocall"))
    assert Known.of(code.symtab()).within_inlined == 0


def test_the_frame_below_a_fault_was_interrupted() -> None:
    code, gs, stacks = made()
    pc, sp, _, high = stack = stacks.push("runtime.sigpanic", ("main.f", 0), "runtime.goexit")
    gs.add(7, stack)
    code.world.words(sp + 16, 0x1122)  # below the return address lies the saved frame pointer
    goroutines = gs.finish()
    way = Way(only(goroutines, Known.of(goroutines.symtab)), 0)
    found = way.caller(1, pc, sp, code.world.program.word)
    assert found == Caller(sp + 32, pc, code.pc("main.f", 0), sp + 32, 0x1122, interrupted=True)
    assert way.caller(1, pc, high + 8, no_memory) is None, "on another stack"
    assert way.caller(2, code.pc("main.f"), sp + 32, no_memory) is None
