"""Where numbers are among others: for few and for many, one by one and at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gdbext.golang.reading import words


@pytest.mark.parametrize("few", [0, words.FEW])
@given(st.sets(st.integers(0, (1 << 64) - 1), max_size=20), st.lists(st.integers(0, (1 << 64) - 1), max_size=20))
@settings(max_examples=50)
def test_index_in(few: int, values: set[int], strays: list[int]) -> None:
    ordered = sorted(values)
    known, wanted = np.array(ordered, np.uint64), [*ordered, *strays, *reversed(ordered)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "FEW", few)
        found = words.index_in(known, np.array(wanted, np.uint64))
    assert found.tolist() == [ordered.index(one) if one in values else -1 for one in wanted]
    assert found.tolist() == [words.index_of(known, one) for one in wanted]
