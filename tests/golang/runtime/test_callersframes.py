"""Frames of recorded stacks on a made pclntab."""

from __future__ import annotations

import pytest

from gdbext.errors import InconsistentRuntime
from gdbext.golang.runtime.callersframes import Frame, expanded, frame, name
from tests.golang.madecode import TEXT, WRAPPER, Code, Function, Inlined
from tests.synthetic import World

CALLS = (Inlined("main.inner[go.shape.int]", 0x20, 0x30, 0x30), Inlined("main.g", 0x30, 0x40, 0x45))


@pytest.fixture
def code() -> Code:
    return Code(World(), Function("main.f", line=7, inlined=CALLS), Function("main.h", line=9))


def test_a_pc_stands_for_its_innermost_call(code: Code) -> None:
    """By the name that the linker has, with the line where it begins."""
    symtab, entry = code.symtab(), code.pc("main.f", 0)
    assert frame(symtab, code.pc("main.f", 0x29)) == Frame(
        code.pc("main.f", 0x28), "main.inner[go.shape.int]", "main.go", 100, 100, entry, True
    )
    assert frame(symtab, code.pc("main.f", 0x50)) == Frame(code.pc("main.f", 0x4F), "main.f", "main.go", 7, 7, entry)
    assert frame(symtab, entry) == Frame(entry, "main.f", "main.go", 7, 7, entry)
    assert frame(symtab, 0x1234) is None


def test_a_name_is_of_the_very_address(code: Code) -> None:
    """Behind a call that is a function's last instruction the next one begins."""
    symtab = code.symtab()
    assert name(symtab, code.pc("main.f", 0x30)) == "main.g"
    assert name(symtab, code.pc("main.h", 0)) == "main.h" and name(symtab, TEXT - 1) == ""
    before = frame(symtab, code.pc("main.f", 0x30))
    assert before is not None and before.function == "main.inner[go.shape.int]"


def test_the_last_pc_has_the_calls_around_it(code: Code) -> None:
    symtab = code.symtab()
    last, around = code.pc("main.f", 0x29), [code.pc("main.f", at) for at in (0x29, 0x31, 0x46)]
    assert expanded(symtab, [code.pc("main.h"), last], ()) == [code.pc("main.h"), *around]
    assert expanded(symtab, [last, code.pc("main.h")], ()) == [last, code.pc("main.h")]
    assert expanded(symtab, [], ()) == [] and expanded(symtab, [0x1234], ()) == [0x1234]


def test_wrappers_are_left_out() -> None:
    code = Code(World(), Function("main.f", func_id=WRAPPER, inlined=CALLS))
    last = code.pc("main.f", 0x29)
    assert expanded(code.symtab(), [last], {WRAPPER}) == [last, code.pc("main.f", 0x31)]


def test_calls_without_an_end_are_refused() -> None:
    code = Code(World(), Function("main.f", inlined=(Inlined("main.g", 0x20, 0x30, 0x25),)))
    with pytest.raises(InconsistentRuntime, match="do not end"):
        expanded(code.symtab(), [code.pc("main.f", 0x29)], ())
