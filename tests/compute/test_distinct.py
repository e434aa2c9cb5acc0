"""Against np.unique, which sorts the rows themselves."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from gdbext.compute.distinct import distinct, members

SMALL = st.integers(-3, 3)
ANY = st.integers(-(1 << 63), (1 << 63) - 1)


@given(st.integers(1, 5), st.data())
def test_as_unique_has_it(columns: int, data: st.DataObject) -> None:
    row = st.tuples(*[data.draw(st.sampled_from((SMALL, ANY))) for _ in range(columns)])
    rows = np.array(data.draw(st.lists(row, max_size=20)), np.int64).reshape(-1, columns)
    names, number = distinct(rows)
    expected, which = np.unique(rows, axis=0, return_inverse=True)
    assert names.tolist() == expected.tolist() and number.tolist() == which.reshape(-1).tolist()
    assert names[number].tolist() == rows.tolist()


def test_rows_of_nothing() -> None:
    names, number = distinct(np.zeros((3, 0), np.int64))
    assert len(names) == 1 and number.tolist() == [0, 0, 0]


@given(st.lists(st.integers(0, 4), max_size=20), st.integers(0, 2))
def test_where_each_number_stands(numbers: list[int], more: int) -> None:
    count = max(numbers, default=-1) + 1 + more
    found = members(np.array(numbers, np.int64), count)
    assert [each.tolist() for each in found] == [
        [place for place, one in enumerate(numbers) if one == number] for number in range(count)
    ]
