"""Packed addresses are the addresses."""

from __future__ import annotations

import base64

import numpy as np
from hypothesis import given, strategies as st

from gdbext.report.html.packed import LARGEST, packed


def unpacked(text: str) -> list[int]:
    found, last, number, shift = list[int](), 0, 0, 0
    for byte in base64.b64decode(text):
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            last += number
            found.append(last)
            number = shift = 0
    return found


@given(st.lists(st.integers(0, LARGEST - 1)))
def test_each_comes_back_once(addresses: list[int]) -> None:
    assert unpacked(packed(np.array(addresses, np.uint64))) == sorted(set(addresses))


def test_what_no_browser_can_count_is_left_out() -> None:
    assert unpacked(packed(np.array([LARGEST, 1 << 63, 0xC000, LARGEST - 1], np.uint64))) == [0xC000, LARGEST - 1]


def test_neighbours_take_little() -> None:
    assert len(packed(np.arange(500_000, dtype=np.uint64) * 96 + 0xC000000000)) < 700_000
