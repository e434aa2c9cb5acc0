"""Which calls are shown, what is the same, and what damaged stacks leave (stacks.py, stackprofile.py)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.analysis.goroutines.grouping import Overview
from gdbext.analysis.goroutines.stackprofile import samples
from gdbext.analysis.goroutines.stacks import Stacks, creators
from gdbext.views.stackprint import Printer, goroutine_object, group_lines, group_object
from tests.golang.madecode import GOPANIC, TEXT, WRAPPER, Code, Function, Gs, Inlined, Stacks as Made
from tests.synthetic import HEAP, World

FUNCTIONS = (
    Function("main.f", line=7, inlined=[Inlined("main.inner", 0x08, 0x40, 0x60)], funcdata={5: bytes([0, 8, 255])}),
    Function("main.g", line=20),
    Function("main.wrapper", func_id=WRAPPER),
    Function("runtime.main"),
    Function("runtime.bgsweep"),
)
WORDS = st.integers(0, 2**64 - 1) | st.integers(TEXT, TEXT + 0xF00) | st.integers(HEAP, HEAP + 0x1000)


def made() -> tuple[Code, Gs, Made]:
    code = Code(World(), *FUNCTIONS)
    return code, Gs(code), Made(code)


def whole(gs: Gs) -> Stacks:
    return Stacks(Overview(gs.finish(), whole=True))


def names(stacks: Stacks, goid: int, full: bool = False) -> list[str]:
    return [call.function for call in stacks.calls(stacks.goroutines.rows[goid], full)]


def test_shown_calls_and_all_of_them() -> None:
    _, gs, stack = made()
    gs.add(1, stack.push("runtime.gopark", "main.f", "runtime.gopanic", "main.wrapper", "main.g", "runtime.goexit"))
    gs.add(2, stack.push("runtime.gopark", "runtime.bgsweep", "runtime.goexit"))
    stacks = whole(gs)
    assert names(stacks, 1) == ["main.inner", "main.f", "panic", "main.wrapper", "main.g"]
    assert len(names(stacks, 1, full=True)) == 7 and GOPANIC
    assert names(stacks, 2) == names(stacks, 2, full=True) == ["runtime.gopark", "runtime.bgsweep", "runtime.goexit"]


def test_where_calls_lie() -> None:
    code, gs, stack = made()
    made_stack = stack.push("runtime.gopark", "main.f", "main.g", "runtime.goexit")
    code.world.words(made_stack[1] + 64, 0xABC)  # above main.f's frame
    gs.add(1, made_stack)
    stacks = whole(gs)
    inner, f, g = stacks.calls(0)
    assert (inner.offset, f.offset, g.offset) == (32, 32, 64) and (f.argp, g.argp) == (64, 96)
    assert (f.pc - f.entry, f.looked_up) == (0x10, f.pc - 1) and inner.location.inlined
    memory, sp = stacks.places.memory(0), int(stacks.goroutines.sp[0])
    assert [call.printed_arguments(memory, sp) for call in (inner, f, g)] == ["...", "0xabc", ""]


def test_the_runtimes_own_goroutines() -> None:
    code, gs, stack = made()
    idle = stack.push("runtime.gopark", "runtime.bgsweep", "runtime.goexit")
    user = stack.push("runtime.gopark", "main.g", "runtime.bgsweep", "runtime.goexit")
    for goid, (where, start) in enumerate(
        [(idle, "runtime.bgsweep"), (user, "runtime.bgsweep"), (idle, "runtime.main"), (idle, "main.g")], 1
    ):
        gs.add(goid, where, startpc=code.pc(start, 0))
    stacks = whole(gs)
    assert [stacks.is_system(row) for row in range(4)] == [True, False, False, False]
    assert sum(sample.count for sample in samples(stacks, np.arange(4))) == 3


def test_only_the_rows_asked_for_are_walked() -> None:
    _, gs, stack = made()
    for goid in (1, 2, 3):
        gs.add(goid, stack.push("main.f", "main.g", "runtime.goexit"))
    stacks = Stacks(Overview(gs.finish(), whole=True, only=np.array([1]), deepest=2))
    assert (stacks.places.nodes >= 0).tolist() == [False, True, False]
    assert names(stacks, 2) == ["main.inner", "main.f", "main.g"] and names(stacks, 1) == []


def test_creators_of_a_group() -> None:
    code, gs, stack = made()
    for goid, (maker, parent) in enumerate([("main.f", 1), ("main.g", 7), ("main.g", 8), ("main.g", 7)], 10):
        gs.add(goid, stack.push("main.f", "runtime.goexit"), gopc=code.pc(maker), parentGoid=parent)
    gs.add(20, stack.push("main.f", "runtime.goexit"))
    stacks = whole(gs)
    found = creators(stacks.overview, range(5))
    assert [(each.function, parents) for each, parents in found] == [("main.g", [7, 8]), ("main.f", [1])]
    lines = list(group_lines(stacks, stacks.fold(np.arange(5))[0], False))  # the line is of the inlined call there
    assert lines[-4:] == [
        "created by main.g in 2 goroutines",
        "\tmain.go:20",
        "created by main.f in goroutine 1",
        "\tmain.go:100",
    ]


@pytest.mark.parametrize("torn", [0x1234, 0, 2**64 - 1])
def test_a_torn_stack_shows_what_it_has(torn: int) -> None:
    _, gs, stack = made()
    gs.add(1, stack.push("runtime.gopark", "main.g", last=torn))
    stacks = whole(gs)
    assert "\n".join(Printer(stacks, False).pieces(0)).splitlines() == [
        *("goroutine 1 [chan receive]:", "main.g()", "\tmain.go:20 +0x10"),
        "\t(a return address outside of Go code)",
    ]


@settings(max_examples=80)
@given(st.lists(WORDS, max_size=64), st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS, WORDS), min_size=1, max_size=5))
def test_no_stack_raises_or_hangs(content: list[int], registers: list[tuple[int, ...]]) -> None:
    """Garbage in stacks, in saved registers, in bounds and origins."""
    code, gs, _ = made()
    code.world.words(HEAP, *content)
    for goid, (pc, sp, low, high, gopc) in enumerate(registers, 1):
        gs.add(goid, (pc, sp, low, high), gopc=gopc, startpc=gopc, labels=sp, waitsince=gopc >> 1)
    gs.add(99, (code.pc("main.f"), HEAP + 8, HEAP, HEAP + 0x1000))
    stacks = whole(gs)
    every = np.arange(len(stacks.goroutines))
    for row in every.tolist():
        for full in (False, True):
            lines = "\n".join(Printer(stacks, full).pieces(row)).splitlines()
            assert lines[0].startswith("goroutine ") and len(lines) < 10_000
            assert goroutine_object(stacks, row, full)["frames"] is not None
    groups = stacks.fold(every)
    assert sum(map(len, groups)) == len(every)
    assert all(list(group_lines(stacks, each, True)) and group_object(stacks, each, True) for each in groups)
    assert sum(sample.count for sample in samples(stacks, every)) <= len(every)
