"""What contexts retain together: none of it is counted twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from gdbext.analysis.leaks.retained import ELSEWHERE, UNREACHED, Retained


def made(sizes: list[int], above: list[int]) -> Retained:
    return Retained(np.array(sizes, np.int64), np.array(above, np.int32))


def test_what_others_retain_counts_once() -> None:
    found = made([100, 60, 20, 7], [-1, 0, 1, -1])
    assert found.together(np.array([1, 2, 3])) == 67
    assert found.together(np.array([3, 0, 2])) == 107
    assert found.together(np.array([2])) == 20


def test_what_is_not_known_does_not_count() -> None:
    found = made([ELSEWHERE, 5, UNREACHED], [-1, -1, -1])
    assert found.together(np.array([0, 1, 2])) == 5
    assert found.together(np.array([0])) == 0


@given(st.data())
def test_those_that_no_other_one_retains(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 30))
    above = [data.draw(st.integers(-1, one - 1)) for one in range(count)]
    sizes = data.draw(st.lists(st.integers(-2, 1000), min_size=count, max_size=count))
    members = data.draw(st.lists(st.integers(0, count - 1), unique=True, min_size=1))

    def outer(one: int) -> bool:
        while (one := above[one]) >= 0:
            if one in members:
                return False
        return True

    expected = sum(max(sizes[one], 0) for one in members if outer(one))
    assert made(sizes, above).together(np.array(members)) == expected
