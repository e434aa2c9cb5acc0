"""Families of proved contexts: which one ends them, which is the highest."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from gdbext.analysis.contexts import forests
from gdbext.analysis.leaks.verdicts import MANY, NOBODY, families


def asked(above: list[int], proved: list[bool]) -> tuple[list[int], list[int]]:
    parents = np.array(above, np.int32)
    survivor, top = families(parents, forests.top_down(parents), np.array(proved, np.bool_))
    return survivor.tolist(), top.tolist()


def test_a_chain() -> None:
    survivor, top = asked([-1, 0, 1, 2], [False, True, True, True])
    assert survivor == [NOBODY, 0, 0, 0]
    assert top == [0, 1, 1, 1]


def test_what_is_held_in_between_ends_what_is_below_it() -> None:
    survivor, top = asked([-1, 0, 1, 2], [False, True, False, True])
    assert survivor == [NOBODY, 0, NOBODY, 2]
    assert top == [0, 1, 2, 3]


def test_nobody_ends_them() -> None:
    survivor, top = asked([-1, 0], [True, True])
    assert survivor == [NOBODY, NOBODY]
    assert top == [0, 0]


def test_a_context_that_many_are_registered_with_is_no_part_of_a_family() -> None:
    above = [-1, *[0] * MANY, *[1] * (MANY - 1)]
    _, top = asked(above, [True] * len(above))
    assert top == [0, *range(1, MANY + 1), *[1] * (MANY - 1)]


def slowly(above: list[int], proved: list[bool], one: int) -> int:
    if not proved[one]:
        return NOBODY
    while one >= 0 and proved[one]:
        one = above[one]
    return one


@given(st.data())
def test_the_first_one_above_that_is_not_proved(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    above = [data.draw(st.integers(-1, one - 1)) for one in range(count)]
    proved = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    survivor, top = asked(above, proved)
    assert survivor == [slowly(above, proved, one) for one in range(count)]
    for one in range(count):
        assert proved[top[one]] or top[one] == one
