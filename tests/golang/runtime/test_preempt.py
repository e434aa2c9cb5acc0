"""Calls that the program did not make, on made tables."""

from __future__ import annotations

from gdbext.golang.runtime.preempt import extents, injected_functions
from tests.golang.madecode import SIZE, Code, Function
from tests.synthetic import World


def test_how_far_below_the_return_address_sp_is() -> None:
    code = Code(World(), Function("main.f"))
    panic, preempt = injected_functions(code.symtab())
    assert (panic.start, panic.end) == (code.pc("runtime.sigpanic", 0), code.pc("runtime.sigpanic", SIZE))
    assert [panic.frame_size(panic.start + at) for at in (0, 4, 0x10, SIZE - 1)] == [8, 32, 32, 32]
    assert [panic.frame_size(at) for at in (panic.start - 1, panic.end)] == [0, 0]
    assert preempt.frame_size(code.pc("runtime.asyncPreempt")) == 32


def test_a_function_without_a_table_tells_nothing() -> None:
    code = Code(World(), Function("runtime.debugCallV2", -1))
    (*_, debug_call) = injected_functions(code.symtab())
    assert debug_call.frame_size(code.pc("runtime.debugCallV2")) == 0


def test_where_a_function_lies() -> None:
    code = Code(World(), Function("main.f"), Function("main.last"))
    start = code.pc("main.last", 0)
    assert extents(code.symtab(), "main.last") == ((start, start + SIZE),)
    assert extents(code.symtab(), "main.nothing") == ()
