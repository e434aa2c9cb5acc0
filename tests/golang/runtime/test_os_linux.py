"""Threads, the goroutines they run, and what a signal interrupted (runtime/os_linux.go, signal_unix.go)."""

from __future__ import annotations

import pytest
from attrs import define

from gdbext.golang.runtime.os_linux import (
    Registers,
    Saved,
    interrupted_registers,
    match_threads,
    running_registers,
    through_signals,
)
from gdbext.golang.runtime.runtime2 import Machine
from gdbext.golang.runtime.traceback import PcTable
from gdbext.target import Thread
from tests.golang.madecode import Code, Function, Stacks
from tests.synthetic import ARCH, World

NOWHERE = 0x1234
SAVED_PC, SAVED_SP, SAVED_FP = ARCH.interrupted


def machine(number: int, procid: int = 0, **more: int | tuple[int, int]) -> Machine:
    address = 0x1000 * number
    known = {"g0": address + 1, "gsignal": address + 2, "curg": address + 3, "vdso_sp": 0, "vdso_pc": 0}
    stacks = {"g0_stack": (0, 0), "signal_stack": (0, 0)}
    return Machine(address=address, procid=procid, id=number, **{**known, **stacks, **more})  # type: ignore[arg-type]


def test_threads_by_their_own_word_for_their_g() -> None:
    """procid is a number of the program's PID namespace: here it names the wrong threads."""
    world = World()
    one, two = machine(1, procid=2), machine(2, procid=1)
    tls = world.data.take(16)
    world.words(tls, one.curg)
    threads = [Thread(1, {"fs_base": tls + 8, "r14": two.g0}), Thread(2, {"fs_base": 0x10, "r14": two.gsignal})]
    found = match_threads(world.program, [one, two], threads)
    assert {address: thread.tid for address, thread in found.items()} == {one.address: 1, two.address: 2}


def test_threads_by_number() -> None:
    one, two, idle = machine(1, procid=11), machine(2, procid=12), machine(3)
    threads = [Thread(500, namespace_tid=11), Thread(12), Thread(0)]
    found = match_threads(World().program, [one, two, idle], threads)
    assert {address: thread.tid for address, thread in found.items()} == {one.address: 500, two.address: 12}


@define
class Made:
    """A goroutine's stack, and the program around it."""

    code: Code
    table: PcTable
    stack: tuple[int, int, int, int]

    def where(self, registers: dict[str, int] | None, m: Machine, saved_sp: int = 0) -> Registers | str:
        pc, _, low, high = self.stack
        thread = None if registers is None else Thread(1, registers)
        saved = Saved(low, high, pc, saved_sp, 9)
        return running_registers(self.code.world.program, self.table, m, thread, saved)


@pytest.fixture
def made() -> Made:
    code = Code(
        World(),
        Function("main.f"),
        Function("runtime.sighandler", 16),
        Function("runtime.sigreturn__sigaction", 0),
        Function("gogo", 0, flag=2),
    )
    stack = Stacks(code).push("main.f", "runtime.goexit")
    return Made(code, PcTable(code.symtab()), stack)


def test_on_its_own_stack(made: Made) -> None:
    pc, sp, _, _ = made.stack
    assert made.where({"rip": pc, "rsp": sp, "rbp": 3}, machine(1)) == Registers(pc, sp, 3, True)


def test_back_on_its_own_stack_it_goes_on_where_that_was_left(made: Made) -> None:
    """gogo has set SP; no return address lies there, and the saved SP is cleared."""
    pc, sp, _, _ = made.stack
    assert made.where({"rip": made.code.pc("gogo"), "rsp": sp, "rbp": 3}, machine(1)) == Registers(pc, sp, 9, False)


def test_on_the_system_stack_the_switch_was_saved(made: Made) -> None:
    pc, sp, _, _ = made.stack
    assert made.where({"rip": pc, "rsp": 0x99}, machine(1), saved_sp=sp) == Registers(pc, sp, 9, False)


def test_in_the_vdso_the_caller_was_saved(made: Made) -> None:
    pc, sp, _, _ = made.stack
    inside = machine(1, vdso_sp=sp, vdso_pc=pc)
    assert made.where({"rip": NOWHERE, "rsp": sp - 8, "rbp": 3}, inside) == Registers(pc, sp, 3, False)


def test_without_a_trace_there_is_a_reason(made: Made) -> None:
    assert made.where(None, machine(1)) == "running: needs the thread's registers"
    assert made.where({}, machine(1)) == "running: needs the thread's registers"
    assert "left no trace" in str(made.where({"rip": NOWHERE, "rsp": 0x99}, machine(1)))


def test_what_a_signal_interrupted(made: Made) -> None:
    """The kernel puts a struct ucontext above the handler's return address."""
    world, (pc, sp, _, _) = made.code.world, made.stack
    handler = Stacks(made.code).push("runtime.sighandler", "runtime.sigtramp", last=NOWHERE)
    context = handler[1] + 24 + 48
    for at, value in ((SAVED_PC, pc), (SAVED_SP, sp), (SAVED_FP, 5)):
        world.words(context + at, value)
    m = machine(1, signal_stack=handler[2:])
    registers = {"rip": handler[0], "rsp": handler[1]}
    now, before = Registers(*handler[:2], 0, True), Registers(pc, sp, 5, True, context)
    assert list(through_signals(world.program, made.table, m, now)) == [now, before]
    assert made.where(registers, m) == before


