"""Bytes of ranges against a count byte by byte."""

from __future__ import annotations

import numpy as np
import pytest

from gdbext.target.residency import MOST_PAGES, PAGE, Area, Residency, bounded

RNG = np.random.default_rng(7)


def made(pages: int, share: float, start: int) -> tuple[Area, np.ndarray]:
    mask = RNG.random(pages) < share
    return Area(start, start + pages * PAGE, rss=int(mask.sum()) * PAGE), mask


def ranges(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, np.uint64).reshape(-1, 2)


def test_any_range_is_what_its_bytes_are() -> None:
    areas = [made(7, 0.5, 4 * PAGE), made(3, 1, 11 * PAGE), made(5, 0, 20 * PAGE)]
    found = Residency.of([area for area, _ in areas], [mask for _, mask in areas], True, "")
    mapped, resident = np.zeros(30 * PAGE, bool), np.zeros(30 * PAGE, bool)
    for area, mask in areas:
        mapped[area.start : area.end] = True
        resident[area.start : area.end] = np.repeat(mask, PAGE)
    edges = np.sort(RNG.integers(0, 30 * PAGE, (500, 2)), axis=1).astype(np.uint64)
    assert found.mapped_in(edges).tolist() == [int(mapped[a:b].sum()) for a, b in edges.tolist()]
    assert found.resident_in(edges).tolist() == [int(resident[a:b].sum()) for a, b in edges.tolist()]
    assert (found.mapped, found.resident) == (mapped.sum(), resident.sum())


def test_unknown_pages_are_spread_evenly_and_add_up() -> None:
    area = Area(0, 10 * PAGE, rss=4 * PAGE)
    found = Residency.of([area], [None], True, "")
    halves = ranges((0, 5 * PAGE), (5 * PAGE, 10 * PAGE))
    assert found.resident_in(halves).tolist() == [2 * PAGE, 2 * PAGE]
    assert found.is_even(halves) and not found.is_even(ranges((20 * PAGE, 30 * PAGE)))


def test_pages_and_sum_of_two_moments_add_up_to_the_sum() -> None:
    mask = np.array([True, False, True, True])
    found = Residency.of([Area(0, 4 * PAGE, rss=2 * PAGE)], [mask], True, "")
    parts = found.resident_in(ranges((0, PAGE), (PAGE, 2 * PAGE), (2 * PAGE, 4 * PAGE)))
    assert parts.sum() == 2 * PAGE and parts[1] == 0 and found.is_even(ranges((0, PAGE)))


def test_nothing_is_mapped() -> None:
    found = Residency.of([], [], True, "")
    assert found.resident_in(ranges((0, 1 << 63))).tolist() == [0] == found.mapped_in(ranges((0, 1 << 63))).tolist()
    assert (found.mapped, found.resident) == (0, 0)


@pytest.mark.parametrize("end", [1 << 63, (1 << 64) - 1])
def test_the_end_of_all_addresses(end: int) -> None:
    found = Residency.of([Area(PAGE, 2 * PAGE, rss=PAGE)], [np.ones(1, bool)], True, "")
    assert found.resident_in(ranges((0, end))).tolist() == [PAGE]


def test_a_reservation_larger_than_memory_is_not_looked_at() -> None:
    huge, small = Area(0, MOST_PAGES * PAGE * 4, rss=PAGE), Area(1 << 60, (1 << 60) + PAGE, rss=PAGE)
    assert [fits for _, fits in bounded([huge, small])] == [False, True]
