"""Searches for words in made memory, and columns read from it, against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from gdbext.golang.reading import kernels
from tests.golang.scannedmemory import BASE, WORDS, Memory, memories, sorted_words, table

U64 = NDArray[np.uint64]


def ranges(drawn: list[tuple[int, int]]) -> tuple[U64, U64]:
    found = np.array([(BASE + 8 * min(pair), BASE + 8 * max(pair)) for pair in drawn], np.uint64).reshape(-1, 2)
    return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])


places = st.lists(st.tuples(st.integers(0, 64), st.integers(0, 64)), max_size=4)


@settings(max_examples=50)
@given(memories, places, st.integers(0, 40))
def test_scan_ranges(memory: Memory, drawn: list[tuple[int, int]], room: int) -> None:
    out = np.zeros((room, 4), np.uint64)
    count = kernels.scan_ranges(memory.image.memory, *ranges(drawn), sorted_words, table, out)
    expected = [
        [number, BASE + 8 * place, index, data]
        for number, pair in enumerate(drawn)
        for place, index, data in memory.pairs(min(pair), max(pair))
    ]
    assert count == len(expected) and out[: min(room, count)].tolist() == expected[:room]


@settings(max_examples=50)
@given(memories, places)
def test_scan_values(memory: Memory, drawn: list[tuple[int, int]]) -> None:
    out = np.zeros((300, 3), np.uint64)
    count = kernels.scan_values(memory.image.memory, *ranges(drawn), sorted_words, table, out)
    expected = [
        [number, BASE + 8 * i, WORDS.index(memory.words[i])]
        for number, pair in enumerate(drawn)
        for i in range(min(pair), max(pair))
        if memory.words[i] in WORDS
    ]
    assert out[:count].tolist() == expected


@settings(max_examples=50)
@given(memories, st.lists(st.integers(0, 80), max_size=8), st.lists(st.integers(0, 4), max_size=3))
def test_columns(memory: Memory, rows: list[int], offsets: list[int]) -> None:
    out = np.zeros((len(rows), len(offsets)), np.uint64)
    addresses, plus = np.array(rows, np.uint64) * 8 + BASE, np.array(offsets, np.uint64) * 8
    unreadable = kernels.columns(memory.image.memory, addresses.astype(np.uint64), plus, out)
    wanted = [[row + offset for offset in offsets] for row in rows]
    assert out.tolist() == [[memory.words[i] if i < 64 else 0 for i in row] for row in wanted]
    assert unreadable == sum(i >= 64 for row in wanted for i in row)
