"""What threads do, on made m's."""

from __future__ import annotations

import struct

import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st

from gdbext.analysis.goroutines.systemstacks import system_stacks
from gdbext.analysis.goroutines.threads import OsThread, os_threads
from gdbext.golang.runtime.proc import Goroutines
from gdbext.target import Blocked, Mapping, Thread
from tests.golang.madecode import TEXT, Code, Function, Gs, Stacks
from tests.synthetic import HEAP, World

TID = 70
WORDS = st.integers(0, 2**64 - 1) | st.integers(TEXT, TEXT + 0xC00) | st.integers(HEAP, HEAP + 0x1000)


def code() -> Code:
    return Code(World(), Function("main.f"), Function("runtime.sysmon"), Function("runtime.findRunnable"))


def only(goroutines: Goroutines, world: World, thread: Thread | None = None) -> OsThread:
    """The one thread that is found. ``thread``: what the target has of it."""
    world.target.thread_list = [thread or Thread(TID)]
    (found,) = os_threads(goroutines)
    return found


@pytest.mark.parametrize(
    ("g", "m", "doing"),
    [
        ({"atomicstatus": 2}, {}, "go"),
        ({"atomicstatus": 3, "syscallsp": 8}, {}, "syscall"),
        ({"atomicstatus": 2, "syscallsp": 8}, {}, "syscall"),  # Go 1.26 leaves the status
        ({"atomicstatus": 3, "syscallsp": 8}, {"incgo": 1}, "c"),
        ({"atomicstatus": 2}, {"blocked": 1}, "go"),
    ],
)
def test_with_a_goroutine(g: dict[str, int], m: dict[str, int], doing: str) -> None:
    made = code()
    gs = Gs(made)
    gs.machine(procid=TID, id=3, curg=gs.add(11, **g), **m)
    found = only(gs.finish(), made.world)
    assert (found.doing, found.goid, found.machine and found.machine.id, found.locked_goid) == (doing, 11, 3, None)


@pytest.mark.parametrize(
    ("m", "doing"), [({}, "scheduler"), ({"blocked": 1}, "idle"), ({"blocked": 1, "p": 1}, "scheduler")]
)
def test_without_one(m: dict[str, int], doing: str) -> None:
    made = code()
    gs = Gs(made)
    size = made.world.binary.layout("runtime.p").size
    p = made.world.off_heap.take(size)
    made.world.put("runtime.p", p, id=5)
    locked = gs.add(12)
    gs.machine(procid=TID, lockedg=locked, **{**m, **({"p": p} if "p" in m else {})})
    found = only(gs.finish(), made.world)
    assert (found.doing, found.goid, found.p, found.locked_goid) == (doing, None, 5 if "p" in m else None, 12)


def test_the_runtimes_own_threads_are_named() -> None:
    made = code()
    gs, funcval = Gs(made), made.world.off_heap.take(8)
    made.world.words(funcval, made.pc("runtime.sysmon", 0))
    gs.machine(procid=TID, mstartfn=funcval, blocked=1)
    found = only(gs.finish(), made.world)
    assert (found.doing, found.place) == ("scheduler", "runtime.sysmon")


def test_where_and_in_which_system_call() -> None:
    made = code()
    gs = Gs(made)
    gs.machine(procid=TID)
    goroutines, world = gs.finish(), made.world
    sleeping = only(goroutines, world, Thread(TID, blocked=Blocked(202, made.pc("main.f"), 0)))
    assert (sleeping.place, sleeping.syscall) == ("main.f", "futex")
    at = HEAP + 2
    world.write(HEAP, b"\x0f\x05")
    registers = {"rip": at, "rsp": 0, "orig_rax": 1000}
    assert only(goroutines, world, Thread(TID, registers)).syscall == "system call 1000"
    assert only(goroutines, world, Thread(TID, {**registers, "orig_rax": 2**64 - 1})).syscall == ""
    assert only(goroutines, world, Thread(TID, {**registers, "rip": at + 1})).syscall == ""
    world.target.memory.files = [Mapping(0x7F0000, 0x7F1000, "/lib/libc.so.6")]
    assert only(goroutines, world, Thread(TID, {"rip": 0x7F0010, "rsp": 0})).place == "libc.so.6"


