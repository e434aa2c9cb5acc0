"""Scans of made memory against plain Python, at odd host addresses and across segments."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from gdbext.compute.signatures import DTYPES, Record
from gdbext.golang.reading import kernels as columnkernels, words
from gdbext.golang.runtime import kernels
from gdbext.target.image import Image

BASE = 0xC0_0000_0000
WORDS = (0x50_0000, 0x50_0040, 0x50_1000, 0x7F00_0000_0100)
KINDS = np.array([0, 1, 0, 2], np.uint8)
SIZES = np.array([16, 32, 64], np.uint64)
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
    count = columnkernels.scan_ranges(memory.image.memory, *ranges(drawn), sorted_words, table, out)
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
    count = columnkernels.scan_values(memory.image.memory, *ranges(drawn), sorted_words, table, out)
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
    unreadable = columnkernels.columns(memory.image.memory, addresses.astype(np.uint64), plus, out)
    wanted = [[row + offset for offset in offsets] for row in rows]
    assert out.tolist() == [[memory.words[i] if i < 64 else 0 for i in row] for row in wanted]
    assert unreadable == sum(i >= 64 for row in wanted for i in row)


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


WANTED = kernels.Wanted(sorted_words, table, KINDS, SIZES)


def one_span(elemsize: int, nelems: int, noscan: bool = False, pages: Sequence[int] = ()) -> kernels.Spans:
    """A span from BASE on. Without ``pages`` it is found by a binary search."""
    none = kernels.Spans(*(np.zeros(1, DTYPES[one.scalar]) for one in Record.of(kernels.Spans).fields))
    return none._replace(
        base=np.array([BASE], np.uint64),
        limit=np.array([BASE + elemsize * nelems], np.uint64),
        elemsize=np.array([elemsize], np.uint64),
        nelems=np.array([nelems]),
        noscan=np.array([noscan]),
        pages=np.array(pages, np.int32),
    )


def scan(memory: Memory, taken: Sequence[bool], elem: int, noscan: bool) -> tuple[list[int], set[tuple[int, int]], int]:
    """(marks, other, pairs) of one span of objects of ``elem`` words over all of the memory."""
    n = 64 // elem
    allocated, marks = np.packbits([*taken[:n], *[False] * 16], bitorder="little"), np.zeros(n, np.uint8)
    other, spans = np.zeros((257, 2), np.uint64), one_span(8 * elem, n, noscan, pages=[0])
    pairs, unreadable, lost = kernels.scan_heap(
        memory.image.memory, spans, allocated, marks.ctypes.data, WANTED, other, 0, 1
    )
    assert (unreadable, lost) == (0, 0)
    return marks.tolist(), {(int(k), int(d)) for k, d in other[:-1].tolist() if d}, int(pairs)


def model(memory: Memory, taken: Sequence[bool], elem: int) -> tuple[list[int], set[tuple[int, int]], int]:
    n = 64 // elem
    marks, other, count = [0] * n, set(), 0
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
                    marks[at // (8 * elem)] = max(marks[at // (8 * elem)], 1 + kind)
    return marks, other, count


@settings(max_examples=80)
@given(memories, st.lists(st.booleans(), min_size=32, max_size=32), st.sampled_from([2, 4, 6, 8, 64]))
def test_scan_heap(memory: Memory, taken: list[bool], elem: int) -> None:
    """Objects may lie across segments; SIZES grow with their numbers, so the larger type is the larger number."""
    assert scan(memory, taken, elem, noscan=False) == model(memory, taken, elem)
    assert scan(memory, taken, elem, noscan=True) == ([0] * (64 // elem), set(), 0)


def test_unreadable_objects_are_counted() -> None:
    memory = Memory([0] * 8)
    other, marks, spans = np.zeros((9, 2), np.uint64), np.zeros(4, np.uint8), one_span(32, 4)
    result = kernels.scan_heap(
        memory.image.memory, spans, np.array([0xF, 0], np.uint8), marks.ctypes.data, WANTED, other, 0, 1
    )
    assert tuple(result) == (0, 64, 0)


def test_references_without_room_are_counted() -> None:
    made = [w for i in range(8) for w in (WORDS[0], 0x1000 + 8 * i)]
    memory = Memory(made)
    other, marks, spans = np.zeros((9, 2), np.uint64), np.zeros(1, np.uint8), one_span(128, 1)
    result = kernels.scan_heap(
        memory.image.memory, spans, np.array([1, 0], np.uint8), marks.ctypes.data, WANTED, other, 0, 1
    )
    assert tuple(result) == (8, 0, 4)
