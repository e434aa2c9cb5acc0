"""Slices and strings on made stacks: whose first word a word is, where the length lies, when nobody knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attrs import frozen

from gdbext.analysis.goroutines.frameranges import FrameRanges
from gdbext.analysis.memory.stackslices import stacked
from gdbext.binary.dwarf.locations import Piece
from gdbext.binary.dwarf.variables import Variable
from gdbext.errors import InconsistentRuntime
from gdbext.golang.types.printed.form import Form
from gdbext.golang.types.rtype import INT, POINTER, SLICE, STRING
from tests.synthetic import DATA, World

BASE = DATA + 0x10000
INNER, OUTER = 0x500, 0x600
FORMS = {
    "string": Form("string", STRING, 16),
    "[]int": Form("[]int", SLICE, 24),
    "*int": Form("*int", POINTER, 8),
}


class Forms:
    """Without structures: what lies at an offset is the value itself."""

    def linked(self, name: str) -> Form | None:
        if name == "broken":
            raise InconsistentRuntime("broken")
        return FORMS.get(name)

    def leaf(self, form: Form, offset: int) -> tuple[Form, int]:
        return form, offset

    def elem(self, _: Form) -> Form:
        return Form("int", INT, 8)

    def path(self, _: Form, offset: int) -> str:
        return ""


@frozen
class Names:
    """Of two frames: the inner one's variables and the outer one's."""

    inner: list[Variable]
    outer: list[Variable]
    forms: Forms

    def in_scope(self, pc: int) -> list[Variable]:
        return {INNER: self.inner, OUTER: self.outer}[pc]


def variable(name: str, type_name: str, *pieces: Piece) -> Variable:
    return Variable(name, type_name, sum(one.size for one in pieces), False, False, "main.f", pieces)


def at(*offsets: int) -> list[Piece]:
    return [Piece("cfa", one, 8) for one in offsets]


def asked(where: int, inner: list[Variable], outer: list[Variable]) -> list[Any] | None:
    """Frames [BASE, BASE + 64) and [BASE + 64, BASE + 128); each word there is its offset from BASE."""
    world = World()
    world.words(BASE, *range(0, 128, 8))
    ends = np.array([BASE, BASE + 64, BASE + 128], np.uint64)
    frames = FrameRanges(ends[:2], ends[1:], np.zeros(2, np.int64), np.zeros(2, np.int64), np.array([INNER, OUTER]))
    names: Any = Names(inner, outer, Forms())
    found = stacked(world.program, frames, names, np.array([BASE + where], np.uint64))
    if found.spot[0] < 0:
        return None
    return [int(one[0]) for one in (found.size, found.length, found.capacity)] + [found.names[int(found.spot[0])]]


NAME = ("stack of main.f", "mine")
TEXT, NUMBERS = variable("mine", "string", *at(-48, -16)), variable("mine", "[]int", *at(-48, -40, -8))


def test_a_string_and_a_slice() -> None:
    assert asked(16, [TEXT], []) == [1, 48, 48, NAME]
    assert asked(80, [], [NUMBERS]) == [8, 88, 120, NAME]


def test_an_argument_lies_in_the_callers_frame() -> None:
    assert asked(72, [variable("mine", "[]int", *at(8, 16, 24))], []) == [8, 80, 88, NAME]


def test_a_length_that_is_a_constant() -> None:
    assert asked(16, [variable("mine", "string", *at(-48), Piece("value", 3, 8))], []) == [1, 3, 3, NAME]


def test_nobody_knows_the_capacity() -> None:
    found = asked(16, [variable("mine", "[]int", *at(-48, -16), Piece("missing", 0, 8))], [])
    assert found is not None and found[1] == 48 and found[2] > 1 << 60


@pytest.mark.parametrize(
    "inner",
    [
        [],
        [variable("mine", "string", *at(-48), Piece("register", 3, 8))],
        [variable("mine", "*int", *at(-48))],
        [variable("mine", "broken", *at(-48, -40))],
        [variable("mine", "unheard of", *at(-48, -40))],
        [variable("mine", "string", *at(-56, -48))],
        [variable("mine", "[]int", Piece("cfa", -48, 24))],
        [TEXT, variable("other", "*int", *at(-48))],
        [TEXT, NUMBERS],
    ],
)
def test_where_it_may_be_a_plain_pointer(inner: list[Variable]) -> None:
    assert asked(16, inner, []) is None


def test_a_part_that_the_compiler_names_is_no_other_variable() -> None:
    assert asked(16, [variable("mine.ptr", "*int", *at(-48)), TEXT], []) == [1, 48, 48, NAME]


def test_outside_of_all_frames() -> None:
    assert asked(200, [TEXT], [TEXT]) is None
