"""What goroutines remember of their ancestors (runtime/traceback.go, printAncestorTraceback), on made records."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.analysis.goroutines.rememberedancestors import INNER, Ancestors
from tests.golang.madecode import WRAPPER, Code, Function, Gs, Inlined
from tests.golang.runtime.test_ancestors import remember
from tests.synthetic import World

WORDS = st.integers(0, 2**64 - 1) | st.integers(0, 8)


@pytest.fixture
def code() -> Code:
    inlined = [Inlined("main.inner", 0x08, 0x40, 0x60)]
    return Code(
        World(),
        Function("main.make", line=30),
        Function("main.f", line=7, inlined=inlined),
        Function("main.wrapper", func_id=WRAPPER),
    )


def ancestors(code: Code, *made: tuple[int, int, list[int]], full: bool = False) -> Ancestors:
    gs = Gs(code)
    gs.add(9, ancestors=remember(code, *made))
    gs.add(10)
    gs.add(11, ancestors=0x18)
    return Ancestors(gs.finish(), full)


def test_shown_calls_and_creators(code: Code) -> None:
    """The code at the pc itself counts: at 0x40 the inlined call is over."""
    pcs = [code.pc(name) for name in ("runtime.gopark", "main.wrapper", "main.f")]
    own = code.pc("runtime.gopark")
    made = [(5, code.pc("main.make"), [*pcs, code.pc("main.f", 0x40), 0x1234]), (3, own, []), (1, own, [])]
    found = ancestors(code, *made).of(0)
    assert found is not None
    shown = [(each.location.function, each.location.line, each.offset) for each in found[0].calls]
    assert shown == [("main.inner", 100, 0x10), ("main.f", 7, 0x40)]
    assert found[0].created is not None and found[0].created.location.function == "main.make"
    assert [(each.goid, each.calls, each.is_cut, each.created) for each in found[1:]] == [
        (3, (), False, None),
        (1, (), False, None),
    ]


def test_all_calls(code: Code) -> None:
    pcs = [code.pc(name) for name in ("runtime.gopark", "main.wrapper", "main.f")]
    (found,) = ancestors(code, (5, 0, pcs), full=True).of(0) or ()
    assert [each.location.function for each in found.calls] == ["runtime.gopark", "main.wrapper", "main.inner"]


def test_a_full_memory_was_cut(code: Code) -> None:
    pc = code.pc("main.make")
    (full,) = ancestors(code, (5, 0, [pc] * INNER)).of(0) or ()
    (other,) = ancestors(code, (5, 0, [pc] * (INNER - 1))).of(0) or ()
    assert (full.is_cut, len(full.calls), other.is_cut) == (True, INNER, False)


def test_nothing_remembered_and_unreadable(code: Code) -> None:
    found = ancestors(code, (5, 0, []))
    assert found.of(1) == [] and found.of(2) is None


@settings(max_examples=40)
@given(st.lists(WORDS, max_size=8))
def test_no_record_raises_or_hangs(garbage: list[int]) -> None:
    code = Code(World(), Function("main.f"))
    gs, place = Gs(code), code.world.off_heap.take(64)
    code.world.words(place, *garbage)
    gs.add(9, ancestors=place)
    found = Ancestors(gs.finish()).of(0)
    assert found is None or all(each.is_cut in (True, False) for each in found)
