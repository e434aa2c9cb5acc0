"""Pointer bits as numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from gdbext.golang.types.flat import masks
from gdbext.golang.types.flat.kernels import Described
from gdbext.golang.types.flat.rows import Row, appended
from tests.golang.types.flat.tables import nothing


@given(bits=st.integers(0, 255), more=st.integers(0, 9), times=st.integers(0, 300))
def test_repeated(bits: int, more: int, times: int) -> None:
    width = bits.bit_length() + more
    assert masks.repeated(bits, width, times) == sum(bits << width * i for i in range(times))


def made(*rows: Row) -> tuple[Described, object]:
    return appended(nothing(), rows)


@given(st.lists(st.integers(0, (1 << 300) - 1), max_size=5))
def test_what_was_appended_is_known(bits: list[int]) -> None:
    described, owner = made(*(Row(25, 8 * one.bit_length(), bits=one) for one in bits))
    assert [masks.known(described, row) for row in range(len(bits))] == bits
    assert owner is not None
    for row, one in enumerate(bits):
        assert int(described.mask[row]) == one & ((1 << 64) - 1)
        assert int(described.pointers[row]) == 8 * one.bit_length()


def test_pointers_without_a_mask_are_unknown() -> None:
    described, _ = made(Row(25, 8, bits=1), Row(2, 8))
    assert masks.known(described._replace(gcdata=np.zeros(2, np.uint64)), 0) is None
    assert masks.known(described._replace(gcdata=np.zeros(2, np.uint64)), 1) == 0
