"""Lists of g's and m's and the runtime's words for waiting, whole and broken (runtime/runtime2.go)."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.golang.runtime import runtime2
from gdbext.golang.runtime.runtime2 import all_gs, machines, read_gs, wait_reasons
from tests.golang.madecode import Code, Gs
from tests.synthetic import World


@pytest.fixture
def gs() -> Gs:
    return Gs(Code(World()))


def test_reading_in_pieces_is_reading_at_once(gs: Gs, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = np.array([gs.add(goid) for goid in range(1, 8)] + [0x10], np.uint64)
    program = gs.finish().program
    whole, readable = read_gs(program, addresses)
    monkeypatch.setattr(runtime2, "CHUNK", 3)
    pieces, _ = read_gs(program, addresses)
    assert whole.tolist() == pieces.tolist() and whole["goid"].tolist() == [1, 2, 3, 4, 5, 6, 7, 0]
    assert readable.tolist() == [True] * 7 + [False]


def test_each_g_once_in_order(gs: Gs) -> None:
    first, second = gs.add(1), gs.add(2)
    gs.g = [second, 0, first, second]
    assert all_gs(gs.finish().program).tolist() == [second, first]


def test_threads_are_linked(gs: Gs) -> None:
    stack = gs.add(1, (0, 0, 0x100, 0x200))
    first = gs.machine(id=0, procid=7, g0=stack)
    second = gs.machine(id=1, procid=8)
    found = machines(gs.finish().program)
    assert [(m.address, m.id, m.procid, m.g0_stack) for m in found] == [
        (second, 1, 8, (0, 0)),
        (first, 0, 7, (0x100, 0x200)),
    ]


def test_what_is_no_thread_id_is_none(gs: Gs) -> None:
    gs.machine(procid=(1 << 63) + 7)
    gs.machine(procid=(1 << 31) - 1)
    assert [machine.procid for machine in machines(gs.finish().program)] == [(1 << 31) - 1, 0]


@pytest.mark.parametrize("broken", [0x10, None])
def test_a_broken_list_of_threads_ends(gs: Gs, broken: int | None) -> None:
    first = gs.machine(id=0)
    second = gs.machine(id=1)
    gs.code.world.put("runtime.m", first, alllink=second if broken is None else broken)
    assert [m.id for m in machines(gs.finish().program)] == [1, 0]


def test_wait_reasons_are_the_runtimes_words(gs: Gs) -> None:
    program = gs.finish().program
    assert wait_reasons(program, [0, 2, 3]) == {0: "", 2: "chan receive", 3: "select"}


@pytest.mark.parametrize("header", [(0x10, 5), (0x50_0000, 1 << 40), (0x50_0000, 4)])
def test_what_is_no_reason(gs: Gs, header: tuple[int, int]) -> None:
    """Unreadable, too long, no text."""
    program = gs.finish().program
    gs.code.world.words(gs.code.world.symbols["runtime.waitReasonStrings"] + 32, *header)
    assert wait_reasons(program, [2]) == {2: "unknown wait reason 2"}
