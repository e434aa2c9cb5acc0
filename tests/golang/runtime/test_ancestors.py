"""Origins of goroutines (runtime/runtime2.go, ancestorInfo), on made records."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.analysis.goroutines.ancestry import FORGOTTEN, KEPT, SAVED, ancestry
from gdbext.golang.runtime.ancestors import origin, origins
from tests.golang.madecode import Code, Function, Gs, Inlined
from tests.synthetic import World

DEAD, ALIVE = 6, 4
WORDS = st.integers(0, 2**64 - 1) | st.integers(0, 8)


@pytest.fixture
def code() -> Code:
    inlined = [Inlined("main.inner", 0x08, 0x40, 0x60)]
    return Code(World(), Function("main.make", line=30), Function("main.f", line=7, inlined=inlined))


def remember(code: Code, *ancestors: tuple[int, int, list[int]]) -> int:
    """The address of a slice of ancestorInfo: (goid, gopc, pcs) each."""
    world = code.world
    size = world.binary.layout("runtime.ancestorInfo").size
    array = world.off_heap.take(size * len(ancestors))
    for number, (goid, gopc, pcs) in enumerate(ancestors):
        stack = world.off_heap.take(8 * max(len(pcs), 1))
        world.words(stack, *pcs)
        world.words(array + number * size, stack, len(pcs), len(pcs), goid, gopc)
    header = world.off_heap.take(24)
    world.words(header, array, len(ancestors), len(ancestors))
    return header


def test_a_living_record_comes_before_one_that_ended(code: Code) -> None:
    gs = Gs(code)
    gs.add(7, atomicstatus=DEAD, parentGoid=1)
    gs.add(7, atomicstatus=0x1000 | ALIVE, parentGoid=2)
    gs.add(7, atomicstatus=DEAD, parentGoid=3)
    gs.finish()
    found = origin(code.world.program, origins(code.world.program)[7])
    assert (found.goid, found.parent, found.alive, found.saved) == (7, 2, True, ())


def test_the_chain_over_ended_and_remembered_ones(code: Code) -> None:
    gs, made = Gs(code), code.pc("main.make")
    saved = remember(code, (5, made, [code.pc("main.f"), 0x1234, code.pc("runtime.goexit")]), (3, made, []))
    gs.add(9, parentGoid=5, gopc=made, ancestors=saved, startpc=code.pc("main.f", 0))
    gs.add(3, atomicstatus=DEAD, parentGoid=2, gopc=made)
    goroutines = gs.finish()
    found = ancestry(goroutines, 9)
    assert [(each.goid, each.alive, each.known_by) for each in found] == [
        (9, True, "alive"),
        (5, False, SAVED),
        (3, False, KEPT),
        (2, False, FORGOTTEN),
    ]
    assert [(each.created.function, each.created.line) for each in found] == [*[("main.make", 30)] * 3, ("", 0)]
    assert found[0].start == "main.f" and [each.function for each in found[1].stack] == ["main.inner"]


def test_circles_and_main_end_a_chain(code: Code) -> None:
    gs = Gs(code)
    for goid, parent in ((4, 5), (5, 6), (6, 4), (8, 1), (1, 0)):
        gs.add(goid, parentGoid=parent)
    goroutines = gs.finish()
    assert [each.goid for each in ancestry(goroutines, 4)] == [4, 5, 6]
    assert [each.goid for each in ancestry(goroutines, 8)] == [8, 1]


@settings(max_examples=40)
@given(st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS), min_size=1, max_size=6), st.lists(WORDS, max_size=8))
def test_no_record_raises_or_hangs(records: list[tuple[int, int, int, int]], garbage: list[int]) -> None:
    code = Code(World(), Function("main.f"))
    gs, place = Gs(code), code.world.off_heap.take(64)
    code.world.words(place, *garbage)
    gs.add(9, parentGoid=records[0][0], ancestors=place)
    for goid, parent, gopc, ancestors in records:
        gs.add(goid, parentGoid=parent, gopc=gopc, ancestors=ancestors, atomicstatus=DEAD)
    goroutines = gs.finish()
    found = ancestry(goroutines, 9)
    assert found[0].goid == 9 and len({each.goid for each in found}) == len(found)
