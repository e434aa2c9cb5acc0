"""One stack, frame by frame, on made stacks (runtime/traceback.go)."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from gdbext.golang.runtime.traceback import (
    COMPLETE,
    CUT,
    ENDS,
    OUT_OF_STACK,
    SWITCHES_STACK,
    UNKNOWN_PC,
    UNREADABLE,
    PcTable,
    Walk,
)
from tests.golang.madecode import Code, Function, Stacks
from tests.synthetic import HEAP, World

F, G = Function("main.f", 40), Function("main.g", 8)


@pytest.fixture
def code() -> Code:
    return Code(World(), F, G)


def walked(
    code: Code, *calls: tuple[str, int] | str, last: int = 0, trapped: bool = False, own: bool = False
) -> tuple[list[str], str]:
    pc, sp, low, high = Stacks(code).push(*calls, last=last)
    symtab = code.symtab()
    found = Walk(code.world.target.memory, PcTable(symtab), pc, sp, low, high, trapped, own=own)
    return [symtab.name(frame.function) for frame in found], ENDS[found.end]


def test_to_the_bottom(code: Code) -> None:
    names = ["runtime.gopark", "main.f", "main.g", "main.f", "runtime.goexit"]
    assert walked(code, *names) == (names, "")


def test_frames_lie_on_each_other(code: Code) -> None:
    pc, sp, low, high = Stacks(code).push("main.f", "main.g", "runtime.goexit")
    frames = list(Walk(code.world.target.memory, PcTable(code.symtab()), pc, sp, low, high))
    assert [(frame.sp - sp, frame.cfa - sp) for frame in frames] == [(0, 48), (48, 64), (64, 72)]


def test_a_prologue_has_no_frame_yet(code: Code) -> None:
    _, sp, low, high = Stacks(code).push("main.f", "runtime.goexit")
    found = Walk(code.world.target.memory, PcTable(code.symtab()), code.pc("main.f", 2), sp + 40, low, high)
    assert [(frame.cfa - sp) for frame in found] == [48, 56]


@pytest.mark.parametrize("called", ["runtime.sigpanic", "runtime.asyncPreempt", "main.g"])
def test_below_an_injected_call_the_pc_is_exact(code: Code, called: str) -> None:
    pc, sp, low, high = Stacks(code).push(called, "main.f", "main.g", "runtime.goexit")
    frames = list(Walk(code.world.target.memory, PcTable(code.symtab()), pc, sp, low, high))
    assert [frame.trapped for frame in frames] == [False, called != "main.g", False, False]
    assert [frame.panicked for frame in frames] == [False, called == "runtime.sigpanic", False, False]


def test_a_function_that_switches_stacks_ends_a_walk(code: Code) -> None:
    assert walked(code, "main.f", "runtime.mcall", "main.g") == (["main.f", "runtime.mcall"], ENDS[SWITCHES_STACK])


def test_but_not_where_it_was_parked(code: Code) -> None:
    """It grew its stack at its entry, before it wrote SP. A thread's registers give no such promise, but in a function
    that sets SP to leave a goroutine's stack and is still there."""
    names = ["runtime.mcall", "main.g", "runtime.goexit"]
    assert walked(code, *names) == (names, "")
    assert walked(code, *names, trapped=True) == (names[:1], ENDS[SWITCHES_STACK])
    assert walked(code, *names, trapped=True, own=True) == (names, "")
    other = Code(World(), Function("main.align", flag=2))
    names[0] = "main.align"
    assert walked(other, "main.align", "runtime.goexit", trapped=True, own=True) == (names[:1], ENDS[SWITCHES_STACK])


def test_cgocallback_keeps_both_stacks_whole(code: Code) -> None:
    names = ["main.f", "runtime.cgocallback", "main.g", "runtime.goexit"]
    assert walked(code, *names) == (names, "")


def test_a_return_address_outside_of_go(code: Code) -> None:
    assert walked(code, "main.f", "main.g", last=0x1234) == (["main.f", "main.g"], ENDS[UNKNOWN_PC])


def test_a_function_without_a_frame_table(code: Code) -> None:
    assert walked(code, "main.f", "runtime.unframed")[1] == ENDS[UNKNOWN_PC]


def test_the_stacks_bounds_hold(code: Code) -> None:
    pc, sp, low, high = Stacks(code).push("main.f", "main.g", "runtime.goexit")
    symtab = code.symtab()
    found = Walk(code.world.target.memory, PcTable(symtab), pc, sp, low, sp + 50)
    assert [symtab.name(frame.function) for frame in found] == ["main.f"] and found.end == OUT_OF_STACK
    assert list(Walk(code.world.target.memory, PcTable(symtab), pc, sp, sp + 8, high)) == []


def test_unreadable_stacks_and_limits(code: Code) -> None:
    symtab = code.symtab()
    found = Walk(code.world.target.memory, PcTable(symtab), code.pc("main.f"), 0x10)
    assert len(list(found)) == 1 and found.end == UNREADABLE
    pc, sp, low, high = Stacks(code).push("main.f", "main.g", "runtime.goexit")
    short = Walk(code.world.target.memory, PcTable(symtab), pc, sp, low, high, limit=2)
    assert len(list(short)) == 2 and short.end == CUT


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0x400000, 0x401000), max_size=64), st.integers(0, 500))
def test_no_stack_content_raises_or_hangs(words: list[int], at: int) -> None:
    code = Code(World(), F, G)
    code.world.words(HEAP, *words)
    found = Walk(code.world.target.memory, PcTable(code.symtab()), code.pc("main.f"), HEAP + at, HEAP, HEAP + 0x1000)
    assert len(list(found)) <= 0x200 and found.end in (COMPLETE, SWITCHES_STACK, UNKNOWN_PC, OUT_OF_STACK, UNREADABLE)
