"""What parts of a heap have of each function's closures, joined, against the whole heap."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from gdbext.analysis.heap.closures import joined
from gdbext.analysis.heap.kernels.closures import COLUMNS, COUNT, SLOT_SIZE
from gdbext.compute.arrays import Rows

FUNCTIONS = 3
CLOSURES = st.lists(st.tuples(st.integers(0, FUNCTIONS - 1), st.sampled_from([16, 32]), st.integers(0, 1)))


def told(closures: list[tuple[int, int, int]]) -> Rows:
    """Of (function, slot's size, pointers) what is to be said: a size of 0 where not all are alike."""
    rows = np.zeros((FUNCTIONS, COLUMNS), np.uint64)
    for function in range(FUNCTIONS):
        mine = [(size, bits, 0) for of, size, bits in closures if of == function]
        if mine:
            rows[function] = len(mine), *(mine[0] if len(set(mine)) == 1 else (0, *mine[0][1:]))
    return rows


@given(CLOSURES, st.integers(0, 20), st.integers(0, 20))
def test_parts_say_what_the_whole_does(closures: list[tuple[int, int, int]], one: int, other: int) -> None:
    begin, end = sorted((one, other))
    found = joined([told(closures[:begin]), told(closures[begin:end]), told(closures[end:])])
    whole = told(closures)
    assert found[:, : SLOT_SIZE + 1].tolist() == whole[:, : SLOT_SIZE + 1].tolist()
    alike = whole[:, SLOT_SIZE] != 0
    assert found[alike].tolist() == whole[alike].tolist()
    assert int(found[:, COUNT].sum()) == len(closures)
