"""Counts of a type shared out among the stacks of those that were sampled: nothing is lost, nothing comes of it."""

from __future__ import annotations

from hypothesis import given, strategies as st

from gdbext.analysis.dumps.growthsites import Sampled
from gdbext.analysis.dumps.heapprofile import Share, _shared_out, shared_out
from gdbext.analysis.heap.histogram import Count, Entry
from gdbext.analysis.heap.retainedsets import RetainedSet
from tests.analysis.dumps.madedumps import site

ORDERS = RetainedSet(Entry("main.order", "main", 3, True, Count(10, 480)), Count(30, 1001))


def test_as_those_are_that_were_sampled() -> None:
    sites = [(site("main.a"), Sampled(2, Count(4, 96))), (site("main.b"), Sampled(1, Count(2, 192)))]
    found = list(_shared_out(ORDERS, sites))
    assert found == [
        Share(ORDERS.entry, site("main.a"), 7, 160, 334, 2, 10),
        Share(ORDERS.entry, site("main.b"), 3, 320, 667, 1, 10),
    ]


def test_of_what_was_not_sampled_nobody_knows_the_stack() -> None:
    assert list(_shared_out(ORDERS, [])) == [Share(ORDERS.entry, (), 10, 480, 1001, 0, 10)]


@given(st.integers(0, 1 << 70), st.lists(st.integers(0, 1 << 40), min_size=1, max_size=9))
def test_the_parts_add_up(whole: int, weights: list[int]) -> None:
    parts = shared_out(whole, weights)
    assert sum(parts) == whole and len(parts) == len(weights)
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        exact = (whole * weight, total) if total else (whole, len(weights))
        assert exact[0] // exact[1] <= part <= exact[0] // exact[1] + 1


def test_exact_parts_stay_as_they_are() -> None:
    assert shared_out(10, [4, 6]) == [4, 6] and shared_out(20, [4, 6]) == [8, 12] and shared_out(0, [1, 1]) == [0, 0]
