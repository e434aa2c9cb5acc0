"""Every byte counts, and where it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from gdbext.target.fingerprint import BLOCK, fingerprint
from gdbext.target.image import Image

SIZE = 2 * BLOCK + 77


def made(parts: list[tuple[int, NDArray[np.uint8]]]) -> str:
    return fingerprint(Image.of_arrays(parts))


@pytest.fixture(scope="module")
def data() -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, SIZE, dtype=np.uint8)


def test_the_same_bytes_elsewhere_in_our_memory_are_the_same(data: NDArray[np.uint8]) -> None:
    assert made([(4096, data)]) == made([(4096, data.copy())])


@settings(max_examples=60, deadline=None)
@given(places=st.sets(st.integers(0, SIZE - 1), min_size=1, max_size=3), bit=st.integers(0, 7))
def test_bits_that_changed_are_seen(data: NDArray[np.uint8], places: set[int], bit: int) -> None:
    other = data.copy()
    other[list(places)] ^= 1 << bit
    assert made([(4096, other)]) != made([(4096, data)])


@settings(max_examples=40, deadline=None)
@given(places=st.lists(st.integers(0, SIZE // 8 - 1), min_size=2, max_size=2, unique=True))
def test_words_that_changed_places_are_seen(data: NDArray[np.uint8], places: list[int]) -> None:
    other = data.copy()
    words = other[: SIZE // 8 * 8].view(np.uint64)
    words[places] = words[places[::-1]]
    assert made([(4096, other)]) != made([(4096, data)])


def test_where_memory_lies_counts(data: NDArray[np.uint8]) -> None:
    found = {made([(at, data)]) for at in (0, 4096, 8192)}
    assert len(found | {made([(4096, data[:-1])]), made([(4096, data[:BLOCK]), (4096 + SIZE, data[BLOCK:])])}) == 5


def test_nothing_has_a_digest_too() -> None:
    assert made([]) != made([(4096, np.zeros(1, np.uint8))])