def test_on_its_way_back_from_a_signal_handler(made: Made) -> None:
    """sigtramp has returned; the system call has not put the registers back."""
    world, (pc, sp, _, _) = made.code.world, made.stack
    low = world.heap.take(0x400, 16)
    context = low + 0x100
    for at, value in ((SAVED_PC, pc), (SAVED_SP, sp), (SAVED_FP, 5)):
        world.words(context + at, value)
    m = machine(1, signal_stack=(low, low + 0x400))
    registers = {"rip": made.code.pc("runtime.sigreturn__sigaction"), "rsp": context}
    assert made.where(registers, m) == Registers(pc, sp, 5, True, context)


def test_the_registers_of_what_a_signal_interrupted(made: Made) -> None:
    world, (pc, sp, _, _) = made.code.world, made.stack
    m, sps = in_nested_signals(made, [(pc, sp)])
    context, (begin, end) = sps[0] + 24 + 48, ARCH.interrupted_general
    world.words(context + begin, *range(100, 100 + (end - begin) // 8))
    thread = Thread(1, {"rip": made.code.pc("runtime.sighandler"), "rsp": sps[0], "rax": 77})
    found = list(interrupted_registers(world.program, made.table, m, thread))
    assert found == [(context + at, 100 + (at - begin) // 8) for at in range(begin, end, 8)]


def test_a_thread_outside_of_handlers_has_its_own_registers(made: Made) -> None:
    thread = Thread(1, {"rip": made.stack[0], "rsp": made.stack[1], "rax": 77})
    found = list(interrupted_registers(made.code.world.program, made.table, machine(1), thread))
    assert found == [(0, made.stack[0]), (0, made.stack[1]), (0, 77)]


def in_nested_signals(made: Made, contexts: list[tuple[int, int]]) -> tuple[Machine, list[int]]:
    """Handlers on one signal stack, the innermost first, which interrupted (pc, sp); the SPs where they are. An sp of
    -1 is that of the next handler."""
    world, pc = made.code.world, made.code.pc
    size, low = 0x400, world.heap.take(0x400 * len(contexts) + 0x100, 16)
    sps = [low + 0x40 + size * number for number in range(len(contexts) + 1)]
    for at, after, (to, sp) in zip(sps, sps[1:], contexts, strict=False):
        world.words(at + 16, pc("runtime.sigtramp"))
        context = at + 24 + 48
        for place, value in ((SAVED_PC, to), (SAVED_SP, after if sp < 0 else sp), (SAVED_FP, 5)):
            world.words(context + place, value)
    return machine(1, signal_stack=(low, sps[-1])), sps[:-1]


def test_signals_inside_of_signal_handlers(made: Made) -> None:
    """A crash sends SIGABRT from the handler of SIGQUIT."""
    pc, sp, _, _ = made.stack
    handler = made.code.pc("runtime.sighandler")
    m, sps = in_nested_signals(made, [(handler, -1), (handler, -1), (pc, sp)])
    registers = {"rip": handler, "rsp": sps[0]}
    assert made.where(registers, m) == Registers(pc, sp, 5, True, sps[2] + 24 + 48)
    steps = through_signals(made.code.world.program, made.table, m, Registers(handler, sps[0], 0, True))
    assert [each.sp for each in steps] == [*sps, sp]


def test_contexts_that_lead_inwards_or_back_end_the_search(made: Made) -> None:
    """And what an earlier switch of stacks saved is not taken for the goroutine's place."""
    pc, sp, _, _ = made.stack
    handler = made.code.pc("runtime.sighandler")
    for garbage in (0, 1):
        m, sps = in_nested_signals(made, [(handler, -1), (handler, -1), (pc, sp)])
        context = sps[1] + 24 + 48
        made.code.world.words(context + SAVED_SP, sps[garbage])
        assert "signal handler" in str(made.where({"rip": handler, "rsp": sps[0]}, m, saved_sp=sp))


def test_what_an_earlier_switch_saved_is_no_trace(made: Made) -> None:
    _, sp, _, _ = made.stack
    assert "left no trace" in str(made.where({"rip": NOWHERE, "rsp": 0x99}, machine(1), saved_sp=sp))
    on_g0 = machine(1, g0_stack=(0x90, 0x100))
    assert made.where({"rip": NOWHERE, "rsp": 0x99}, on_g0, saved_sp=sp) == Registers(made.stack[0], sp, 9, False)


def test_a_signal_stack_without_a_handler(made: Made) -> None:
    other = Stacks(made.code).push("main.f", "runtime.goexit")
    m = machine(1, signal_stack=other[2:])
    assert "signal handler" in str(made.where({"rip": other[0], "rsp": other[1]}, m))
    assert "signal handler" in str(made.where({"rip": NOWHERE, "rsp": other[1]}, m))
