"""Arguments as runtime.Stack prints them (runtime/traceback.go, printArgs), on made tables."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings, strategies as st

from gdbext.golang.runtime.printargs import LONGEST, arguments
from tests.golang.madecode import Code, Function
from tests.synthetic import HEAP, World

END, START, STOP, MORE, FAR = 0xFF, 0xFE, 0xFD, 0xFC, 0xFB


def text(listed: bytes, live: bytes | None = None, index: int = 0, argp: int = HEAP) -> str:
    """The arguments of a function that has these tables; the words at HEAP are 1, 2, 3, …"""
    funcdata = {5: listed, **({6: live} if live is not None else {})}
    code = Code(World(), Function("main.f", funcdata=funcdata, arg_live=index))
    code.world.words(HEAP, *range(1, 33))
    symtab = code.symtab()
    pc = code.pc("main.f")
    return arguments(symtab, symtab.function(pc), pc).text(code.world.target.memory, argp)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([END], ""),
        ([0, 8, END], "0x1"),
        ([0, 8, 8, 8, END], "0x1, 0x2"),
        ([START, 0, 8, 8, 8, STOP, 16, 8, END], "{0x1, 0x2}, 0x3"),
        ([START, STOP, END], "{}"),
        ([START, START, 0, 8, STOP, 8, 8, STOP, MORE, END], "{{0x1}, 0x2}, ..."),
        ([0, 8, FAR, START, FAR, STOP, END], "0x1, _, {_}"),
        ([0, 1, 8, 4, END], "0x1, 0x2"),
    ],
)
def test_shapes(listed: list[int], expected: str) -> None:
    assert text(bytes(listed)) == expected


def test_a_narrow_argument_is_its_own_bytes() -> None:
    code = Code(World(), Function("main.f", funcdata={5: bytes([0, 1, 0, 2, 0, 4, 0, 8, 4, 4, END])}))
    code.world.write(HEAP, struct.pack("<Q", 0x1122334455667788))
    symtab, pc = code.symtab(), code.pc("main.f")
    found = arguments(symtab, symtab.function(pc), pc).text(code.world.target.memory, HEAP)
    assert found == "0x88, 0x7788, 0x55667788, 0x1122334455667788, 0x11223344"


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (0, "0x1, 0x2, 0x3"),  # no liveness known here: no doubt either
        (1, "0x1, 0x2?, 0x3?"),
        (2, "0x1, 0x2, 0x3?"),
        (3, "0x1, 0x2?, 0x3"),
        (9, "0x1, 0x2, 0x3"),  # outside of the table
    ],
)
def test_words_that_were_not_stored(index: int, expected: str) -> None:
    """From offset 8 on words are in doubt; the slots count from there."""
    assert text(bytes([0, 8, 8, 8, 16, 8, END]), bytes([8, 0b00, 0b01, 0b10]) + bytes([255] * 8), index) == expected


def test_unreadable_words_and_functions_without_tables() -> None:
    assert text(bytes([0, 8, START, 8, 8, STOP, END]), argp=0x10) == "_, {_}"
    code = Code(World(), Function("main.f"))
    symtab, pc = code.symtab(), code.pc("main.f")
    assert arguments(symtab, symtab.function(pc), pc).text(code.world.target.memory, HEAP) == ""


@settings(max_examples=50)
@given(st.binary(max_size=300), st.binary(max_size=40), st.integers(0, 60))
def test_no_table_raises_or_hangs(listed: bytes, live: bytes, index: int) -> None:
    assert len(text(listed, live, index)) < 20 * LONGEST