def test_threads_that_only_one_side_knows() -> None:
    made = code()
    gs = Gs(made)
    gs.machine(procid=TID)
    gs.machine(procid=0)  # waits for a thread of C
    goroutines = gs.finish()
    made.world.target.thread_list = [Thread(TID + 1)]
    assert [(each.tid, each.doing, each.thread is None) for each in os_threads(goroutines)] == [
        (TID, "scheduler", True),
        (TID + 1, "c", False),
    ]


def stacks_of(made: Code, thread: Thread, **m: int) -> list[tuple[str, list[str], str]]:
    """(which, functions, why it ends) of the system stacks of one thread."""
    gs = Gs(made)
    gs.machine(procid=TID, **m)
    goroutines = gs.finish()
    made.world.target.thread_list = [thread]
    return [(each.which, [call.function for call in each.calls], each.stops) for each in system_stacks(goroutines)]


def test_system_stacks() -> None:
    made = code()
    gs = Gs(made)
    pc, sp, low, high = Stacks(made).push("runtime.findRunnable", "runtime.mcall", "main.f")
    g0 = gs.add(0, (pc, sp, low, high))
    running = Thread(TID, {"rip": pc, "rsp": sp})
    names = ["runtime.findRunnable", "runtime.mcall"]
    assert stacks_of(made, running, g0=g0) == [("g0", names, "")]
    elsewhere = Thread(TID, {"rip": 0x10, "rsp": 0x10})
    assert stacks_of(made, elsewhere, g0=g0) == [("g0", names, "")]  # where it left it
    bare = gs.add(0, (0, 0, low, high))
    assert stacks_of(made, evolve(elsewhere, registers={}), g0=bare) == [("g0", [], "needs the thread's registers")]
    assert stacks_of(made, elsewhere, g0=bare) == [("g0", [], "it is in code that is not Go's")]


def test_a_signal_handlers_stack_and_what_it_interrupted() -> None:
    made = code()
    gs, stacks = Gs(made), Stacks(made)
    pc, sp, low, high = stacks.push("runtime.findRunnable", "runtime.mcall", "main.f")
    handler = stacks.push("runtime.gopark", "runtime.sigtramp")
    context = handler[1] + 24 + 8 + 40 + 8
    made.world.write(context + 160, struct.pack("<2Q", sp, pc))
    g0, signal = gs.add(0, (0, 0, low, high)), gs.add(0, handler)
    found = stacks_of(made, Thread(TID, {"rip": handler[0], "rsp": handler[1]}), g0=g0, gsignal=signal)
    assert found == [
        ("gsignal", ["runtime.gopark", "runtime.sigtramp"], ""),
        ("g0", ["runtime.findRunnable", "runtime.mcall"], ""),
    ]


@settings(max_examples=60)
@given(st.lists(WORDS, max_size=40), st.lists(WORDS, min_size=10, max_size=10))
def test_no_thread_raises_or_hangs(content: list[int], fields: list[int]) -> None:
    made = code()
    made.world.words(HEAP, *content)
    gs = Gs(made)
    names = ("g0", "gsignal", "curg", "p", "lockedg", "mstartfn", "vdsoSP")
    gs.machine(procid=TID, **dict(zip(names, fields, strict=False)))
    goroutines = gs.finish()
    made.world.target.thread_list = [Thread(TID, dict(zip(("rip", "rsp", "orig_rax"), fields[7:], strict=True)))]
    assert [each.tid for each in os_threads(goroutines)] == [TID]
    assert all(each.thread.tid == TID for each in system_stacks(goroutines))
