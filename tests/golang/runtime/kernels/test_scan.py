"""A scan of made heap objects against plain Python, at odd host addresses and across segments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings, strategies as st

from gdbext.compute.signatures import DTYPES, Record
from gdbext.golang.runtime.kernels import scan as kernels
from gdbext.golang.runtime.kernels.spans import Spans
from tests.golang.scannedmemory import BASE, WORDS, Memory, memories, sorted_words, table

KINDS = np.array([0, 1, 0, 2], np.uint8)
SIZES = np.array([16, 32, 64], np.uint64)
WANTED = kernels.Wanted(sorted_words, table, KINDS, SIZES)


def one_span(elemsize: int, nelems: int, noscan: bool = False, pages: Sequence[int] = ()) -> Spans:
    """A span from BASE on. Without ``pages`` it is found by a binary search."""
    none = Spans(*(np.zeros(1, DTYPES[one.scalar]) for one in Record.of(Spans).fields))
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
