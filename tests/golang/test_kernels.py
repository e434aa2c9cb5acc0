"""Scans of made memory against plain Python, at odd host addresses and across segments."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from gdbext.golang import columnkernels, kernels, words
from gdbext.target.image import Image

BASE = 0xC0_0000_0000
WORDS = (0x50_0000, 0x50_0040, 0x50_1000, 0x7F00_0000_0100)
KINDS = np.array([0, 1, 0, 2], np.uint8)
SIZES = np.array([16, 32, 64], np.uint64)
NO_PAGES = np.zeros(0, np.int32)
"""Then spans are found by a binary search."""
U64 = NDArray[np.uint64]


class Memory:
    """Words from BASE on, cut into segments of their own arrays, each ``shift`` bytes off."""

    def __init__(self, words: Sequence[int], cuts: Sequence[int] = (), shift: int = 0) -> None:
        self.words, rows, self.owners = words, [], []
        bounds = [0, *sorted({cut for cut in cuts if 0 < cut < len(words)}), len(words)]
        for begin, end in pairwise(bounds):
            raw = bytes(shift) + struct.pack(f"<{end - begin}Q", *words[begin:end])
            whole = np.frombuffer(raw, np.uint8).copy()
            self.owners.append(whole)
            rows.append((BASE + 8 * begin, BASE + 8 * end, whole.ctypes.data + shift))
        self.image = Image(rows, self.owners)

    @property
    def arrays(self) -> tuple[U64, U64, U64]:
        return self.image.starts, self.image.ends, self.image.hosts

    def pairs(self, begin: int, end: int) -> list[tuple[int, int, int]]:
        """(place, index in WORDS, data) of every pair that lies in the words [begin, end)."""
        inside = range(begin, end - 1)
        return [(i, WORDS.index(self.words[i]), self.words[i + 1]) for i in inside if self.words[i] in WORDS]


word = st.one_of(st.sampled_from(WORDS), st.integers(0, 60).map(lambda i: BASE + 8 * i), st.integers(0, (1 << 64) - 1))
memories = st.builds(
    Memory, st.lists(word, min_size=64, max_size=64), st.lists(st.integers(0, 64), max_size=4), st.integers(0, 7)
)
sorted_words = np.array(WORDS, np.uint64)
table = words.word_filter(sorted_words)


def ranges(drawn: list[tuple[int, int]]) -> tuple[U64, U64]:
    found = np.array([(BASE + 8 * min(pair), BASE + 8 * max(pair)) for pair in drawn], np.uint64).reshape(-1, 2)
    return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])


places = st.lists(st.tuples(st.integers(0, 64), st.integers(0, 64)), max_size=4)


@settings(max_examples=50)
@given(memories, places, st.integers(0, 40))
def test_scan_ranges(memory: Memory, drawn: list[tuple[int, int]], room: int) -> None:
    out = np.zeros((room, 4), np.uint64)
    count = kernels.scan_ranges(*memory.arrays, *ranges(drawn), sorted_words, table, out)
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
    count = kernels.scan_values(*memory.arrays, *ranges(drawn), sorted_words, table, out)
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
    unreadable = columnkernels.columns(*memory.arrays, addresses.astype(np.uint64), plus, out)
    wanted = [[row + offset for offset in offsets] for row in rows]
    assert out.tolist() == [[memory.words[i] if i < 64 else 0 for i in row] for row in wanted]
    assert unreadable == sum(i >= 64 for row in wanted for i in row)


@given(st.sets(st.integers(0, (1 << 64) - 1), max_size=20), st.lists(st.integers(0, (1 << 64) - 1), max_size=20))
@settings(max_examples=50)
def test_index_in(values: set[int], strays: list[int]) -> None:
    ordered = sorted(values)
    wanted = [*ordered, *strays, *reversed(ordered)]
    found = words.index_in(np.array(ordered, np.uint64), np.array(wanted, np.uint64))
    assert found.tolist() == [ordered.index(one) if one in values else -1 for one in wanted]


def scan(memory: Memory, taken: Sequence[bool], elem: int, noscan: bool) -> tuple[list[int], set[tuple[int, int]], int]:
    """(states, other, pairs) of one span of objects of ``elem`` words over all of the memory."""
    n = 64 // elem
    state, other = np.array(taken[:n], np.uint8), np.zeros((257, 2), np.uint64)
    one = {"base": BASE, "limit": BASE + 8 * elem * n, "elemsize": 8 * elem}
    base, limit, elemsize = (np.array([value], np.uint64) for value in one.values())
    pages = np.zeros(1, np.int32)
    pairs, unreadable, lost = kernels.scan_heap(
        *memory.arrays, pages, base, limit, elemsize, np.array([n]), np.array([0]), np.array([noscan]),
        np.zeros(1, np.uint64), state, state.ctypes.data, sorted_words, table, KINDS, SIZES, other, 0, 1,
    )  # fmt: skip
    assert (unreadable, lost) == (0, 0)
    return state.tolist(), {(int(k), int(d)) for k, d in other[:-1].tolist() if d}, int(pairs)


def model(memory: Memory, taken: Sequence[bool], elem: int) -> tuple[list[int], set[tuple[int, int]], int]:
    n = 64 // elem
    state, other, count = [int(t) for t in taken[:n]], set(), 0
    for slot in range(n):
        for _, index, data in memory.pairs(slot * elem, (slot + 1) * elem) if taken[slot] else ():
            kind, at = int(KINDS[index]), data - BASE
            count += 1
            if not 0 <= at < 8 * elem * n:
                other |= {(kind, data)} if data else set()
            elif taken[at // (8 * elem)]:
                if at % (8 * elem) or SIZES[kind] > 8 * elem:
                    other.add((kind, data))
                else:
                    state[at // (8 * elem)] = max(state[at // (8 * elem)], 2 + kind)
    return state, other, count


@settings(max_examples=80)
@given(memories, st.lists(st.booleans(), min_size=32, max_size=32), st.sampled_from([2, 4, 6, 8, 64]))
def test_scan_heap(memory: Memory, taken: list[bool], elem: int) -> None:
    """Objects may lie across segments; SIZES grow with their numbers, so the larger type is the larger number."""
    assert scan(memory, taken, elem, noscan=False) == model(memory, taken, elem)
    assert scan(memory, taken, elem, noscan=True) == ([int(t) for t in taken[: 64 // elem]], set(), 0)


def test_unreadable_objects_are_counted() -> None:
    memory = Memory([0] * 8)
    state, other = np.ones(4, np.uint8), np.zeros((9, 2), np.uint64)
    one = [np.array([value], np.uint64) for value in (BASE, BASE + 128, 32)]
    result = kernels.scan_heap(
        *memory.arrays, NO_PAGES, *one, np.array([4]), np.array([0]), np.array([False]), np.zeros(1, np.uint64), state,
        state.ctypes.data, sorted_words, table, KINDS, SIZES, other, 0, 1,
    )  # fmt: skip
    assert tuple(result) == (0, 64, 0)


def test_references_without_room_are_counted() -> None:
    made = [w for i in range(8) for w in (WORDS[0], 0x1000 + 8 * i)]
    memory = Memory(made)
    one = [np.array([value], np.uint64) for value in (BASE, BASE + 128, 128)]
    state, other = np.ones(1, np.uint8), np.zeros((9, 2), np.uint64)
    result = kernels.scan_heap(
        *memory.arrays, NO_PAGES, *one, np.array([1]), np.array([0]), np.array([False]), np.zeros(1, np.uint64), state,
        state.ctypes.data, sorted_words, table, KINDS, SIZES, other, 0, 1,
    )  # fmt: skip
    assert tuple(result) == (8, 0, 4)
