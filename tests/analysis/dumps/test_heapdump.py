"""Slots, spans and counts of made dumps; that of a program: tests/commands/test_diff_on_samples.py."""

from __future__ import annotations

import numpy as np

from gdbext.analysis.dumps.heapdump import kept_columns
from gdbext.analysis.heap.histogram import DEAD, LIVE, Count
from gdbext.analysis.heap.kernels import objects as kernels
from tests.analysis.dumps.madedumps import HEAP, PAGE, TYPES, UNTYPED, Span, dead, dump, live

ORDER = live(TYPES[0])
MADE = dump(Span(48, [ORDER, 0, dead("main.item")]), Span(8, [], page=1), Span(64, [UNTYPED], noscan=True, page=2))


def addresses(*given: int) -> list[int]:
    found: list[int] = MADE.ids(np.array(given, np.uint64)).tolist()
    return found


def test_slots_by_address() -> None:
    """Anywhere in them; not between spans, not before the first, not behind the last."""
    assert addresses(HEAP, HEAP + 47, HEAP + 48, HEAP + 2 * PAGE + 63) == [0, 0, 1, 3]
    assert addresses(0, HEAP - 1, HEAP + 144, HEAP + PAGE, HEAP + 2 * PAGE + 64, 2**64 - 1) == [-1] * 6
    assert dump().ids(np.array([HEAP], np.uint64)).tolist() == [-1]


def test_where_slots_and_objects_begin() -> None:
    ids = np.array([0, 2, 3])
    assert MADE.slots(ids).tolist() == MADE.addresses(ids).tolist() == [HEAP, HEAP + 96, HEAP + 2 * PAGE]
    headed = dump(Span(1024, [ORDER, ORDER]))
    headed.spans[0, kernels.FLAGS] |= kernels.HEADED
    assert headed.addresses(np.array([1])).tolist() == [HEAP + 1024 + 8]


def test_what_is_counted_where() -> None:
    assert MADE.total(LIVE) == Count(2, 112) and MADE.total(DEAD) == Count(1, 48)
    assert MADE.alive(np.array([0, 1, 2, 3])).tolist() == [True, False, False, True]
    ids = np.array([0, 2, 3])
    where = MADE.counted_as(ids)
    assert [int(MADE.counts[at, which]) for at, which in zip(where.tolist(), (LIVE, DEAD, LIVE), strict=True)] == [
        1
    ] * 3


def test_nothing_of_our_own_memory_is_kept() -> None:
    spans = np.arange(16, dtype=np.uint64).reshape(2, 8) + np.uint64(1 << 40)
    spans[:, kernels.FLAGS] |= np.uint64(7 << 32)
    kept = kept_columns(spans)
    assert not kept[:, [kernels.DIVIDE, kernels.HOST, kernels.BITS]].any() and (kept[:, kernels.FLAGS] < 1 << 16).all()
