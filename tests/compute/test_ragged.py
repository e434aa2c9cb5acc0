"""Numbers within rows of unlike length."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from gdbext.compute.ragged import within


@given(st.lists(st.integers(0, 9)))
def test_each_row_begins_with_0(counts: list[int]) -> None:
    found = within(np.array(counts, np.int64))
    assert found.tolist() == [number for count in counts for number in range(count)]
    assert found.dtype == np.int64
